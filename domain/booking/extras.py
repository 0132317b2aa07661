"""Extras after the sale: ordered, paid, issued; or expired unpaid; one returned for its refund.

B14 Who pays for an extra gets it, or the money back with the same event; an order that is never
    paid changes nothing.
B15 Returning an extra costs the share that cancelling its flight would cost: none is cheaper by
    way of the other.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import rejections
from domain.booking.coupons import Coupon, CouponStatus, Extra
from domain.booking.events import BookingEvent
from domain.booking.extras_events import (
    ExtraRefunded,
    ExtrasEvent,
    ExtrasIssued,
    ExtrasOrdered,
    ExtrasOrderExpired,
    ExtrasPaid,
)
from domain.booking.preconditions import (
    SegmentFacts,
    Situation,
    has_departed,
    passes,
    require_amount_due,
    require_no_modification,
    require_not_suspended,
)
from domain.booking.state import Booking, obligations_with
from domain.booking.states import Status
from domain.booking.values import ExtraDocument, ExtrasOrder, Obligation
from domain.kernel import entries, ids, money
from domain.pricing.price import ExtraPrice

ABANDONED = "abandoned"
SOLD_IN = frozenset({Status.CONFIRMED, Status.CHECKED_IN})


def require_sale(
    booking: Booking,
    wanted: Sequence[tuple[int, int]],
    facts: Sequence[SegmentFacts],
    *,
    now: dt.datetime,
) -> None:
    """Extras may be sold with the coupons of these passengers and segments: each is open, and its
    flight is to leave.

    Rejects ExtrasRefused, PaymentUnconfirmed, PaymentDisputed, ModificationPending, NoSuchPart and
    CouponNotOpen.
    """
    if booking.status not in SOLD_IN:
        raise rejections.ExtrasRefused(reason="not_ticketed", status=booking.status)
    require_not_suspended(booking)
    require_no_modification(booking)
    for passenger, segment in wanted:
        coupon = booking.coupon(passenger, segment)
        if coupon is None:
            raise rejections.NoSuchPart(field="extras", passenger=passenger, segment=segment)
        if coupon.status is not CouponStatus.OPEN:
            raise rejections.CouponNotOpen(
                passenger=passenger, segment=segment, status=coupon.status
            )
        if not facts[segment].operating or now >= facts[segment].departs_at:
            raise rejections.ExtrasRefused(reason="departed", segment=segment)


def require_abandonable(booking: Booking) -> None:
    """An order of extras is unpaid; otherwise NoOrderPending."""
    if booking.extras_order is None:
        raise rejections.NoOrderPending(reason="none")
    if booking.modification_paid:
        raise rejections.NoOrderPending(reason="paid")


def require_return(booking: Booking, document: str, facts: Sequence[SegmentFacts]) -> None:
    """The extra with this document may be returned: neither used nor flown, nor checked in.

    Rejects ExtrasRefused, ModificationPending, PaymentUnconfirmed, PaymentDisputed, NoSuchPart and
    CouponNotOpen.
    """
    if booking.status not in SOLD_IN:
        raise rejections.ExtrasRefused(reason="not_ticketed", status=booking.status)
    require_not_suspended(booking)
    require_no_modification(booking)
    extra = extra_of(booking, document)
    coupon = _coupon_of(booking, extra)
    if coupon.status is not CouponStatus.OPEN:
        raise rejections.CouponNotOpen(
            passenger=extra.passenger, segment=extra.segment, status=coupon.status
        )
    if has_departed(facts[extra.segment]):
        raise rejections.ExtrasRefused(reason="departed", segment=extra.segment)


def extra_of(booking: Booking, document: str) -> Extra:
    """Return the extra with this document; rejects NoSuchPart."""
    extra = next((each for each in booking.extras if each.document == document), None)
    if extra is None:
        raise rejections.NoSuchPart(field="documentNumber", reason="no_such_extra")
    return extra


def _coupon_of(booking: Booking, extra: Extra) -> Coupon:
    coupon = booking.coupon(extra.passenger, extra.segment)
    assert coupon is not None, "an extra is sold with a coupon"
    return coupon


def order(
    booking: Booking,
    *,
    wanted: ExtrasOrder,
    facts: Sequence[SegmentFacts],
    hold_until: dt.datetime,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Order extras, which are sold once they are paid; the same order again records nothing.

    Rejects what `require_sale` does.
    """
    if booking.extras_order == wanted:
        return []
    require_sale(booking, [(e.passenger, e.segment) for e in wanted.extras], facts, now=now)
    assert wanted.due > 0
    assert wanted.number == booking.modification_count + 1
    return [ExtrasOrdered(order=wanted, hold_until=hold_until)]


def pay(booking: Booking, *, payment: str, captured: money.Money) -> list[BookingEvent]:
    """A payment captured what the order costs (B2); called by `sale.pay`."""
    assert booking.extras_order is not None
    require_amount_due(booking, captured)
    return [ExtrasPaid(number=booking.extras_order.number, payment=payment, amount=captured)]


def issue(
    booking: Booking,
    *,
    extras: tuple[ExtraPrice, ...],
    documents: tuple[ExtraDocument, ...],
    refused: tuple[ExtraPrice, ...],
    obligation: Obligation | None,
    entry: entries.Entry,
) -> list[BookingEvent]:
    """Sell the extras of the paid order, and owe what those cost that cannot be given (B14).

    Rejects NoOrderPending while the order is unpaid; without an order records nothing.
    """
    if booking.extras_order is None:
        return []
    if not booking.modification_paid:
        raise rejections.NoOrderPending(reason="unpaid")
    assert sorted(map(_key, (*extras, *refused))) == sorted(map(_key, booking.extras_order.extras))
    assert [each.extra for each in documents] == list(range(len(extras)))
    assert all(ids.is_ticket_number(each.number) for each in documents)
    return [
        ExtrasIssued(
            number=booking.extras_order.number,
            extras=extras,
            documents=documents,
            entry=entry,
            refused=refused,
            obligation=obligation,
        )
    ]


def _key(extra: ExtraPrice) -> tuple[str, int, int]:
    return (extra.code, extra.passenger, extra.segment)


def expire(booking: Booking, *, reason: str, now: dt.datetime) -> list[BookingEvent]:
    """Expire an unpaid order at its deadline; rejects NoOrderPending and HoldStillRuns."""
    if booking.extras_order is None:
        return []
    require_abandonable(booking)
    assert booking.modification_until is not None
    if now < booking.modification_until:
        raise rejections.HoldStillRuns(until=booking.modification_until.isoformat())
    return [ExtrasOrderExpired(number=booking.extras_order.number, reason=reason)]


def abandon(booking: Booking) -> list[BookingEvent]:
    """Abandon an unpaid order before its deadline; rejects NoOrderPending."""
    require_abandonable(booking)
    assert booking.extras_order is not None
    return [ExtrasOrderExpired(number=booking.extras_order.number, reason=ABANDONED)]


def refund(
    booking: Booking,
    *,
    document: str,
    facts: Sequence[SegmentFacts],
    fee: int,
    obligation: Obligation | None,
    entry: entries.Entry,
) -> list[BookingEvent]:
    """Return the extra and owe its price less the fee; one that was returned records nothing.

    Rejects what `require_return` does.
    """
    if any(each.document == document for each in booking.refunded_extras):
        return []
    require_return(booking, document, facts)
    return [ExtraRefunded(document=document, fee=fee, entry=entry, obligation=obligation)]


def evolve(booking: Booking, event: ExtrasEvent) -> Booking:
    """The booking after the event."""
    match event:
        case ExtrasOrdered():
            return replace(
                booking,
                extras_order=event.order,
                modification_until=event.hold_until,
                modification_paid=False,
                modification_count=event.order.number,
            )
        case ExtrasPaid():
            assert booking.captured is not None
            return replace(
                booking,
                modification_paid=True,
                payments=(*booking.payments, event.payment),
                captured=booking.captured + event.amount,
            )
        case ExtrasOrderExpired():
            return _without_order(booking)
        case ExtrasIssued():
            numbers = {each.extra: each.number for each in event.documents}
            sold = tuple(
                Extra(e.code, e.passenger, e.segment, e.net, e.vat, numbers.get(index))
                for index, e in enumerate(event.extras)
            )
            return replace(
                _without_order(booking),
                extras=(*booking.extras, *sold),
                obligations=obligations_with(booking, event.obligation),
            )
        case ExtraRefunded():
            gone = tuple(each for each in booking.extras if each.document == event.document)
            return replace(
                booking,
                extras=tuple(each for each in booking.extras if each not in gone),
                refunded_extras=(*booking.refunded_extras, *gone),
                obligations=obligations_with(booking, event.obligation),
            )
        case _:
            assert_never(event)


def _without_order(booking: Booking) -> Booking:
    return replace(booking, extras_order=None, modification_until=None, modification_paid=False)


# The action's name is part of the public contract.
ExtrasAction = Literal["add_extras", "abandon_extras", "refund_extra"]


def is_open(action: ExtrasAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "add_extras":
            return any(
                passes(
                    require_sale,
                    booking,
                    [(each.passenger, each.segment)],
                    situation.segments,
                    now=situation.now,
                )
                for each in booking.open_coupons()
            )
        case "abandon_extras":
            return passes(require_abandonable, booking)
        case "refund_extra":
            return any(
                each.document is not None
                and passes(require_return, booking, each.document, situation.segments)
                for each in booking.extras
            )
        case _:
            assert_never(action)
