"""Create, confirm and expire: what one command writes to booking and flight in one append."""

from collections.abc import Mapping, Sequence

import pytest

from application.booking import letters
from application.booking.confirm_booking import ConfirmBooking
from application.pricing.journeys import Priced
from domain.booking import rejections
from domain.booking.events import (
    BookingConfirmed,
    BookingExpired,
    BookingInitiated,
    BookingReserved,
)
from domain.booking.states import Status
from domain.booking.values import Segment
from domain.inventory import rejections as flight_rejections
from domain.inventory.events import SeatsHeld, SeatsReleased, SeatsSold
from domain.kernel import ids
from domain.kernel.events import DomainEvent
from domain.kernel.rejections import Rejection
from domain.pricing.price import CouponPrice, PassengerType, Price
from tests.support import examples, memory_log
from tests.support.airline import create_booking, expire
from tests.support.examples import FLIGHT, HOLD_UNTIL
from tests.support.memory_airline import MemoryAirline

# Random bytes that spell the locators AAAAAA and BAAAAA, lowest symbol first.
FIRST, SECOND = (number.to_bytes(4, "big") for number in range(2))


@pytest.fixture
def airline() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled())
    return airline


def types(events: Mapping[str, Sequence[DomainEvent]]) -> dict[str, list[type]]:
    return {stream: [type(event) for event in each] for stream, each in events.items()}


def test_booking_holds_the_seats_in_the_same_append(airline: MemoryAirline) -> None:
    added = airline.added(create_booking(FLIGHT, "ADT", "INF"))
    assert types(added) == {
        "booking-AAAAAA": [BookingInitiated, BookingReserved],
        FLIGHT: [SeatsHeld],
    }
    booking = airline.log.state("booking-AAAAAA")
    assert booking.status is Status.RESERVED
    assert booking.hold_until == HOLD_UNTIL
    assert booking.seat_count == 1
    assert airline.log.state(FLIGHT).allocations.get("booking-AAAAAA").until == HOLD_UNTIL


def test_the_price_is_the_quoted_one_or_the_one_of_the_moment(airline: MemoryAirline) -> None:
    price = Price("SAR", (CouponPrice(0, 0, 44_400, 0, 0),))
    quoted = Priced((Segment(FLIGHT, "Y", "Y"),), price)
    assert airline.log.state(airline.book(FLIGHT)).amount_due() == examples.DUE
    assert airline.log.state(airline.book(FLIGHT, quoted=quoted)).amount_due() == examples.sar(
        44_400
    )


@pytest.mark.parametrize(
    ("party", "flight", "cabin", "reason"),
    [
        (("CHD",), FLIGHT, "Y", rejections.InvalidParty),
        (("ADT",) * 10, FLIGHT, "Y", rejections.InvalidParty),
        (("ADT",), "flight-SV9-2026-11-24", "Y", flight_rejections.FlightNotFound),
        (("ADT",), FLIGHT, "F", flight_rejections.CabinNotFound),
        (("ADT",) * 3, FLIGHT, "Y", flight_rejections.SeatsUnavailable),
    ],
)
def test_what_cannot_be_booked_records_nothing(
    airline: MemoryAirline,
    party: tuple[PassengerType, ...],
    flight: str,
    cabin: str,
    reason: type[Rejection],
) -> None:
    before = len(airline.log.events)
    with pytest.raises(reason):
        airline.submit(create_booking(flight, *party, cabin=cabin))
    assert len(airline.log.events) == before


def test_a_departure_within_the_hour_is_not_on_sale(airline: MemoryAirline) -> None:
    airline.wait(days=3, hours=20)
    with pytest.raises(flight_rejections.SalesClosed):
        airline.book(FLIGHT)


def test_of_three_for_two_seats_in_one_batch_the_third_is_refused(airline: MemoryAirline) -> None:
    envelopes = [memory_log.envelope(create_booking(FLIGHT), number) for number in (101, 102, 103)]
    *got, refused = airline.process.submit_together(envelopes)
    assert [type(one).__name__ for one in got] == ["Outcome", "Outcome"]
    assert isinstance(refused, flight_rejections.SeatsUnavailable)
    assert airline.log.capacity[FLIGHT, "Y"] == [2, 2, 0]


def test_a_locator_that_another_process_has_given_out_is_drawn_again() -> None:
    airline = MemoryAirline(draws=(FIRST, FIRST, SECOND))
    airline.schedule(scheduled=examples.scheduled())
    assert airline.book(FLIGHT) == "booking-AAAAAA"
    answer = (
        airline.another_process().submit(memory_log.envelope(create_booking(FLIGHT), 100)).answer
    )
    assert answer.stream == "booking-BAAAAA"
    assert airline.log.version("booking-AAAAAA") == 2


def test_a_locator_that_this_process_knows_is_drawn_again() -> None:
    airline = MemoryAirline(draws=(FIRST, FIRST, SECOND))
    airline.schedule(scheduled=examples.scheduled())
    assert [airline.book(FLIGHT), airline.book(FLIGHT)] == ["booking-AAAAAA", "booking-BAAAAA"]


def test_when_only_taken_locators_are_drawn_the_booking_is_refused() -> None:
    airline = MemoryAirline(draws=(FIRST,))
    airline.schedule(scheduled=examples.scheduled())
    airline.book(FLIGHT)
    with pytest.raises(rejections.LocatorTaken):
        airline.book(FLIGHT)


def test_a_paid_booking_is_confirmed_sold_and_written_to_in_one_append(
    airline: MemoryAirline,
) -> None:
    booking = airline.book(FLIGHT, "ADT", "INF")
    airline.pay(booking, intent="pi_1")
    command = airline.confirmation(booking)
    numbers = [ids.ticket_number(command.airline_code, serial) for serial in command.serials]
    added = airline.added(command)
    assert types(added) == {booking: [BookingConfirmed], FLIGHT: [SeatsSold]}
    confirmed = added[booking][0]
    assert isinstance(confirmed, BookingConfirmed)
    assert [ticket.number for ticket in confirmed.tickets] == numbers
    assert confirmed.entry.references == tuple(numbers)
    assert airline.log.outbox == [letters.ConfirmationLetter(booking)]


def test_confirming_again_with_other_serials_changes_and_sends_nothing(
    airline: MemoryAirline,
) -> None:
    booking = airline.book(FLIGHT)
    airline.pay(booking, intent="pi_1")
    airline.confirm(booking)
    assert airline.added(airline.confirmation(booking)) == {}
    assert len(airline.log.outbox) == 1


def test_more_serials_than_passengers_are_left_over(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT)
    airline.pay(booking, intent="pi_1")
    airline.submit(ConfirmBooking(booking, "065", (7, 8, 9)))
    assert [ticket.number for ticket in airline.log.state(booking).tickets] == ["0650000000007"]


@pytest.mark.parametrize("serials", [(), (7,), (7, 7)])
def test_without_a_number_for_each_passenger_nothing_is_confirmed(
    airline: MemoryAirline, serials: tuple[int, ...]
) -> None:
    booking = airline.book(FLIGHT, "ADT", "INF")
    airline.pay(booking, intent="pi_1")
    with pytest.raises(AssertionError):
        airline.submit(ConfirmBooking(booking, "065", serials))
    assert airline.log.state(booking).status is Status.PAID


def test_nobody_confirms_an_unpaid_lapsed_or_unknown_booking(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT)
    with pytest.raises(rejections.TransitionRefused):
        airline.confirm(booking)
    airline.wait(minutes=15)
    airline.submit(expire(booking))
    with pytest.raises(rejections.TransitionRefused):
        airline.confirm(booking)
    with pytest.raises(rejections.BookingNotFound):
        airline.submit(ConfirmBooking("booking-ZZZZZZ", "065", (1,)))


def test_a_lapsed_hold_gives_the_seats_back_in_the_same_append(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT, "ADT", "ADT")
    airline.wait(minutes=15)
    assert types(airline.added(expire(booking))) == {
        booking: [BookingExpired],
        FLIGHT: [SeatsReleased],
    }
    assert airline.log.capacity[FLIGHT, "Y"] == [2, 0, 0]
    assert airline.added(expire(booking)) == {}
    assert airline.log.state(airline.book(FLIGHT, "ADT", "ADT")).status is Status.RESERVED


def test_a_running_hold_a_paid_and_an_unknown_booking_do_not_lapse(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT)
    airline.wait(minutes=14, seconds=59)
    with pytest.raises(rejections.HoldStillRuns):
        airline.submit(expire(booking))
    airline.pay(booking, intent="pi_1")
    airline.wait(hours=2)
    with pytest.raises(rejections.TransitionRefused):
        airline.submit(expire(booking))
    with pytest.raises(rejections.BookingNotFound):
        airline.submit(expire("booking-ZZZZZZ"))


def test_a_process_that_is_behind_decides_on_what_the_log_holds(airline: MemoryAirline) -> None:
    other = airline.another_process()
    other.submit(memory_log.envelope(create_booking(FLIGHT), 100))
    booking = airline.book(FLIGHT)
    airline.pay(booking, intent="pi_1")
    other.submit(memory_log.envelope(airline.confirmation(booking), 101))
    assert airline.log.state(booking).status is Status.CONFIRMED
    with pytest.raises(flight_rejections.SeatsUnavailable):
        other.submit(memory_log.envelope(create_booking(FLIGHT), 102))
