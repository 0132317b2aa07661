"""The airline changes its own plans: what passengers are offered, and what they answer."""

from domain.booking import guards
from domain.booking.coupons import CouponStatus
from domain.booking.events import (
    BookingEvent,
    DisruptionAnswer,
    DisruptionAnswered,
    DisruptionKind,
    DisruptionOffered,
    NewTimes,
)
from domain.booking.state import Booking, Disruption


def offer(
    booking: Booking,
    *,
    segment: int,
    flight: str,
    kind: DisruptionKind,
    reason: str,
    material: bool,
    times: NewTimes | None = None,
) -> list[DisruptionOffered]:
    """Tell the passengers of a segment; the same again, or nobody left to tell, records nothing.

    A small change after a great one does not take back what the great one gave.
    """
    if booking.status not in guards.TICKETED:
        return []
    if all(coupon.status is CouponStatus.LIFTED for coupon in booking.open_coupons(segment)):
        return []
    material = material or guards.is_disturbed(booking, segment)
    if Disruption(segment, kind, material, times) in booking.disruptions:
        return []
    return [
        DisruptionOffered(
            segment=segment, flight=flight, kind=kind, reason=reason, material=material, times=times
        )
    ]


def answer(booking: Booking, *, segment: int, answer: DisruptionAnswer) -> list[BookingEvent]:
    """What the passengers chose; rejects NothingToAnswer."""
    guards.require_answer(booking, segment)
    return [DisruptionAnswered(segment=segment, answer=answer)]
