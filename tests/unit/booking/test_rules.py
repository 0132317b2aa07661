"""Who may travel together, how long a hold runs, and what the owner may do next."""

import datetime as dt

import msgspec
import pytest

from application.booking import journey
from application.booking.check_in import CheckIn
from application.booking.expire_booking import ExpireBooking
from application.payment.start_checkout import require_seats
from domain.booking import actions as booking_actions
from domain.booking import ages, rejections, sale, states
from domain.booking.preconditions import SegmentFacts
from domain.booking.values import Segment
from domain.inventory.rejections import SeatsUnavailable
from domain.pricing.price import Leg, PassengerType
from tests.support.examples import NOW
from tests.support.launch_rules import LIMITS, WINDOW
from tests.support.memory_airline import MemoryAirline

HOLD = dt.timedelta(minutes=15)


@pytest.mark.parametrize(
    "party", [["ADT"], ["ADT"] * 9, ["ADT", "INF"], ["INF", "CHD", "ADT"], ["ADT"] + ["CHD"] * 8]
)
def test_a_party_with_an_adult_and_a_lap_for_each_infant_is_fit(
    party: list[PassengerType],
) -> None:
    sale.require_valid_party(party)


@pytest.mark.parametrize(
    ("party", "reason"),
    [
        ([], "count"),
        (["ADT"] * 10, "count"),
        (["ADT"] * 5 + ["INF"] * 5, "count"),
        (["CHD"], "adult_missing"),
        (["INF"], "adult_missing"),
        (["CHD", "INF"], "adult_missing"),
        (["ADT", "INF", "INF"], "infant_without_lap"),
    ],
)
def test_any_other_party_is_refused(party: list[PassengerType], reason: str) -> None:
    with pytest.raises(rejections.InvalidParty) as refused:
        sale.require_valid_party(party)
    assert refused.value.parameters["reason"] == reason


@pytest.mark.parametrize(
    ("flights", "reason"),
    [
        ([], "count"),
        ([(f"f{n}", 2 * n, 2 * n + 1) for n in range(5)], "count"),
        ([("f1", 0, 1), ("f1", 2, 3)], "same_flight_twice"),
        ([("f1", 0, 3), ("f2", 2, 4)], "departs_before_arrival"),
    ],
)
def test_a_journey_that_nobody_can_make_is_refused(
    flights: list[tuple[str, int, int]], reason: str
) -> None:
    with pytest.raises(rejections.InvalidJourney) as refused:
        sale.require_valid_journey([(name, _leg(start, end)) for name, start, end in flights])
    assert refused.value.parameters["reason"] == reason


def test_the_next_flight_may_leave_as_the_one_before_arrives() -> None:
    sale.require_valid_journey([("f1", _leg(0, 1)), ("f2", _leg(1, 2))])


def test_the_next_flight_leaves_from_where_the_one_before_arrives() -> None:
    flights = [("f1", _leg(0, 1)), ("f2", _leg(2, 3, origin="DMM"))]
    with pytest.raises(rejections.InvalidJourney) as refused:
        sale.require_valid_journey(flights)
    assert refused.value.parameters["reason"] == "does_not_join"
    sale.require_valid_journey(flights, surface_sectors=(1,))


def _leg(start: int, end: int, *, origin: str = "RUH") -> Leg:
    return Leg(origin, "RUH", _at(start), _at(end), at_home=True)


def _at(hour: int) -> dt.datetime:
    return NOW + dt.timedelta(hours=hour)


@pytest.mark.parametrize(
    ("birth", "day", "kind"),
    [
        ("2024-11-21", "2026-11-20", "INF"),
        ("2024-11-20", "2026-11-20", "CHD"),
        ("2014-11-21", "2026-11-20", "CHD"),
        ("2014-11-20", "2026-11-20", "ADT"),
        ("2024-02-29", "2026-02-28", "INF"),
        ("2024-02-29", "2026-03-01", "CHD"),
    ],
)
def test_a_birthday_counts_on_the_day_of_travel(birth: str, day: str, kind: str) -> None:
    found = ages.passenger_type_on(dt.date.fromisoformat(birth), dt.date.fromisoformat(day))
    assert found == kind


def actions(airline: MemoryAirline, booking: str, *, at_gate: bool = False) -> set[str]:
    state = airline.booking(booking)
    facts = tuple(_facts(airline, booking, each) for each in state.segments)
    return set(
        booking_actions.available_actions(
            state,
            facts,
            windows=(WINDOW,) * len(facts),
            at_gate=at_gate,
            now=airline.clock(),
        )
    )


def _facts(airline: MemoryAirline, booking: str, segment: Segment) -> SegmentFacts:
    flight = airline.flight(segment.flight)
    if airline.booking(booking).status not in states.WAITLISTED:
        return journey.facts_of(flight)
    try:
        require_seats(
            booking,
            airline.booking(booking),
            segment,
            flight,
            limits=LIMITS,
            now=airline.clock(),
        )
        has_seats = True
    except SeatsUnavailable:
        has_seats = False
    return msgspec.structs.replace(journey.facts_of(flight), has_seats=has_seats)


def test_an_unpaid_booking_can_be_paid_until_its_hold_ends() -> None:
    airline = MemoryAirline()
    reserved = airline.book(airline.schedule("SV1"))
    airline.clock.advance(HOLD - dt.timedelta(microseconds=1))
    details = {"correct_name", "choose_seat", "request_special_service"}
    assert actions(airline, reserved) == {"checkout", "cancel"} | details
    airline.clock.advance(dt.timedelta(microseconds=1))
    assert "checkout" not in actions(airline, reserved)


def test_a_draft_can_be_held_or_cancelled() -> None:
    airline = MemoryAirline()
    draft = airline.book(airline.schedule("SV1"), mode="draft")
    assert actions(airline, draft) == {"hold", "cancel", "correct_name"}


def test_a_ticketed_booking_can_be_changed_cancelled_and_in_time_checked_in() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.ticketed(flight)
    before = {"cancel", "modify", "correct_name", "choose_seat", "request_special_service"}
    assert actions(airline, booking) == before
    departs_at = airline.flight(flight).departs_at
    airline.clock.now = departs_at - dt.timedelta(hours=48)
    assert actions(airline, booking) == before | {"check_in"}
    airline.clock.now = departs_at - dt.timedelta(minutes=60)
    assert "check_in" in actions(airline, booking)
    airline.clock.now += dt.timedelta(microseconds=1)
    assert "check_in" not in actions(airline, booking)


def test_only_the_gate_boards_and_only_until_the_gate_closes() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.ticketed(flight)
    departs_at = airline.flight(flight).departs_at
    airline.clock.now = departs_at - dt.timedelta(hours=2)
    airline.submit(CheckIn(booking, 0, None))
    assert "board" not in actions(airline, booking)
    assert "board" in actions(airline, booking, at_gate=True)
    airline.clock.now = departs_at - dt.timedelta(minutes=15) + dt.timedelta(microseconds=1)
    assert "board" not in actions(airline, booking, at_gate=True)


def test_nothing_can_be_done_with_what_is_over() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    airline.clock.advance(HOLD)
    airline.submit(ExpireBooking(booking_id=booking, reason="hold_lapsed"))
    assert actions(airline, booking, at_gate=True) == set()


def test_a_waitlisted_booking_may_pay_only_when_there_are_seats() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=1)
    first = airline.book(flight)
    waiting = airline.book(flight, mode="waitlist")
    assert actions(airline, waiting) == {"cancel", "correct_name"}
    airline.cancel(first)
    assert actions(airline, waiting) == {"checkout", "cancel", "correct_name"}
