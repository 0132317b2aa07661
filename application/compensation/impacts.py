"""What happened to each passenger of a booking on one flight, read from both histories.

Positions in the log say what the booking looked like when the flight changed, and the reverse.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.booking.close_flight import DENIED_BOARDING
from application.booking.offload_passengers import OFFLOAD
from application.commands import stream_kinds
from application.ports import RecordedEvent
from domain.booking import cancellation, states
from domain.booking.coupons import CouponStatus
from domain.booking.events import BookingCancelled, CouponsCancelled, ModificationCompleted
from domain.booking.state import Booking
from domain.compensation.assessment import Impact
from domain.inventory.departure_correction import is_final
from domain.inventory.events import FlightCancelled, FlightReinstated, FlightRescheduled
from domain.inventory.state import Flight, FlightStatus
from domain.kernel.money import Money

# Passengers who know other times so long before are neither late nor surprised.
ANNOUNCED_IN_TIME = dt.timedelta(days=14)


class Impacts(msgspec.Struct, frozen=True):
    """The passengers concerned; `final` once none of it can be withdrawn."""

    found: tuple[Impact, ...]
    final: bool


class _Reading:
    """Both streams up to one position of the log, and what happened until then."""

    def __init__(self, flight_id: str) -> None:
        self.flight_id = flight_id
        self.flight: Flight | None = None
        self.booking: Booking | None = None
        self.divided_off: dict[str, Booking] = {}
        self.agreed: dt.datetime | None = None
        self.reason = ""
        self.found: dict[int, Impact] = {}
        self.oversold: set[str] = set()

    def take_booking(self, recorded: RecordedEvent) -> None:
        """Note when the booking came to the flight, and whom it denied boarding."""
        before = self.booking
        self.booking = stream_kinds.BOOKING.evolve(before, recorded.event)
        segment = _segment_on(self.booking, self.flight_id)
        if before is not None:
            self._moved_off(before, recorded.event)
        if segment is None:
            return
        if (before is None or _segment_on(before, self.flight_id) is None) and self.flight:
            self.agreed = self.flight.departs_at
        event = recorded.event
        if isinstance(event, BookingCancelled | CouponsCancelled) and denies_boarding(event):
            for each in event.coupons:
                if each.segment == segment:
                    fare = self._fare(each.passenger, segment)
                    self.found[each.passenger] = Impact(each.passenger, "denied_boarding", fare)

    def take_divided_off(self, recorded: RecordedEvent) -> None:
        """Note how a booking stands that passengers have left for."""
        before = self.divided_off.get(recorded.stream)
        after = stream_kinds.BOOKING.evolve(before, recorded.event)
        self.divided_off[recorded.stream] = after

    def take_flight(self, recorded: RecordedEvent) -> None:
        """Note what the passengers were told, and whose flight was cancelled."""
        self.flight = stream_kinds.FLIGHT.evolve(self.flight, recorded.event)
        self.oversold |= {
            code
            for code, cabin in self.flight.cabins.items()
            if cabin.held_count + cabin.sold_count > cabin.authorised_count
        }
        match recorded.event:
            case FlightRescheduled(departs_at=departs_at, reason=reason):
                self.reason = reason
                if self.agreed and self.agreed - recorded.recorded_at >= ANNOUNCED_IN_TIME:
                    self.agreed = departs_at
            case FlightCancelled(reason=reason):
                self._cancelled(recorded.recorded_at, reason)
            case FlightReinstated():
                self.found = {
                    passenger: each
                    for passenger, each in self.found.items()
                    if each.cause != "cancelled" or not self._is_open(passenger)
                }
            case _:
                pass

    def delayed(self) -> list[Impact]:
        """Return those who flew later than they bought, once the flight has left."""
        flight, booking = self.flight, self.booking
        if flight is None or booking is None or flight.departed_at is None or self.agreed is None:
            return []
        late = flight.departed_at - self.agreed
        segment = _segment_on(booking, self.flight_id)
        return [
            Impact(
                each.passenger,
                "delayed",
                Money(each.fare, booking.currency),
                delay=late,
                reason=self.reason,
            )
            for each in booking.coupons
            if each.segment == segment
            and each.status is CouponStatus.FLOWN
            and each.passenger not in self.found
        ]

    def _cancelled(self, at: dt.datetime, reason: str) -> None:
        booking = self.booking
        if booking is None or booking.status not in states.TICKETED or self.agreed is None:
            return
        segment = _segment_on(booking, self.flight_id)
        for each in booking.open_coupons(segment) if segment is not None else ():
            self.found[each.passenger] = Impact(
                each.passenger,
                "cancelled",
                Money(each.fare, booking.currency),
                notice=self.agreed - at,
                reason=reason,
            )

    def _moved_off(self, before: Booking, event: object) -> None:
        """Note whom staff moved to another flight because this one was oversold."""
        segment = _segment_on(before, self.flight_id)
        if segment is None or not isinstance(event, ModificationCompleted):
            return
        if event.modification.segment != segment or not denies_boarding(event):
            return
        if before.segments[segment].cabin not in self.oversold:
            return
        for each in before.open_coupons(segment):
            fare = Money(each.fare, before.currency)
            self.found[each.passenger] = Impact(each.passenger, "denied_boarding", fare)

    def _is_open(self, passenger: int) -> bool:
        assert self.booking is not None
        return self._may_fly(self.booking, passenger)

    def _may_fly(self, booking: Booking, passenger: int) -> bool:
        """Whether the passenger has an open coupon, here or in a booking divided off this one."""
        segment = _segment_on(booking, self.flight_id)
        if segment is not None and any(
            each.passenger == passenger for each in booking.open_coupons(segment)
        ):
            return True
        return any(
            self._may_fly(self.divided_off[each.booking], each.passengers.index(passenger))
            for each in booking.divided_into
            if passenger in each.passengers and each.booking in self.divided_off
        )

    def _fare(self, passenger: int, segment: int) -> Money:
        assert self.booking is not None
        coupon = self.booking.coupon(passenger, segment)
        assert coupon is not None, "an event cancels coupons that there are"
        return Money(coupon.fare, self.booking.currency)


def read_impacts(
    flight_id: str,
    booking_history: Sequence[RecordedEvent],
    flight_history: Sequence[RecordedEvent],
    *,
    divided_off: Sequence[RecordedEvent] = (),
    now: dt.datetime,
) -> Impacts:
    """Return what happened to the passengers of the booking on the flight until now.

    `divided_off` are the histories of all bookings that passengers have left it for.
    """
    reading = _Reading(flight_id)
    booking_id = booking_history[0].stream
    histories = (*booking_history, *flight_history, *divided_off)
    for recorded in sorted(histories, key=lambda each: each.position):
        if recorded.stream == flight_id:
            reading.take_flight(recorded)
        elif recorded.stream == booking_id:
            reading.take_booking(recorded)
        else:
            reading.take_divided_off(recorded)
    found = [*reading.found.values(), *reading.delayed()]
    flight = reading.flight
    left = flight is not None and flight.status is FlightStatus.DEPARTED
    departed_at = flight.departed_at if flight is not None and left else None
    return Impacts(
        tuple(sorted(found, key=lambda each: each.passenger)),
        final=departed_at is None or is_final(departed_at, now=now),
    )


def _segment_on(booking: Booking, flight_id: str) -> int | None:
    found = (n for n, each in enumerate(booking.segments) if each.flight == flight_id)
    return next(found, None)


def denies_boarding(event: BookingCancelled | CouponsCancelled | ModificationCompleted) -> bool:
    """Whether the airline may have taken the passengers off the flight, by no fault of theirs.

    Staff move passengers without a fee for other reasons too: then only where it was oversold.
    """
    if isinstance(event, ModificationCompleted):
        return event.modification.waiver == cancellation.BY_STAFF
    if event.reason == DENIED_BOARDING:
        return True
    return event.reason == OFFLOAD and event.waiver == cancellation.BY_STAFF
