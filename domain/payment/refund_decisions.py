"""What may happen to a refund of captured money. An empty list means: already so.

Stripe's answers may arrive in any order and any number of times; a refund that came to an end is
not revived by older news.
"""

import datetime as dt

from domain.kernel import entries, money
from domain.payment import rejections
from domain.payment.events import (
    PaymentEvent,
    RefundAccepted,
    RefundFailed,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnresolved,
)
from domain.payment.state import Payment, Refund, RefundStatus

UNTOLD = frozenset({RefundStatus.REQUESTED, RefundStatus.UNKNOWN})


def request_refund(
    payment: Payment,
    *,
    refund: str,
    intent: str,
    amount: money.Money,
    obligation: str,
    idempotency_key: str,
    now: dt.datetime,
) -> list[PaymentEvent]:
    """Record the intention to give back; once for an obligation and intent (M6).

    Rejects RefundExceedsCaptured (M5).
    """
    assert money.is_chargeable(amount), "Stripe gives back what it can charge"
    if any(r.obligation == obligation and r.intent == intent for r in payment.refunds):
        return []
    assert payment.refund(refund) is None, "each refund has an id of its own"
    free = payment.refundable(intent)
    if amount.currency != free.currency or amount.amount > free.amount:
        raise rejections.RefundExceedsCaptured()
    return [
        RefundRequested(
            refund=refund,
            intent=intent,
            amount=amount,
            obligation=obligation,
            idempotency_key=idempotency_key,
            requested_at=now,
        )
    ]


def leave_refund_unresolved(payment: Payment, *, refund: str) -> list[PaymentEvent]:
    """Stripe did not answer in time (M4)."""
    if _known(payment, refund).status is not RefundStatus.REQUESTED:
        return []
    return [RefundUnresolved(refund=refund)]


def accept_refund(
    payment: Payment, *, refund: str, provider_refund: str, entry: entries.Entry
) -> list[PaymentEvent]:
    """Stripe has the refund: recorded once (M7).

    Also after a refusal: money that left our balance is a fact, whatever we were told before.
    """
    if _known(payment, refund).provider_refund is not None:
        return []
    return [RefundAccepted(refund=refund, provider_refund=provider_refund, entry=entry)]


def settle_refund(payment: Payment, *, refund: str, provider_refund: str) -> list[PaymentEvent]:
    """Stripe passed the money of an accepted refund on; never after it failed."""
    known = _known(payment, refund)
    if known.status is not RefundStatus.ACCEPTED or known.provider_refund != provider_refund:
        return []
    return [RefundSettled(refund=refund)]


def refuse_refund(payment: Payment, *, refund: str, code: str) -> list[PaymentEvent]:
    """Stripe said a definite no: nothing was accepted."""
    if _known(payment, refund).status not in UNTOLD:
        return []
    return [RefundRefused(refund=refund, code=code)]


def fail_refund(
    payment: Payment, *, refund: str, provider_refund: str, code: str, entry: entries.Entry
) -> list[PaymentEvent]:
    """The money of an accepted refund came back, be it after Stripe had passed it on."""
    known = _known(payment, refund)
    if known.status not in {RefundStatus.ACCEPTED, RefundStatus.SETTLED}:
        return []
    if known.provider_refund != provider_refund:
        return []
    return [RefundFailed(refund=refund, code=code, entry=entry)]


def _known(payment: Payment, refund: str) -> Refund:
    known = payment.refund(refund)
    assert known is not None, "outcomes are recorded only for refunds that were requested"
    return known
