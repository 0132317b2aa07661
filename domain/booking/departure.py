"""From check-in to the end of the journey: coupons move, and the booking's status follows (B6)."""

import datetime as dt
from collections.abc import Sequence

from domain.booking import cancellation, guards, rejections, states
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.events import (
    BoardingPlace,
    BookingEvent,
    CouponId,
    CouponsFlown,
    DocumentRecorded,
    Obligation,
    PassengersBoarded,
    PassengersCheckedIn,
    PassengersMissed,
    SeatChoice,
    SeatsChosen,
    SeatsLost,
)
from domain.booking.guards import CheckInWindow, SegmentFacts
from domain.booking.state import Booking, evolve
from domain.kernel import entries, sealed

_BOARDED = frozenset({CouponStatus.LIFTED, CouponStatus.FLOWN})


def choose_seats(booking: Booking, *, seats: tuple[SeatChoice, ...]) -> list[BookingEvent]:
    """Passengers take these seats; the caller assigns them on the flights in the same append."""
    fresh = []
    for choice in seats:
        guards.require_seat_choice(booking, choice.segment, (choice.passenger,))
        coupon = booking.coupon(choice.passenger, choice.segment)
        assert coupon is not None
        if coupon.seat != choice.seat:
            fresh.append(choice)
    return [SeatsChosen(seats=tuple(fresh))] if fresh else []


def lose_seats(
    booking: Booking, *, seats: tuple[SeatChoice, ...], reason: str
) -> list[BookingEvent]:
    """Another aircraft lacks these seats; only those that are still the passengers' count."""
    if booking.status in states.TERMINAL:
        return []
    lost = tuple(
        choice
        for choice in seats
        if (coupon := booking.coupon(choice.passenger, choice.segment)) is not None
        and coupon.seat == choice.seat
    )
    return [SeatsLost(seats=lost, reason=reason)] if lost else []


def record_document(
    booking: Booking, *, passenger: int, document: sealed.Sealed
) -> list[BookingEvent]:
    """A passenger's travel document; a later one stands in for an earlier."""
    if not 0 <= passenger < len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)
    used_up = all(each.is_final for each in booking.coupons if each.passenger == passenger)
    if used_up or booking.status in states.TERMINAL:
        raise rejections.CouponNotOpen(passenger=passenger)
    if booking.documents[passenger] == document:
        return []
    return [DocumentRecorded(passenger=passenger, document=document)]


def waiting_for_check_in(
    booking: Booking, segment: int, passengers: Sequence[int] | None
) -> tuple[int, ...]:
    """Return those of the passengers (None: all) who can be checked in.

    A passenger who was checked in is left out, also after the flight. Rejects NoSuchPart and, for a
    coupon that is final without it, CouponNotOpen.
    """
    wanted = range(len(booking.passengers)) if passengers is None else passengers
    found = []
    for passenger in wanted:
        coupon = booking.coupon(passenger, segment)
        if coupon is None:
            raise rejections.NoSuchPart(passenger=passenger, segment=segment)
        if coupon.status is CouponStatus.OPEN:
            found.append(passenger)
        elif passengers is not None and coupon.is_final and not _was_checked_in(coupon):
            raise rejections.CouponNotOpen(passenger=passenger, status=coupon.status.value)
    return tuple(found)


def _was_checked_in(coupon: Coupon) -> bool:
    return coupon.sequence is not None and coupon.status is not CouponStatus.REFUNDED


def is_checked_in(booking: Booking, segment: int) -> bool:
    """Whether somebody was checked in on the segment."""
    return any(each.sequence is not None for each in booking.coupons if each.segment == segment)


def check_in(
    booking: Booking,
    *,
    segment: int,
    places: tuple[BoardingPlace, ...],
    facts: SegmentFacts,
    window: CheckInWindow,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Accept passengers; documents have been looked at, and the flight gave seats and sequences."""
    guards.require_check_in(booking, segment, facts, window=window, now=now)
    if not places:
        return []
    return [PassengersCheckedIn(segment=segment, places=places)]


def board(
    booking: Booking,
    *,
    segment: int,
    passengers: Sequence[int] | None,
    facts: SegmentFacts,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Lift the coupons of checked-in passengers (None: all of them).

    Boarded already records nothing, also after the gate has closed and after the flight.
    """
    if _is_boarded(booking, segment, passengers):
        return []
    guards.require_boarding(booking, segment, facts, now=now)
    checked_in = _with_status(booking, segment, CouponStatus.CHECKED_IN)
    if passengers is None:
        boarding = checked_in
    else:
        for passenger in passengers:
            coupon = booking.coupon(passenger, segment)
            if coupon is None:
                raise rejections.NoSuchPart(passenger=passenger, segment=segment)
            if coupon.status not in {CouponStatus.CHECKED_IN, CouponStatus.LIFTED}:
                raise rejections.CouponNotOpen(passenger=passenger, status=coupon.status.value)
        boarding = tuple(each for each in checked_in if each in set(passengers))
    return [PassengersBoarded(segment=segment, passengers=boarding)] if boarding else []


def _is_boarded(booking: Booking, segment: int, passengers: Sequence[int] | None) -> bool:
    """Whether all of the passengers are or were on board; None: some, and none is left to board."""
    statuses = {each.passenger: each.status for each in booking.coupons if each.segment == segment}
    boarded = {each for each, status in statuses.items() if status in _BOARDED}
    if passengers is None:
        return bool(boarded) and CouponStatus.CHECKED_IN not in statuses.values()
    return bool(passengers) and boarded.issuperset(passengers)


def lifted_on(booking: Booking, segment: int) -> tuple[Coupon, ...]:
    """Coupons of those who are on board."""
    return tuple(
        coupon for coupon in booking.open_coupons(segment) if coupon.status is CouponStatus.LIFTED
    )


def missing_on(booking: Booking, segment: int) -> tuple[Coupon, ...]:
    """Coupons of those who are not on board, and of their later flights, which lapse with them."""
    absent = {
        coupon.passenger
        for coupon in booking.open_coupons(segment)
        if coupon.status is not CouponStatus.LIFTED
    }
    return tuple(
        coupon
        for coupon in booking.open_coupons()
        if coupon.passenger in absent and coupon.segment >= segment
    )


def fly(booking: Booking, *, segment: int, entry: entries.Entry | None) -> list[BookingEvent]:
    """The flight has left with those on board; who has no ticket is not."""
    if booking.status not in guards.TICKETED:
        return []
    on_board = tuple(coupon.passenger for coupon in lifted_on(booking, segment))
    if not on_board:
        return []
    flown = CouponsFlown(segment=segment, passengers=on_board, entry=entry)
    return [flown, *cancellation.completed(evolve(booking, flown))]


def miss(
    booking: Booking,
    *,
    segment: int,
    entry: entries.Entry | None,
    obligation: Obligation | None,
) -> list[BookingEvent]:
    """The flight has left without these; the caller gives their later seats back.

    Rejects ChangeUnderWay; who has no ticket cannot miss it.
    """
    if booking.status not in guards.TICKETED:
        return []
    guards.require_no_change(booking)
    coupons = missing_on(booking, segment)
    if not coupons:
        return []
    missed = PassengersMissed(
        coupons=tuple(CouponId(each.passenger, each.segment) for each in coupons),
        entry=entry,
        obligation=obligation,
    )
    return [missed, *cancellation.completed(evolve(booking, missed))]


def _with_status(booking: Booking, segment: int, status: CouponStatus) -> tuple[int, ...]:
    return tuple(
        coupon.passenger for coupon in booking.open_coupons(segment) if coupon.status is status
    )
