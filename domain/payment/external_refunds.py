"""Refunds that were made at Stripe's dashboard by hand. A decision that was made returns no events.

Stripe never refunds more than was captured, whoever asks. So an external refund may leave no money
for a refund of ours that was requested before; and where it is of the same amount it may have paid
the same debt. Neither is sent: finance decides what the external refund was for.
Source: https://docs.stripe.com/refunds, "Create a refund" in the dashboard.
"""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.kernel import entries, money
from domain.payment import rejections
from domain.payment.events import PaymentEvent, RefundRefused, RefundRequested
from domain.payment.external_refund_events import (
    ExternalRefundAllocated,
    ExternalRefundEvent,
    ExternalRefundFailed,
    ExternalRefundRecorded,
    ExternalRefundSettled,
    Purpose,
    RefundCovered,
    RefundUncovered,
)
from domain.payment.external_refund_state import Allocation, ExternalRefund
from domain.payment.state import (
    NOT_REFUNDED,
    Payment,
    Refund,
    RefundStatus,
)

# Why a refund of ours is with finance, in place of Stripe's code: money of its capture was refunded
# by hand; the external refund that had paid it failed; an external refund paid a part of it.
REFUNDED_BY_HAND = "refunded_at_stripe"
EXTERNAL_REFUND_FAILED = "external_refund_failed"
REST_OF_ALLOCATED = "rest_of_an_allocated_refund"

UNSENT = frozenset({RefundStatus.REQUESTED, RefundStatus.WAITING})
# An external refund may pay these in place of Stripe, which does not have them.
PAYABLE = UNSENT | NOT_REFUNDED


def record(
    payment: Payment,
    *,
    provider_refund: str,
    intent: str,
    amount: money.Money,
    entry: entries.Entry,
    made_at: dt.datetime | None = None,
) -> list[PaymentEvent]:
    """Record an external refund once, and do not send what of ours it displaces."""
    if payment.external_refund(provider_refund) is not None:
        return []
    assert payment.capture(intent) is not None, "only captured money is refunded"
    recorded = ExternalRefundRecorded(
        provider_refund=provider_refund,
        intent=intent,
        amount=amount,
        entry=entry,
        made_at=made_at,
    )
    return [recorded, *displaced(_recorded(payment, recorded), intent, same_amount=amount)]


def displaced(
    payment: Payment, intent: str, *, same_amount: money.Money | None = None
) -> list[RefundRefused]:
    """Refuse unsent refunds of the capture, the newest first, until what is left fits (M5).

    One of exactly the `same_amount` as an external refund may be for the same debt: it goes first.
    """
    unsent = [
        each
        for each in reversed(payment.refunds)
        if each.intent == intent and each.status in UNSENT
    ]
    twin = next((each for each in unsent if each.amount == same_amount), None)
    refused = [] if twin is None else [twin]
    over = payment.excess(intent) - sum(each.amount.amount for each in refused)
    for each in unsent:
        if over > 0 and each is not twin:
            refused.append(each)
            over -= each.amount.amount
    return [RefundRefused(refund=each.id, code=REFUNDED_BY_HAND) for each in refused]


def is_displaced(payment: Payment, refund: Refund) -> bool:
    """Whether a refund that Stripe turned out not to have must not be sent any more.

    Its outcome was unknown when an external refund of its capture was recorded.
    """
    twins = [
        each
        for each in payment.external_refunds
        if each.intent == refund.intent and each.unallocated == refund.amount
    ]
    return payment.excess(refund.intent) > 0 or bool(twins)


def owe_without_sending(
    payment: Payment,
    *,
    refund: str,
    intent: str,
    amount: money.Money,
    obligation: str,
    code: str,
    now: dt.datetime,
    replaces: str | None = None,
) -> list[PaymentEvent]:
    """Leave what is owed with finance: a refund that is refused as soon as it is requested."""
    assert amount.amount > 0
    assert payment.refund(refund) is None, "each refund has an id of its own"
    return [
        RefundRequested(
            refund=refund,
            intent=intent,
            amount=amount,
            obligation=obligation,
            idempotency_key=f"refund:{refund}",
            requested_at=now,
            replaces=replaces,
        ),
        RefundRefused(refund=refund, code=code),
    ]


def require_allocatable(payment: Payment, provider_refund: str, amount: money.Money) -> None:
    """The refund is known, and so much of it is not allocated.

    Rejects ExternalRefundNotFound and AllocationExceedsRefund.
    """
    external = payment.external_refund(provider_refund)
    if external is None:
        raise rejections.ExternalRefundNotFound()
    left = external.unallocated
    if external.failed or amount.currency != left.currency or amount.amount > left.amount:
        reason = "external_refund_failed" if external.failed else "more_than_unallocated"
        raise rejections.AllocationExceedsRefund(field="allocations", reason=reason)


def require_payable(refund: Refund, *, sent_again: bool, amount: money.Money) -> None:
    """Stripe does not have this refund of ours, and it is at least the amount.

    Rejects RefundNotPayable: one that is unknown is looked up at Stripe first.
    """
    if refund.status not in PAYABLE or sent_again:
        raise rejections.RefundNotPayable(reason="sent_again" if sent_again else refund.status)
    if amount.currency != refund.amount.currency or amount.amount > refund.amount.amount:
        raise rejections.RefundNotPayable(reason="more_than_the_refund")


def allocate(
    payment: Payment,
    *,
    provider_refund: str,
    amount: money.Money,
    purpose: Purpose,
    booking: str,
    refund: str | None,
    entry: entries.Entry,
) -> list[PaymentEvent]:
    """Record what a part of an external refund was for; rejects what `require_allocatable` does."""
    require_allocatable(payment, provider_refund, amount)
    return [
        ExternalRefundAllocated(
            provider_refund=provider_refund,
            amount=amount,
            purpose=purpose,
            booking=booking,
            refund=refund,
            entry=entry,
        )
    ]


def cover(
    payment: Payment,
    *,
    refund: Refund,
    fresh: str,
    provider_refund: str,
    amount: money.Money,
    now: dt.datetime,
) -> list[PaymentEvent]:
    """An external refund paid this much of ours; what is left of it stays as it was.

    `fresh` is the id of the refund of the rest: requested like the first, or with finance like it.
    """
    paid = RefundCovered(refund=refund.id, provider_refund=provider_refund, amount=amount)
    rest = refund.amount - amount
    if not rest.amount:
        return [paid]
    requested = owe_without_sending(
        payment,
        refund=fresh,
        intent=refund.intent,
        amount=rest,
        obligation=refund.obligation,
        code=REST_OF_ALLOCATED,
        now=now,
        replaces=refund.id,
    )
    return [paid, *(requested if refund.status in NOT_REFUNDED else requested[:1])]


def settle(payment: Payment, *, provider_refund: str) -> list[PaymentEvent]:
    """Stripe passed the money of an external refund on: recorded once, never after it failed."""
    known = _known(payment, provider_refund)
    if known.settled or known.failed:
        return []
    return [ExternalRefundSettled(provider_refund=provider_refund)]


def fail(
    payment: Payment, *, provider_refund: str, code: str, entry: entries.Entry
) -> list[PaymentEvent]:
    """The money of an external refund that has not failed yet was returned to our balance."""
    assert not _known(payment, provider_refund).failed
    return [ExternalRefundFailed(provider_refund=provider_refund, code=code, entry=entry)]


def uncover(
    payment: Payment, *, paid: Refund, fresh: str, provider_refund: str, now: dt.datetime
) -> list[PaymentEvent]:
    """What a failed external refund had paid of ours is owed again; finance decides how to pay."""
    assert paid.covered is not None
    assert paid.covered_by == provider_refund
    return [
        RefundUncovered(refund=paid.id, provider_refund=provider_refund),
        *owe_without_sending(
            payment,
            refund=fresh,
            intent=paid.intent,
            amount=paid.covered,
            obligation=paid.obligation,
            code=EXTERNAL_REFUND_FAILED,
            now=now,
        ),
    ]


def evolve(payment: Payment, event: ExternalRefundEvent) -> Payment:
    """The payment after the event."""
    match event:
        case ExternalRefundRecorded():
            return _recorded(payment, event)
        case ExternalRefundAllocated():
            allocation = Allocation(
                purpose=event.purpose,
                amount=event.amount,
                booking=event.booking,
                refund=event.refund,
            )
            known = _known(payment, event.provider_refund)
            after = _with(payment, replace(known, allocations=(*known.allocations, allocation)))
            return _with_parked(after, known.intent)
        case ExternalRefundSettled():
            known = _known(payment, event.provider_refund)
            return _with(payment, replace(known, settled=True))
        case ExternalRefundFailed():
            known = _known(payment, event.provider_refund)
            after = _with(payment, replace(known, failure=event.code))
            return _with_parked(after, known.intent)
        case RefundCovered() | RefundUncovered():
            return _with_refund(payment, event)
        case _:
            assert_never(event)


def _recorded(payment: Payment, event: ExternalRefundRecorded) -> Payment:
    external = ExternalRefund(
        id=event.provider_refund,
        intent=event.intent,
        amount=event.amount,
        made_at=event.made_at,
        accepted_on=event.entry.effective_on,
    )
    return replace(payment, external_refunds=(*payment.external_refunds, external))


def _with(payment: Payment, external: ExternalRefund) -> Payment:
    after = tuple(external if e.id == external.id else e for e in payment.external_refunds)
    return replace(payment, external_refunds=after)


def _with_parked(payment: Payment, intent: str) -> Payment:
    """The payment after the capture knows what of its parked money was refunded by hand."""
    captured = payment.capture(intent)
    assert captured is not None
    returned = [
        part.amount
        for each in payment.external_refunds_of(intent)
        for part in each.allocations
        if part.purpose is Purpose.PARKED_FUNDS
    ]
    by_hand = money.total(returned, captured.amount.currency)
    if by_hand == (captured.by_hand or money.Money(0, by_hand.currency)):
        return payment
    after = replace(captured, by_hand=by_hand)
    captures = tuple(after if each.intent == intent else each for each in payment.captures)
    return replace(payment, captures=captures)


def _with_refund(payment: Payment, event: RefundCovered | RefundUncovered) -> Payment:
    refund = payment.refund(event.refund)
    assert refund is not None, "only a known refund is paid"
    match event:
        case RefundCovered():
            after = replace(
                refund,
                status=RefundStatus.COVERED,
                covered=event.amount,
                covered_by=event.provider_refund,
            )
        case RefundUncovered():
            nothing = money.Money(0, refund.amount.currency)
            after = replace(refund, covered=nothing)
        case _:
            assert_never(event)
    refunds = tuple(after if each.id == after.id else each for each in payment.refunds)
    return replace(payment, refunds=refunds)


def _known(payment: Payment, provider_refund: str) -> ExternalRefund:
    known = payment.external_refund(provider_refund)
    assert known is not None, "facts are recorded only of external refunds that were recorded"
    return known
