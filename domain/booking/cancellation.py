"""Giving up: the whole booking or a part of it, by the traveller, the gate or the airline.

B7  What is decided to be given back is an obligation of the event that decides it; the booking is
    refunded when all its obligations have been settled, and not before.
"""

from collections.abc import Collection, Sequence

from domain.booking import guards, rejections, states
from domain.booking.coupons import Coupon, CouponStatus, is_over
from domain.booking.events import (
    BookingCancelled,
    BookingCompleted,
    BookingEvent,
    BookingRefunded,
    CouponId,
    CouponsCancelled,
    Destination,
    Obligation,
    RefundGranted,
)
from domain.booking.state import Booking, evolve
from domain.booking.states import Status
from domain.kernel import entries, ids, money


def part_of(
    booking: Booking, *, passengers: Collection[int] | None, segments: Collection[int] | None
) -> tuple[Coupon, ...]:
    """The open coupons of these passengers on these segments; None stands for all.

    Rejects NoSuchPart for one that the booking does not have.
    """
    for index in passengers or ():
        if not 0 <= index < len(booking.passengers):
            raise rejections.NoSuchPart(passenger=index)
    for index in segments or ():
        if not 0 <= index < len(booking.segments):
            raise rejections.NoSuchPart(segment=index)
    return tuple(
        coupon
        for coupon in booking.open_coupons()
        if (passengers is None or coupon.passenger in passengers)
        and (segments is None or coupon.segment in segments)
    )


def obligation_of(booking: Booking, name: str, amount: int) -> Obligation | None:
    """The next obligation of the booking; None when nothing is given back."""
    if amount == 0:
        return None
    number = len(booking.obligations) + 1
    return Obligation(ids.obligation_id(name, number), money.Money(amount, booking.currency))


def cancel(
    booking: Booking,
    *,
    coupons: Sequence[Coupon],
    reason: str,
    fee: int,
    destination: Destination,
    obligation: Obligation | None,
    entry: entries.Entry | None,
    waiver: str | None = None,
    at_gate: bool = False,
) -> list[BookingEvent]:
    """Give up these coupons, or all of a booking that has no tickets yet.

    The caller releases the seats in the same append. Rejects TransitionRefused, ChangeUnderWay,
    CouponNotOpen, NoSuchPart and PartUnfit.
    """
    if booking.status is Status.CANCELLED:
        return []
    guards.require_cancellable(booking, at_gate=at_gate)
    if booking.status in guards.TICKETED:
        guards.require_part(booking, coupons, at_gate=at_gate)
    given_up = tuple(CouponId(each.passenger, each.segment) for each in coupons)
    whole = BookingCancelled(
        reason=reason,
        fee=fee,
        destination=destination,
        coupons=given_up,
        waiver=waiver,
        obligation=obligation,
        entry=entry,
    )
    if booking.status not in guards.TICKETED:
        return [whole]
    after = evolve(booking, whole)
    if not after.open_coupons() and not is_over(after.coupons):
        return [whole]
    part = CouponsCancelled(
        reason=reason,
        fee=fee,
        destination=destination,
        coupons=given_up,
        waiver=waiver,
        obligation=obligation,
        entry=entry,
    )
    return [part, *completed(evolve(booking, part))]


def completed(booking: Booking) -> list[BookingEvent]:
    """The journey is over when all coupons are final and one was flown."""
    if booking.status is Status.BOARDED and is_over(booking.coupons):
        return [BookingCompleted()]
    return []


def grant_refund(
    booking: Booking, *, reason: str, obligation: Obligation, entry: entries.Entry
) -> list[BookingEvent]:
    """Finance gives money back beyond the rules; open coupons are given up with it.

    The caller releases the seats in the same append. Rejects TransitionRefused, ChangeUnderWay
    and RefundUnfit.
    """
    if booking.status not in guards.GRANTABLE:
        raise rejections.TransitionRefused(before=booking.status.value, after=Status.REFUNDED.value)
    guards.require_no_change(booking)
    left = refundable(booking)
    amount = obligation.amount
    if not money.is_chargeable(amount) or amount.amount > left.amount:
        raise rejections.RefundUnfit(limit=left.amount, currency=left.currency)
    given_up = tuple(CouponId(each.passenger, each.segment) for each in booking.open_coupons())
    return [
        RefundGranted(
            reason=reason,
            in_full=obligation.amount == left,
            coupons=given_up,
            obligation=obligation,
            entry=entry,
        )
    ]


def refundable(booking: Booking) -> money.Money:
    """What was paid and has not been promised back, be it as money or as travel credit."""
    captured = booking.captured or money.Money(0, booking.currency)
    return captured - booking.owed() - money.Money(booking.credited, booking.currency)


def settle(booking: Booking, *, settled: money.Money) -> list[BookingEvent]:
    """Refunds arrived: refunded once nothing more is owed (B7). Never rejects a fact."""
    owed = booking.owed()
    final = booking.status is Status.CANCELLED or booking.refund_granted_in_full
    if not final or settled != owed or owed.amount == 0:
        return []
    if not states.may_move(booking.status, Status.REFUNDED):
        return []
    return [BookingRefunded()]


def lifted(coupons: Sequence[Coupon]) -> bool:
    """Whether somebody among them is on board."""
    return any(coupon.status is CouponStatus.LIFTED for coupon in coupons)
