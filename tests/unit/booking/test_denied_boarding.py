"""Passengers whom the airline does not let on board: another flight, or all of their money."""

import datetime as dt

import msgspec
import pytest

from application.booking.cancel_booking import CancelBooking, Part, cancellation_quote
from application.booking.check_in import Board, CheckIn
from application.booking.choose_seats import ReviewSeats
from application.booking.journey import facts_of
from application.inventory.change_equipment import ChangeEquipment
from domain.booking import companions, rejections
from domain.booking.coupons import CouponStatus
from domain.booking.states import Status
from domain.inventory.events import CabinLayout
from domain.policies.book import LAUNCH_BOOK
from domain.pricing.extras import ExtraChoice
from tests.support.memory_airline import MemoryAirline

HOUR = dt.timedelta(hours=1)


class AtTheGate:
    """A party that is checked in, an hour and a half before departure; a dearer flight is later."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1")
        self.later = self.airline.schedule("SV2", in_days=10.5, fare=90_000, business=300_000)
        self.booking = self.airline.ticketed(
            self.flight, "ADT", "ADT", extras=(ExtraChoice("BAG20", 1, 0),)
        )
        self.airline.clock.now = self.airline.flight(self.flight).departs_at - 1.5 * HOUR
        self.airline.submit(CheckIn(self.booking, 0, None))

    def offload(self, *passengers: int, waiver: str | None) -> None:
        """Take passengers off, as the route does."""
        booking = self.airline.booking(self.booking)
        facts = tuple(facts_of(self.airline.flight(each.flight)) for each in booking.segments)
        quote = cancellation_quote(
            self.booking,
            booking,
            facts,
            book=LAUNCH_BOOK,
            part=Part(passengers or None, (0,)),
            at_gate=True,
            waiver=waiver,
            now=self.airline.clock(),
        )
        self.airline.submit(CancelBooking(quote=quote, reason="offload"))


@pytest.mark.parametrize("cabin", ["Y", "J"])
def test_denied_passengers_go_on_another_flight_without_fee_and_difference(cabin: str) -> None:
    gate = AtTheGate()
    before = gate.airline.booking(gate.booking).price_now()
    quote = gate.airline.modify(gate.booking, gate.later, cabin=cabin, waiver="oversold")
    moved = quote.modification
    assert (moved.due, moved.fee, moved.back, moved.waiver) == (0, 0, 0, "oversold")
    booking = gate.airline.booking(gate.booking)
    assert (booking.segments[0].flight, booking.segments[0].cabin) == (gate.later, cabin)
    assert booking.price_now() == before
    assert {each.status for each in booking.coupons} == {CouponStatus.OPEN}
    assert gate.airline.flight(gate.flight).allocations.get(gate.booking) is None
    gate.airline.submit(CheckIn(gate.booking, 0, None))
    gate.airline.submit(Board(gate.booking, 0, None))
    assert gate.airline.booking(gate.booking).status is Status.BOARDED


def test_passengers_who_have_checked_in_are_not_moved_without_a_waiver() -> None:
    gate = AtTheGate()
    with pytest.raises(rejections.ModificationRefused):
        gate.airline.modify(gate.booking, gate.later)


def test_passengers_on_board_are_not_moved() -> None:
    gate = AtTheGate()
    gate.airline.submit(Board(gate.booking, 0, (0,)))
    with pytest.raises(rejections.ModificationRefused):
        gate.airline.modify(gate.booking, gate.later, waiver="oversold")


def test_a_change_of_a_day_before_departure_is_free_by_a_waiver() -> None:
    airline = MemoryAirline()
    flight, later = airline.schedule("SV1"), airline.schedule("SV2", in_days=12, fare=90_000)
    booking = airline.ticketed(flight)
    airline.clock.now = airline.flight(flight).departs_at - 30 * HOUR
    assert airline.quote_modification(booking, later).modification.due > 0
    assert airline.quote_modification(booking, later, waiver="bereaved").modification.due == 0


def test_denied_passengers_are_refunded_in_full_with_their_extras() -> None:
    gate = AtTheGate()
    captured = gate.airline.booking(gate.booking).captured
    gate.offload(1, waiver="oversold")
    gate.offload(0, waiver="oversold")
    booking = gate.airline.booking(gate.booking)
    assert (booking.status, booking.owed()) == (Status.CANCELLED, captured)


def test_tax_of_the_rest_of_the_journey_is_not_taken_from_denied_passengers() -> None:
    airline = MemoryAirline()
    home = airline.schedule("SV1")
    abroad = airline.schedule("SV3", in_days=10.25, domestic=False, route=("JED", "CAI"))
    booking = airline.ticketed((home, abroad))
    state = airline.booking(booking)
    facts = tuple(facts_of(airline.flight(each)) for each in (home, abroad))
    quote = cancellation_quote(
        booking,
        state,
        facts,
        book=LAUNCH_BOOK,
        part=Part(None, (1,)),
        at_gate=True,
        waiver="oversold",
        now=airline.clock(),
    )
    coupon = state.coupon(0, 1)
    assert coupon is not None
    assert (quote.refund, quote.tax, quote.fee) == (coupon.total, 0, 0)


def test_an_unpaid_booking_is_owed_nothing_when_the_fee_is_waived() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule())
    quote = cancellation_quote(
        booking,
        airline.booking(booking),
        (facts_of(airline.flight(airline.booking(booking).segments[0].flight)),),
        book=LAUNCH_BOOK,
        part=Part(),
        at_gate=True,
        waiver="denied boarding",
        now=airline.clock(),
    )
    assert (quote.price.amount, quote.refund, quote.destination) == (0, 0, "none")


@pytest.mark.parametrize("checked_in", [False, True])
def test_who_finds_no_business_seat_flies_in_economy_and_gets_the_difference(
    checked_in: bool,
) -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", business=150_000)
    booking = airline.ticketed(flight, "ADT", "ADT", cabin="J")
    airline.submit(ChangeEquipment(flight, (CabinLayout("Y", 9, 10, "ABCDEF"),), "technical"))
    airline.submit(ReviewSeats(booking, flight, "technical"))
    airline.clock.now = airline.flight(flight).departs_at - 1.5 * HOUR
    if checked_in:
        airline.submit(CheckIn(booking, 0, None))
        assert all(each.standby for each in airline.booking(booking).coupons)
    with pytest.raises(rejections.ModificationRefused):
        airline.quote_modification(booking, flight, cabin="Y")
    moved = airline.modify(booking, flight, cabin="Y", waiver="no business cabin").modification
    assert (moved.fee, moved.due, moved.back) == (0, 0, 2 * 100_000 * 115 // 100)
    airline.submit(CheckIn(booking, 0, None))
    assert [each.seat for each in airline.booking(booking).coupons] == ["10A", "10B"]
    airline.submit(Board(booking, 0, None))


def test_an_infant_stays_with_an_adult_who_stays_with_a_child_on_standby() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule(seats=9), "ADT", "CHD", "INF")
    state = airline.booking(booking)
    coupons = tuple(
        msgspec.structs.replace(
            each, status=CouponStatus.CHECKED_IN, standby=each.passenger == 1, sequence=1
        )
        for each in state.coupons
    )
    waiting = msgspec.structs.replace(state, coupons=coupons)
    assert companions.denied(waiting, 0) == {0, 1, 2}
