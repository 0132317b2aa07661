"""Moved flights: delays add up, connections break, bookings and quotes of every state follow."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from application.booking import letters
from application.booking.answer_disruption import AcceptDisruption, RefundDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.pricing.journeys import Priced
from application.pricing.signed_quotes import QuoteExpired
from application.processes import follow_flight_when_changed as process
from domain.booking import rejections
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import NewTimes
from domain.policies.operating_values import CONNECTING_TIMES, AirportTime
from tests.support.airline import create_booking, expire
from tests.support.memory_airline import MemoryAirline
from tests.support.policies import publish

MINUTE = dt.timedelta(minutes=1)


class Moved:
    """Flights that operations move or cancel; every booking on them is followed up at once."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.leaves = self.airline.clock() + dt.timedelta(days=10)
        self.first = self.airline.schedule("SV1", departs_at=self.leaves)

    def connecting(
        self, *, after_minutes: int = 120, route: tuple[str, str] = ("JED", "RUH")
    ) -> str:
        """A flight that leaves so long after the first has arrived."""
        departs_at = self.leaves + dt.timedelta(hours=2, minutes=after_minutes)
        return self.airline.schedule("SV2", departs_at=departs_at, route=route)

    def move(self, flight: str, *, departs: int, arrives: int | None = None) -> None:
        """Move departure and arrival by so many minutes."""
        known = self.airline.flight(flight)
        later = departs if arrives is None else arrives
        self.airline.submit(
            RescheduleFlight(
                flight,
                known.departs_at + departs * MINUTE,
                known.arrives_at + later * MINUTE,
                "fog",
            )
        )
        self.follow(flight)

    def cancel(self, flight: str) -> None:
        """Cancel the flight."""
        self.airline.submit(CancelFlight(flight, "no crew"))
        self.follow(flight)

    def follow(self, flight: str) -> None:
        """Follow the last event of the flight up for each booking."""
        history = self.airline.log.streams[flight]
        before = process.times_before(history, len(history))
        for booking in process.bookings(self.airline.flight(flight)):
            self.airline.submit(process.command(history[-1], booking, before=before))

    def asked(self, booking: str) -> dict[int, tuple[str, bool]]:
        """Kind and weight of the disruptions, by segment."""
        found: Booking = self.airline.booking(booking)
        return {each.segment: (each.kind, each.material) for each in found.disruptions}


def test_delays_add_up_from_the_times_that_were_bought() -> None:
    case = Moved()
    booking = case.airline.ticketed(case.first)
    case.move(case.first, departs=70)
    assert case.asked(booking) == {0: ("rescheduled", False)}
    case.move(case.first, departs=50)
    assert case.asked(booking) == {0: ("rescheduled", True)}


def test_delays_count_from_the_times_that_were_accepted_last() -> None:
    case = Moved()
    booking = case.airline.ticketed(case.first)
    case.move(case.first, departs=70)
    case.airline.submit(AcceptDisruption(booking, 0))
    case.move(case.first, departs=70)
    assert case.asked(booking) == {0: ("rescheduled", False)}


def test_who_bought_the_later_times_is_not_disturbed_by_the_delay_before() -> None:
    case = Moved()
    case.move(case.first, departs=110)
    booking = case.airline.ticketed(case.first)
    case.move(case.first, departs=15)
    assert case.asked(booking) == {0: ("rescheduled", False)}


def test_a_later_arrival_alone_adds_up_too() -> None:
    case = Moved()
    booking = case.airline.ticketed(case.first)
    case.move(case.first, departs=0, arrives=70)
    case.move(case.first, departs=0, arrives=50)
    assert case.asked(booking) == {0: ("rescheduled", True)}


def test_a_flight_that_is_moved_back_and_forth_is_not_material() -> None:
    case = Moved()
    booking = case.airline.ticketed(case.first)
    for minutes in (90, -90, 90):
        case.move(case.first, departs=minutes)
    assert case.asked(booking) == {0: ("rescheduled", False)}


@pytest.mark.parametrize(("later", "broken"), [(45, False), (46, True)])
def test_a_connection_below_the_minimum_connecting_time_disturbs_the_whole_journey(
    later: int, broken: bool
) -> None:
    case = Moved()
    booking = case.airline.ticketed((case.first, case.connecting(after_minutes=120)))
    case.move(case.first, departs=later)
    expected = {0: ("rescheduled", True), 1: ("connection_broken", True)}
    assert case.asked(booking) == (expected if broken else {0: ("rescheduled", False)})


def test_a_connecting_flight_brought_forward_disturbs_the_whole_journey() -> None:
    case = Moved()
    second = case.connecting(after_minutes=90)
    booking = case.airline.ticketed((case.first, second))
    case.move(second, departs=-30)
    assert case.asked(booking) == {0: ("connection_broken", True), 1: ("rescheduled", True)}


def test_a_broken_connection_gives_the_whole_journey_back() -> None:
    case = Moved()
    booking = case.airline.ticketed((case.first, case.connecting()))
    case.move(case.first, departs=60)
    case.airline.submit(RefundDisruption(booking, 0))
    refunded = case.airline.booking(booking)
    assert (refunded.status, refunded.owed()) == (Status.CANCELLED, refunded.captured)


def test_a_cancelled_connecting_flight_gives_the_flight_before_it_back_too() -> None:
    case = Moved()
    second = case.connecting()
    booking = case.airline.ticketed((case.first, second))
    case.cancel(second)
    assert case.asked(booking) == {0: ("connection_broken", True), 1: ("cancelled", True)}
    case.airline.submit(RefundDisruption(booking, 0))
    refunded = case.airline.booking(booking)
    assert (refunded.status, refunded.owed()) == (Status.CANCELLED, refunded.captured)


def test_a_return_after_a_stopover_is_not_disturbed_by_the_flight_out() -> None:
    case = Moved()
    booking = case.airline.ticketed((case.first, case.connecting(after_minutes=3 * 24 * 60)))
    case.cancel(case.first)
    assert case.asked(booking) == {0: ("cancelled", True)}


def test_a_broken_connection_cannot_be_accepted_until_a_flight_of_it_is_moved() -> None:
    case = Moved()
    later = case.airline.schedule(
        "SV3", departs_at=case.leaves + dt.timedelta(hours=9), route=("JED", "RUH")
    )
    booking = case.airline.ticketed((case.first, case.connecting()))
    case.move(case.first, departs=60)
    with pytest.raises(rejections.NothingToAnswer):
        case.airline.submit(AcceptDisruption(booking, 0))
    quote = case.airline.modify(booking, later, segment=1)
    assert (quote.modification.due, quote.modification.fee) == (0, 0)
    case.airline.submit(AcceptDisruption(booking, 0))
    assert case.asked(booking) == {}


def test_a_connection_below_the_minimum_is_not_sold() -> None:
    case = Moved()
    with pytest.raises(rejections.InvalidJourney) as refused:
        case.airline.ticketed((case.first, case.connecting(after_minutes=74)))
    assert refused.value.parameters == {
        "field": "flightIds",
        "reason": "connection_too_short",
        "airport": "JED",
        "minutes": 75,
    }
    later = case.airline.schedule(
        "SV3", departs_at=case.leaves + dt.timedelta(hours=2, minutes=75), route=("JED", "RUH")
    )
    assert case.airline.ticketed((case.first, later))


def test_a_change_to_a_flight_that_is_too_close_is_refused() -> None:
    case = Moved()
    close = case.airline.schedule(
        "SV3", departs_at=case.leaves + dt.timedelta(hours=2, minutes=74), route=("JED", "RUH")
    )
    booking = case.airline.ticketed((case.first, case.connecting()))
    with pytest.raises(rejections.InvalidJourney) as refused:
        case.airline.modify(booking, close, segment=1)
    assert refused.value.parameters["reason"] == "connection_too_short"


def test_a_connection_that_was_sold_before_the_minimum_rose_can_be_accepted() -> None:
    case = Moved()
    booking = case.airline.ticketed((case.first, case.connecting(after_minutes=80)))
    longer = msgspec.structs.replace(CONNECTING_TIMES, airports=(AirportTime("JED", 90),))
    publish(case.airline, longer)
    case.move(case.first, departs=5)
    assert case.asked(booking) == {0: ("rescheduled", False)}
    case.airline.submit(AcceptDisruption(booking, 0))
    assert case.asked(booking) == {}


def test_a_reserved_booking_is_notified_before_it_pays_and_has_the_choices_afterwards() -> None:
    case = Moved()
    booking = case.airline.book(case.first)
    case.move(case.first, departs=180)
    assert case.asked(booking) == {0: ("rescheduled", True)}
    assert any(isinstance(each, letters.DisruptionLetter) for each in case.airline.log.outbox)
    with pytest.raises(rejections.NothingToAnswer):
        case.airline.submit(RefundDisruption(booking, 0))
    case.airline.pay(booking)
    case.airline.confirm(booking)
    case.airline.submit(RefundDisruption(booking, 0))
    refunded = case.airline.booking(booking)
    assert (refunded.status, refunded.owed()) == (Status.CANCELLED, refunded.captured)


def test_a_waitlisted_booking_is_notified_of_a_moved_flight() -> None:
    case = Moved()
    full = case.airline.schedule("SV7", departs_at=case.leaves, seats=1)
    case.airline.ticketed(full)
    booking = case.airline.book(full, mode="waitlist")
    case.move(full, departs=180)
    assert case.asked(booking) == {0: ("rescheduled", True)}


def test_a_disruption_whose_coupons_are_gone_is_gone() -> None:
    case = Moved()
    second = case.connecting(after_minutes=3 * 24 * 60)
    booking = case.airline.ticketed((case.first, second))
    case.cancel(second)
    case.airline.submit(RefundDisruption(booking, 1))
    assert case.asked(booking) == {}
    other = case.airline.ticketed((case.first,), "ADT")
    case.move(case.first, departs=180)
    case.airline.cancel(other)
    assert case.asked(other) == {}


def test_an_expired_hold_has_no_disruption_left() -> None:
    case = Moved()
    booking = case.airline.book(case.first)
    case.move(case.first, departs=180)
    case.airline.wait(minutes=20)
    case.airline.submit(expire(booking))
    assert case.asked(booking) == {}


def _quoted(case: Moved, *flights: str) -> Any:
    """A booking command of a quote for these flights as they are now."""
    plain = create_booking(flights)
    found = [case.airline.flight(each) for each in flights]
    priced = case.airline.booking(case.airline.book(flights))
    return replace(
        plain,
        quoted=Priced(priced.segments, priced.price),
        quoted_times=tuple(NewTimes(each.departs_at, each.arrives_at) for each in found),
    )


@pytest.mark.parametrize(("minutes", "is_valid"), [(45, True), (46, False), (180, False)])
def test_a_quote_whose_flights_moved_so_that_the_journey_no_longer_fits_is_expired(
    minutes: int, is_valid: bool
) -> None:
    case = Moved()
    command = _quoted(case, case.first, case.connecting())
    case.move(case.first, departs=minutes)
    if is_valid:
        case.airline.submit(command)
        return
    with pytest.raises(QuoteExpired):
        case.airline.submit(command)
