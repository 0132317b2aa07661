"""Refunds of captured money. A decision that was made already returns no events.

Stripe's answers may arrive in any order and any number of times; an answer that is older than the
end of a refund has no effect.
"""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.kernel import entries, money
from domain.payment import rejections
from domain.payment.events import (
    PaymentEvent,
    RefundAccepted,
    RefundActionRequired,
    RefundEvent,
    RefundFailed,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundTransferred,
    RefundUnresolved,
)
from domain.payment.state import NOT_REFUNDED, Payment, Refund, RefundStatus

# At Stripe, and not passed on to the payer yet.
AT_STRIPE = frozenset({RefundStatus.ACCEPTED, RefundStatus.REQUIRES_ACTION})
# Stripe's word for a refund that was withdrawn before the payer's bank had it.
CANCELED = "canceled"
UNANSWERED = frozenset({RefundStatus.REQUESTED, RefundStatus.UNKNOWN})


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
    """Record the intention to refund; once for an obligation and intent (M6).

    Rejects RefundExceedsCaptured (M5).
    """
    if any(r.obligation == obligation and r.intent == intent for r in payment.refunds):
        return []
    whole = amount == payment.refundable(intent)
    assert whole or money.is_chargeable(amount), "Stripe refunds what it can charge, or all it has"
    return _request(
        payment,
        refund=refund,
        intent=intent,
        amount=amount,
        obligation=obligation,
        idempotency_key=idempotency_key,
        now=now,
    )


def send_again(
    payment: Payment,
    *,
    failed: Refund,
    refund: str,
    intent: str,
    idempotency_key: str,
    now: dt.datetime,
) -> list[PaymentEvent]:
    """Record the intention to refund again what a refused or failed refund did not (M6).

    The money may come from a capture of another payment. Rejects RefundNotFailed,
    RefundExceedsCaptured (M5) and ChargeDisputed.
    """
    if failed.status not in NOT_REFUNDED:
        raise rejections.RefundNotFailed(reason=failed.status)
    require_no_open_dispute(payment, intent)
    return _request(
        payment,
        refund=refund,
        intent=intent,
        amount=failed.amount,
        obligation=failed.obligation,
        idempotency_key=idempotency_key,
        now=now,
        replaces=failed.id,
    )


def require_no_open_dispute(payment: Payment, intent: str) -> None:
    """The bank has decided every dispute of the capture; otherwise ChargeDisputed (M9)."""
    disputed = payment.open_dispute(intent)
    if disputed is not None:
        raise rejections.ChargeDisputed(
            reason="charge_disputed", dispute=disputed.id, nextStep="await_the_end_of_the_dispute"
        )


def _request(
    payment: Payment,
    *,
    refund: str,
    intent: str,
    amount: money.Money,
    obligation: str,
    idempotency_key: str,
    now: dt.datetime,
    replaces: str | None = None,
) -> list[PaymentEvent]:
    assert amount.amount > 0, "nothing is refunded without an amount"
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
            replaces=replaces,
        )
    ]


def transfer(
    payment: Payment,
    *,
    failed: Refund,
    sent_again: bool,
    bank_reference: str,
    paid_on: dt.date,
    entry: entries.Entry,
) -> list[PaymentEvent]:
    """Finance paid what a refused or failed refund did not, by a transfer of the bank (M6).

    The entry's day is today's. The same transfer again records nothing. Rejects RefundNotFailed,
    also where it was `sent_again`, ChargeDisputed, and InvalidBankTransfer for a value date to come
    or before the refund was requested.
    """
    if failed.bank_reference == bank_reference:
        return []
    if failed.status not in NOT_REFUNDED or sent_again:
        reason = "sent_again" if sent_again else failed.status
        raise rejections.RefundNotFailed(reason=reason)
    require_no_open_dispute(payment, failed.intent)
    if not entries.accounting_day(failed.requested_at) <= paid_on <= entry.effective_on:
        raise rejections.InvalidBankTransfer(field="paidOn", reason="not_between_request_and_today")
    assert payment.refund(failed.id) == failed
    return [
        RefundTransferred(
            refund=failed.id, bank_reference=bank_reference, paid_on=paid_on, entry=entry
        )
    ]


def mark_refund_unresolved(payment: Payment, *, refund: str) -> list[PaymentEvent]:
    """Stripe did not answer in time (M4)."""
    if _known(payment, refund).status is not RefundStatus.REQUESTED:
        return []
    return [RefundUnresolved(refund=refund)]


def accept_refund(
    payment: Payment, *, refund: str, provider_refund: str, entry: entries.Entry
) -> list[PaymentEvent]:
    """Stripe has the refund: recorded once (M7).

    Also after a refusal: money that left our balance is a fact, whatever Stripe answered before.
    """
    if _known(payment, refund).provider_refund is not None:
        return []
    return [RefundAccepted(refund=refund, provider_refund=provider_refund, entry=entry)]


def settle_refund(payment: Payment, *, refund: str, provider_refund: str) -> list[PaymentEvent]:
    """Stripe passed the money of an accepted refund on; never after it failed."""
    known = _known(payment, refund)
    if known.status not in AT_STRIPE or known.provider_refund != provider_refund:
        return []
    return [RefundSettled(refund=refund)]


def await_action(payment: Payment, *, refund: str, provider_refund: str) -> list[PaymentEvent]:
    """Stripe has an accepted refund and waits for its customer; never after it went on."""
    known = _known(payment, refund)
    if known.status is not RefundStatus.ACCEPTED or known.provider_refund != provider_refund:
        return []
    return [RefundActionRequired(refund=refund)]


def refuse_refund(payment: Payment, *, refund: str, code: str) -> list[PaymentEvent]:
    """Stripe refused the refund before it accepted it, also where it waited for a dispute that
    nobody knows.
    """
    if _known(payment, refund).status not in UNANSWERED | {RefundStatus.WAITING}:
        return []
    return [RefundRefused(refund=refund, code=code)]


def fail_refund(
    payment: Payment, *, refund: str, provider_refund: str, code: str, entry: entries.Entry
) -> list[PaymentEvent]:
    """The money of an accepted refund was returned, even after Stripe had passed it on."""
    known = _known(payment, refund)
    if known.status not in AT_STRIPE | {RefundStatus.SETTLED}:
        return []
    if known.provider_refund != provider_refund:
        return []
    transferred = known.bank_reference is not None
    return [RefundFailed(refund=refund, code=code, entry=entry, transferred=transferred)]


def evolve(payment: Payment, event: RefundEvent) -> Payment:
    """The payment after the event."""
    match event:
        case RefundRequested():
            return _requested(payment, event)
        case RefundAccepted():
            return _with_refund(
                payment,
                event.refund,
                status=RefundStatus.ACCEPTED,
                provider_refund=event.provider_refund,
                accepted_on=event.entry.effective_on,
            )
        case RefundActionRequired():
            return _with_refund(payment, event.refund, status=RefundStatus.REQUIRES_ACTION)
        case RefundSettled():
            return _with_refund(payment, event.refund, status=RefundStatus.SETTLED)
        case RefundUnresolved():
            return _with_refund(payment, event.refund, status=RefundStatus.UNKNOWN)
        case RefundRefused():
            return _with_refund(
                payment, event.refund, status=RefundStatus.REFUSED, failure=event.code
            )
        case RefundFailed():
            return _with_refund(
                payment, event.refund, status=status_after(event), failure=event.code
            )
        case RefundTransferred():
            return _with_refund(
                payment,
                event.refund,
                status=RefundStatus.TRANSFERRED,
                bank_reference=event.bank_reference,
                transferred_on=event.paid_on,
            )
        case _:
            assert_never(event)


def status_after(event: RefundFailed) -> RefundStatus:
    """The status of a refund whose money was returned to our balance."""
    if event.transferred:
        return RefundStatus.TRANSFERRED
    return RefundStatus.CANCELED if event.code == CANCELED else RefundStatus.FAILED


def _requested(payment: Payment, event: RefundRequested) -> Payment:
    refund = Refund(
        id=event.refund,
        intent=event.intent,
        amount=event.amount,
        obligation=event.obligation,
        idempotency_key=event.idempotency_key,
        requested_at=event.requested_at,
        replaces=event.replaces,
    )
    return replace(payment, refunds=(*payment.refunds, refund))


def _with_refund(payment: Payment, refund: str, **changes: str | dt.date) -> Payment:
    refunds = tuple(replace(r, **changes) if r.id == refund else r for r in payment.refunds)
    return replace(payment, refunds=refunds)


def _known(payment: Payment, refund: str) -> Refund:
    known = payment.refund(refund)
    assert known is not None, "outcomes are recorded only for refunds that were requested"
    return known
