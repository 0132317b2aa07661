"""Rules about operations count at the instant of a decision, which records what followed."""

import datetime as dt

import msgspec
import pytest

from application.booking.check_in import Board, CheckIn
from application.booking.offer_seats import OfferSeats
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.inventory.schedule_flight import ScheduleFlight
from application.payment.extend_hold import ExtendHold
from domain.booking import rejections as booking_rejections
from domain.inventory import rejections
from domain.inventory.events import CabinLayout, CapacityMove, FlightRescheduled
from domain.policies.operating_values import (
    CONNECTING_TIMES,
    GATE_TIMES,
    HOLD_TIMES,
    AirportTime,
    MaterialChange,
    Overbooking,
    PlacesPerFlight,
    SalesWindow,
)
from domain.policies.scope import Scope
from tests.support.airline import attempt_of, create_booking, expire, payment_of, schedule_flight
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import envelope
from tests.support.policies import publish

MINUTE = dt.timedelta(minutes=1)
LONGER = msgspec.structs.replace(
    HOLD_TIMES,
    hold_minutes=40,
    session_minutes=120,
    extension_minutes=30,
    extended_below_minutes=20,
)


def test_a_hold_keeps_the_deadline_that_it_was_given() -> None:
    airline = MemoryAirline()
    flight = airline.schedule()
    before, made_at = airline.book(flight), airline.clock.now
    publish(airline, LONGER)
    after = airline.book(flight)
    assert airline.booking(before).hold_until == made_at + 15 * MINUTE
    assert airline.booking(after).hold_until == airline.clock.now + 40 * MINUTE
    held = airline.flight(flight).allocations.get(after)
    assert held is not None
    assert held.until == airline.clock.now + 40 * MINUTE


def test_sessions_and_extensions_last_as_long_as_the_rule_says() -> None:
    airline = MemoryAirline()
    flight = airline.schedule()
    publish(airline, LONGER)
    booking = airline.book(flight)
    made_until = airline.booking(booking).hold_until
    assert made_until is not None
    payment, _ = airline.checkout(booking)
    (attempt,) = airline.log.state(payment).attempts
    assert attempt.expires_at == airline.clock.now + 120 * MINUTE
    airline.wait(minutes=39)
    airline.submit(ExtendHold(payment_of(booking), attempt_of(booking)))
    assert airline.booking(booking).hold_until == airline.clock.now + 30 * MINUTE


def test_an_offer_to_a_waitlisted_booking_lasts_as_long_as_the_rule_says() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(seats=1)
    publish(airline, msgspec.structs.replace(HOLD_TIMES, offer_minutes=90))
    first = airline.book(flight)
    waiting = airline.book(flight, mode="waitlist")
    airline.wait(minutes=15)
    airline.submit(expire(first))
    airline.submit(OfferSeats(flight_id=flight))
    assert airline.booking(waiting).hold_until == airline.clock.now + 90 * MINUTE


def test_sales_close_by_the_rule_of_the_route() -> None:
    airline = MemoryAirline()
    leaves = airline.clock.now + dt.timedelta(hours=3)
    out = airline.schedule("SV1", departs_at=leaves)
    back = airline.schedule("SV2", departs_at=leaves, route=("JED", "RUH"))
    publish(airline, SalesWindow(170), scope=Scope(route="RUH-JED"))
    airline.wait(minutes=9)
    airline.book(back)
    with pytest.raises(rejections.SalesClosed):
        airline.book(out)
    # The rule of all routes is less specific.
    publish(airline, SalesWindow(0))
    airline.wait(minutes=160)
    airline.book(back)
    with pytest.raises(rejections.SalesClosed):
        airline.book(out)


def test_no_process_holds_by_a_rule_that_another_has_ended() -> None:
    """The second process remembers the rule of before; its append finds that it is old."""
    airline = MemoryAirline()
    flight = airline.schedule()
    other = airline.another_process()
    other.submit(envelope(create_booking(flight), 9_001))
    publish(airline, LONGER)
    reply = other.submit(envelope(create_booking(flight), 9_002)).answer
    assert airline.booking(reply.stream).hold_until == airline.clock.now + 40 * MINUTE


def wide(number: str, airline: MemoryAirline, authorised: int) -> ScheduleFlight:
    """A departure with a hundred seats, of which so many may be sold."""
    leaves = airline.clock.now.replace(hour=12, minute=0) + dt.timedelta(days=10)
    command = schedule_flight(number, seats=100, departs_at=leaves)
    layout = CabinLayout("Y", 100, 10, "ABCDEF")
    moves = (CapacityMove("Y", authorised=authorised),)
    scheduled = msgspec.structs.replace(command.scheduled, layouts=(layout,), moves=moves)
    return msgspec.structs.replace(command, scheduled=scheduled)


def test_what_is_put_on_sale_and_changed_is_authorised_by_the_rule_of_now() -> None:
    airline = MemoryAirline()
    sold = wide("SV7", airline, 105)
    airline.submit(sold)
    with pytest.raises(rejections.InvalidSchedule):
        airline.submit(wide("SV8", airline, 108))
    publish(airline, Overbooking(8, 2, 20), scope=Scope(market="domestic"))
    airline.submit(wide("SV8", airline, 108))
    # What is on sale stays so, and the same departure again is the same.
    airline.submit(wide("SV7", airline, 108))
    assert airline.flight(sold.flight_id).cabins["Y"].authorised_count == 105
    larger = (CabinLayout("Y", 200, 10, "ABCDEF"),)
    airline.submit(ChangeEquipment(sold.flight_id, larger, "technical"))
    assert airline.flight(sold.flight_id).cabins["Y"].authorised_count == 216


def test_a_flight_takes_as_many_infants_as_the_rule_says() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(seats=30)
    airline.book(flight, "ADT", "INF")
    publish(airline, PlacesPerFlight(infants=1, wheelchairs=6))
    with pytest.raises(rejections.SeatsUnavailable) as refused:
        airline.book(flight, "ADT", "INF")
    assert refused.value.parameters == {"flight": "SV1", "reason": "infants", "limit": 1}
    airline.book(flight)


def test_passengers_may_leave_when_their_flight_moves_as_far_as_the_rule_says() -> None:
    airline = MemoryAirline()
    leaves = airline.clock.now + dt.timedelta(days=5)
    before = airline.schedule("SV1", departs_at=leaves)
    after = airline.schedule("SV2", departs_at=leaves)
    later = (leaves + 60 * MINUTE, leaves + 180 * MINUTE)
    airline.submit(RescheduleFlight(before, *later, "weather"))
    publish(airline, MaterialChange(60))
    airline.submit(RescheduleFlight(after, *later, "weather"))
    moved = [airline.last(each).event for each in (before, after)]
    assert [isinstance(each, FlightRescheduled) and each.material for each in moved] == [
        False,
        True,
    ]


def test_passengers_check_in_board_and_leave_by_the_rule_of_the_market() -> None:
    airline = MemoryAirline()
    flight = airline.schedule()
    booking = airline.ticketed(flight)
    leaves = airline.flight(flight).departs_at
    earlier = msgspec.structs.replace(
        GATE_TIMES,
        check_in_opens_minutes=3 * 1_440,
        check_in_closes_minutes=90,
        boarding_closes_minutes=30,
    )
    publish(airline, earlier, scope=Scope(market="domestic"))
    airline.clock.now = leaves - 89 * MINUTE
    with pytest.raises(booking_rejections.CheckInClosed):
        airline.submit(CheckIn(booking, 0, None))
    airline.clock.now = leaves - dt.timedelta(days=3)
    airline.submit(CheckIn(booking, 0, None))
    airline.clock.now = leaves - 29 * MINUTE
    with pytest.raises(booking_rejections.BoardingClosed):
        airline.submit(Board(booking, 0, None))
    airline.submit(DepartFlight(flight, leaves - 30 * MINUTE))
    assert airline.flight(flight).departed_at == leaves - 30 * MINUTE


def test_a_journey_is_sold_with_the_connecting_times_of_now() -> None:
    airline = MemoryAirline()
    first = airline.schedule("SV1", in_days=5)
    arrives = airline.flight(first).arrives_at
    second = airline.schedule("SV2", departs_at=arrives + 80 * MINUTE, route=("JED", "DMM"))
    airline.book((first, second))
    longer = msgspec.structs.replace(CONNECTING_TIMES, airports=(AirportTime("JED", 81),))
    publish(airline, longer)
    with pytest.raises(booking_rejections.InvalidJourney) as refused:
        airline.book((first, second))
    assert refused.value.parameters["minutes"] == 81
