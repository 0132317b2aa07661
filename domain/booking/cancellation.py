"""Cancellation: the booking or a part of it, by the traveller, the gate or the airline; refunds.

B7  The event that decides on a refund holds its obligation; the booking is refunded when the
    refunds of all obligations have settled, and not before.
"""

from collections.abc import Collection, Container, Sequence
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import check_in, companions, rejections, states
from domain.booking.coupons import Coupon, CouponStatus, is_over
from domain.booking.events import (
    BookingCancelled,
    BookingEvent,
    BookingRefunded,
    CancellationEvent,
    CouponsCancelled,
    RefundGranted,
)
from domain.booking.preconditions import (
    Situation,
    passes,
    require_no_granted_refund,
    require_no_modification,
    require_not_suspended,
    require_payment_confirmed,
    require_step,
)
from domain.booking.state import (
    Booking,
    coupon_ids,
    obligations_with,
    rolled_up,
    with_status,
    with_values,
)
from domain.booking.states import Status
from domain.booking.values import Destination, Obligation, Retaxed
from domain.kernel import entries, ids, money, sealed

UNCHANGED = Retaxed()
# Why customers cancel. Free text could name a person, and the log keeps a reason for ever.
REASONS = ("requested", "plans_changed", "booked_twice", "wrong_details", "other")
# The reason, or the waiver, of staff is in their own words: in a sealed note beside this code.
BY_STAFF = "by_staff"
# Finance may grant a refund of a booking in these states.
GRANTABLE = frozenset(
    {Status.PAID, Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}
)


def require_cancellable(booking: Booking, *, at_gate: bool) -> None:
    """There is an open coupon to cancel; one of a passenger on board only at the gate.

    Also while the payment is disputed: the seats are released, and the refund waits.
    """
    require_step(booking, Status.CANCELLED)
    require_payment_confirmed(booking)
    require_no_granted_refund(booking)
    require_no_modification(booking)
    if booking.status in states.TICKETED and not any(
        at_gate or coupon.status is not CouponStatus.LIFTED for coupon in booking.open_coupons()
    ):
        raise rejections.CouponNotOpen()


def require_part(booking: Booking, coupons: Sequence[Coupon], *, at_gate: bool) -> None:
    """The part is not empty, still open, and leaves no child or infant without an adult."""
    if not coupons:
        raise rejections.NoSuchPart(field="passengers")
    for coupon in coupons:
        lifted = coupon.status is CouponStatus.LIFTED
        if coupon.is_final or (lifted and not at_gate):
            raise rejections.CouponNotOpen(
                passenger=coupon.passenger, segment=coupon.segment, status=coupon.status
            )
    for segment in sorted({coupon.segment for coupon in coupons}):
        leaving = [each.passenger for each in coupons if each.segment == segment]
        companions.require_companions_left(booking, segment, without=leaving)


def part_of(
    booking: Booking, *, passengers: Collection[int] | None, segments: Collection[int] | None
) -> tuple[Coupon, ...]:
    """The open coupons of these passengers on these segments; None is all of them.

    Rejects NoSuchPart for a passenger or segment that the booking does not have.
    """
    for index in passengers or ():
        if not 0 <= index < len(booking.passengers):
            raise rejections.NoSuchPart(field="passengers", passenger=index)
    for index in segments or ():
        if not 0 <= index < len(booking.segments):
            raise rejections.NoSuchPart(field="segments", segment=index)
    return tuple(
        coupon
        for coupon in booking.open_coupons()
        if (passengers is None or coupon.passenger in passengers)
        and (segments is None or coupon.segment in segments)
    )


def next_obligation(
    booking: Booking, name: str, amount: int, *, by_airline: bool = False
) -> Obligation | None:
    """The next obligation of the booking, in minor units; None when nothing is refunded."""
    if amount == 0:
        return None
    return Obligation(
        next_obligation_id(booking, name), money.Money(amount, booking.currency), by_airline
    )


def next_obligation_id(booking: Booking, name: str) -> str:
    """The id of the next obligation; that of a withdrawn one is not used again."""
    number = len(booking.obligations) + booking.withdrawn_obligation_count + 1
    return ids.obligation_id(name, number)


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
    retaxed: Retaxed = UNCHANGED,
    at_gate: bool = False,
    notes: tuple[sealed.Sealed, ...] = (),
    by_customer: Container[tuple[int, int]] = (),
) -> list[BookingEvent]:
    """Cancel these coupons, or all of a booking that has no tickets yet.

    Of coupons that the customer cancels, by passenger and segment, authorities keep what is not
    refundable. The caller releases the seats in the same append. A cancelled booking records
    nothing more, refunded or not yet. Rejects TransitionRefused, ModificationPending,
    CouponNotOpen, NoSuchPart and InvalidPart.
    """
    if booking.was_cancelled:
        return []
    require_cancellable(booking, at_gate=at_gate)
    if booking.status in states.TICKETED:
        require_part(booking, coupons, at_gate=at_gate)
    whole = BookingCancelled(
        reason=reason,
        fee=fee,
        destination=destination,
        coupons=coupon_ids(coupons, by_customer),
        waiver=waiver,
        obligation=obligation,
        entry=entry,
        notes=notes,
    )
    if booking.status not in states.TICKETED:
        return [whole]
    after = evolve(booking, whole)
    if not after.open_coupons() and not is_over(after.coupons):
        return [whole]
    part = CouponsCancelled(
        reason=reason,
        fee=fee,
        destination=destination,
        coupons=coupon_ids(coupons, by_customer),
        waiver=waiver,
        obligation=obligation,
        entry=entry,
        retaxed=retaxed,
        notes=notes,
    )
    return [part, *check_in.completed(evolve(booking, part))]


def grant_refund(
    booking: Booking,
    *,
    reason: str,
    obligation: Obligation,
    entry: entries.Entry,
    notes: tuple[sealed.Sealed, ...] = (),
) -> list[BookingEvent]:
    """Finance grants a refund beyond the rules; open coupons are cancelled with it.

    The caller releases the seats in the same append. Rejects TransitionRefused,
    ModificationPending, RefundExceedsPaid and InvalidRefund.
    """
    if booking.status not in GRANTABLE:
        raise rejections.TransitionRefused(before=booking.status, after=Status.REFUNDED)
    require_not_suspended(booking)
    require_no_modification(booking)
    require_refundable(booking, obligation.amount)
    left = refundable(booking)
    return [
        RefundGranted(
            reason=reason,
            in_full=obligation.amount == left,
            coupons=coupon_ids(booking.open_coupons()),
            obligation=obligation,
            entry=entry,
            notes=notes,
        )
    ]


def require_refundable(booking: Booking, amount: money.Money, *, least: int = 0) -> None:
    """At least that many minor units, not more than is left of what was paid, and by whole charge
    steps. Rejects RefundExceedsPaid and InvalidRefund.
    """
    left = refundable(booking)
    if amount.amount > left.amount or not left.amount:
        raise rejections.RefundExceedsPaid(limit=left.amount, currency=left.currency)
    if amount.amount < least:
        raise rejections.InvalidRefund(
            field="amount",
            reason="too_small",
            minimum=least,
            limit=left.amount,
            currency=left.currency,
        )
    if not money.is_chargeable(amount):
        raise rejections.InvalidRefund(
            field="amount", reason="step", step=money.charge_step(left.currency)
        )


def refundable(booking: Booking) -> money.Money:
    """What was paid and is not promised back yet, be it as a refund or as travel credit, nor taken
    back by a dispute, which may be more than that.
    """
    captured = booking.captured or money.Money(0, booking.currency)
    gone = booking.owed().amount + booking.credited + booking.charged_back
    return money.Money(max(captured.amount - gone, 0), booking.currency)


def settle(booking: Booking, *, settled: money.Money) -> list[BookingEvent]:
    """Refunds have settled: refunded once nothing more is owed (B7). Never rejects a fact."""
    owed = booking.owed()
    final = booking.status is Status.CANCELLED or booking.refund_granted_in_full
    if not final or settled != owed or owed.amount == 0:
        return []
    if not states.may_move(booking.status, Status.REFUNDED):
        return []
    return [BookingRefunded()]


def evolve(booking: Booking, event: CancellationEvent) -> Booking:
    """The booking after the event."""
    match event:
        case BookingCancelled():
            closed = _closed(booking, event)
            return replace(closed, status=Status.CANCELLED, was_cancelled=True, disruptions=())
        case CouponsCancelled():
            return rolled_up(with_values(_closed(booking, event), event.retaxed))
        case RefundGranted():
            # Nothing is flown any more, whatever a departure turns out to have been.
            return replace(
                _closed(booking, event),
                refund_granted_in_full=event.in_full,
                granted=booking.granted + event.obligation.amount.amount,
                proposed_refund=None,
                disruptions=(),
                closings=(),
            )
        case BookingRefunded():
            return replace(booking, status=Status.REFUNDED)
        case _:
            assert_never(event)


def _closed(
    booking: Booking, event: BookingCancelled | CouponsCancelled | RefundGranted
) -> Booking:
    """The booking after the coupons of the event were cancelled and its obligation added."""
    closed = with_status(booking, event.coupons, CouponStatus.REFUNDED)
    obligations = obligations_with(booking, event.obligation)
    return replace(closed, obligations=obligations)


CancellationAction = Literal["cancel"]


def is_open(action: CancellationAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "cancel":
            return passes(require_cancellable, booking, at_gate=situation.at_gate)
        case _:
            assert_never(action)
