"""The undo of a check-in: passengers keep their seats and may check in again, move or cancel."""

import datetime as dt
from collections.abc import Sequence

from domain.booking import check_in, companions, rejections
from domain.booking.coupons import CouponStatus
from domain.booking.events import CheckInWithdrawn
from domain.booking.preconditions import CheckInWindow, SegmentFacts
from domain.booking.state import Booking


def undo_check_in(
    booking: Booking,
    *,
    segment: int,
    passengers: Sequence[int] | None,
    facts: SegmentFacts,
    window: CheckInWindow,
    at_gate: bool,
    now: dt.datetime,
) -> list[CheckInWithdrawn]:
    """Undo the check-in of passengers (None: all who are checked in); they keep their seats.

    Rejects NoSuchPart, CouponNotOpen for a passenger on board, CheckInClosed and InvalidPart where
    a child or an infant would be left without an adult. The status of the booking stays.
    """
    checked_in = check_in.passengers_with(booking, segment, CouponStatus.CHECKED_IN)
    wanted = checked_in if passengers is None else tuple(dict.fromkeys(passengers))
    undone = []
    for passenger in wanted:
        coupon = booking.coupon(passenger, segment)
        if coupon is None:
            raise rejections.NoSuchPart(field="passengers", passenger=passenger, segment=segment)
        if coupon.status is CouponStatus.CHECKED_IN:
            undone.append(passenger)
        elif coupon.status is not CouponStatus.OPEN:
            raise rejections.CouponNotOpen(passenger=passenger, status=coupon.status)
    if not undone:
        return []
    check_in.require_check_in_undo(booking, segment, facts, window=window, at_gate=at_gate, now=now)
    left = check_in.checked_in_on(booking, segment) - set(undone)
    companions.require_companions(booking, segment, left)
    return [CheckInWithdrawn(segment=segment, passengers=tuple(undone))]
