"""Disputes of captured money. A decision that was made already returns no events.

Stripe's events arrive late, twice and in any order: the caller reports the dispute as it is now,
and each fact is recorded once, by the id of the dispute or of the balance transaction.
"""

import datetime as dt
from collections.abc import Container
from typing import assert_never

from msgspec.structs import replace

from domain.kernel import entries, money
from domain.payment.dispute_events import (
    DisputeChanged,
    DisputeClosed,
    DisputeEvent,
    DisputeEvidenceSubmitted,
    DisputeFundsReinstated,
    DisputeFundsWithdrawn,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    FraudWarned,
    InquiryOpened,
    RefundChargedBack,
    RefundPostponed,
    RefundResumed,
)
from domain.payment.dispute_state import Dispute, DisputeStage
from domain.payment.events import PaymentEvent, RefundRequested
from domain.payment.refunds import UNANSWERED
from domain.payment.state import NOT_REFUNDED, Payment, Refund, RefundStatus

# Stripe refuses to refund a disputed charge with the first code, and fails a pending refund with
# the second (https://docs.stripe.com/error-codes, https://docs.stripe.com/api/refunds/object).
CHARGE_DISPUTED = "charge_disputed"
PENDING_REFUND_DISPUTED = "charge_for_pending_refund_disputed"
# From these it may become an open dispute; a lost one stays lost, a won one is opened by an appeal.
_OPENS_FROM = frozenset({None, DisputeStage.INQUIRY, DisputeStage.CLOSED})


def warn(
    payment: Payment, *, warning: str, intent: str, charge: str, fraud_type: str
) -> list[DisputeEvent]:
    """The payer's bank suspects fraud."""
    if warning in payment.fraud_warnings:
        return []
    return [FraudWarned(warning=warning, intent=intent, charge=charge, fraud_type=fraud_type)]


def report(payment: Payment, reported: Dispute, *, appealed: bool = False) -> list[DisputeEvent]:
    """The dispute is an inquiry or open at Stripe, or was before it ended.

    Of `reported`, the counts and the money are not read: they have decisions of their own.
    """
    known = payment.dispute(reported.id)
    stage = None if known is None else known.stage
    inquiry = reported.stage is DisputeStage.INQUIRY
    reopened = appealed and stage is DisputeStage.WON
    if (inquiry and stage is None) or (not inquiry and (stage in _OPENS_FROM or reopened)):
        opened = InquiryOpened if inquiry else DisputeOpened
        return [
            opened(
                dispute=reported.id,
                intent=reported.intent,
                charge=reported.charge,
                amount=reported.amount,
                reason=reported.reason,
                evidence_due_at=reported.evidence_due_at,
            )
        ]
    assert known is not None
    same = (known.amount, known.evidence_due_at) == (reported.amount, reported.evidence_due_at)
    if same or not known.is_undecided:
        return []
    return [
        DisputeChanged(
            dispute=known.id, amount=reported.amount, evidence_due_at=reported.evidence_due_at
        )
    ]


def withdraw(
    payment: Payment,
    *,
    dispute: str,
    transaction: str,
    amount: money.Money,
    fee: money.Money,
    entry: entries.Entry,
) -> list[DisputeEvent]:
    """Stripe took the money: once for each balance transaction (M10)."""
    if transaction in _known(payment, dispute).transactions:
        return []
    return [
        DisputeFundsWithdrawn(
            dispute=dispute, transaction=transaction, amount=amount, fee=fee, entry=entry
        )
    ]


def reinstate(
    payment: Payment,
    *,
    dispute: str,
    transaction: str,
    amount: money.Money,
    fee: money.Money,
    recovered: int,
    entry: entries.Entry,
) -> list[DisputeEvent]:
    """Stripe returned money: once for each balance transaction (M10)."""
    if transaction in _known(payment, dispute).transactions:
        return []
    return [
        DisputeFundsReinstated(
            dispute=dispute,
            transaction=transaction,
            amount=amount,
            fee=fee,
            recovered=recovered,
            entry=entry,
        )
    ]


def recovered_of(dispute: Dispute, amount: money.Money) -> int:
    """How much of money that comes back was lost by our books: what the receivable does not hold.

    In minor units.
    """
    return max(amount.amount - dispute.receivable, 0)


def parked_again(payment: Payment, dispute: Dispute, recovered: int) -> int:
    """How much of what is `recovered` had been parked, and is again; the rest was a loss.

    A loss takes parked money first, so that it comes back last. In minor units.
    """
    captured = payment.capture(dispute.intent)
    assert captured is not None, "only captured money is disputed"
    parked = 0 if captured.owed_by is not None else captured.unapplied().amount
    return min(parked, dispute.lost) - min(parked, max(dispute.lost - recovered, 0))


def submit_evidence(payment: Payment, *, dispute: str, submission_count: int) -> list[DisputeEvent]:
    """Stripe has passed evidence on so often; a lower count is an older report."""
    if submission_count <= _known(payment, dispute).submission_count:
        return []
    return [DisputeEvidenceSubmitted(dispute=dispute, submission_count=submission_count)]


def win(payment: Payment, *, dispute: str) -> list[DisputeEvent]:
    """The bank decided for the airline, in the end also after it had decided for the payer."""
    if _known(payment, dispute).stage is DisputeStage.WON:
        return []
    return [DisputeWon(dispute=dispute)]


def lose(payment: Payment, *, dispute: str, entry: entries.Entry | None) -> list[DisputeEvent]:
    """The bank decided for the payer.

    Recorded again where Stripe takes money of a dispute that was lost before.
    """
    known = _known(payment, dispute)
    if known.stage is DisputeStage.LOST and not known.receivable:
        return []
    amount = money.Money(known.receivable, known.amount.currency)
    return [DisputeLost(dispute=dispute, amount=amount, entry=entry)]


def close(payment: Payment, *, dispute: str) -> list[DisputeEvent]:
    """The inquiry or dispute ended, and no money is kept for it."""
    if not _known(payment, dispute).is_undecided:
        return []
    return [DisputeClosed(dispute=dispute)]


def postpone_refund(payment: Payment, *, refund: str) -> list[DisputeEvent]:
    """The refund waits for the end of a dispute; Stripe was asked and does not have it (M9)."""
    if _known_refund(payment, refund).status not in UNANSWERED:
        return []
    return [RefundPostponed(refund=refund)]


def resume_refund(
    payment: Payment, *, refund: str, idempotency_key: str, now: dt.datetime
) -> list[DisputeEvent]:
    """The refund no longer waits: it is requested under a new key, because Stripe forgets the old
    one within a day, and keeps its refusal under it until then.
    """
    waiting = _known_refund(payment, refund)
    if waiting.status is not RefundStatus.WAITING or payment.open_dispute(waiting.intent):
        return []
    return [RefundResumed(refund=refund, idempotency_key=idempotency_key, requested_at=now)]


def charge_back_refund(
    payment: Payment, *, refund: str, dispute: str, amount: money.Money, entry: entries.Entry
) -> list[DisputeEvent]:
    """The payer has this much of an unpaid refund by a lost dispute."""
    unpaid = _known_refund(payment, refund)
    replaced = {each.replaces for each in payment.refunds}
    assert unpaid in unpaid_refunds(payment, unpaid.intent, replaced=replaced)
    assert 0 < amount.amount <= unpaid.amount.amount
    return [RefundChargedBack(refund=refund, dispute=dispute, amount=amount, entry=entry)]


def request_rest(
    payment: Payment, *, refund: str, fresh: str, idempotency_key: str, now: dt.datetime
) -> list[PaymentEvent]:
    """Request what a dispute did not pay of a refund that it paid in part; `fresh` is the id of the
    refund that replaces it.
    """
    before = _known_refund(payment, refund)
    assert before.charged_back is not None
    return [
        RefundRequested(
            refund=fresh,
            intent=before.intent,
            amount=before.amount - before.charged_back,
            obligation=before.obligation,
            idempotency_key=idempotency_key,
            requested_at=now,
            replaces=before.id,
        )
    ]


def unpaid_refunds(
    payment: Payment, intent: str, *, replaced: Container[str | None]
) -> list[Refund]:
    """The refunds of the capture that the payer does not have and will not get from Stripe.

    One whose outcome is unknown is not among them: Stripe may have it. `replaced` are those in
    whose place others were sent, maybe from other payments of the booking.
    """
    unpaid = NOT_REFUNDED | {RefundStatus.REQUESTED, RefundStatus.WAITING}
    return [
        each
        for each in payment.refunds
        if each.intent == intent and each.status in unpaid and each.id not in replaced
    ]


def waits_for_dispute(payment: Payment, intent: str) -> bool:
    """Whether a refund that Stripe refuses because of a dispute should wait for its end.

    Where we know disputes of the capture and none is open, waiting would never end.
    """
    known = any(each.intent == intent for each in payment.disputes)
    return payment.open_dispute(intent) is not None or not known


def evolve(payment: Payment, event: DisputeEvent) -> Payment:
    """The payment after the event."""
    match event:
        case FraudWarned():
            return replace(payment, fraud_warnings=payment.fraud_warnings | {event.warning})
        case InquiryOpened() | DisputeOpened():
            return _opened(payment, event)
        case DisputeChanged():
            return _with_dispute(
                payment,
                replace(
                    _known(payment, event.dispute),
                    amount=event.amount,
                    evidence_due_at=event.evidence_due_at,
                ),
            )
        case DisputeEvidenceSubmitted():
            known = _known(payment, event.dispute)
            return _with_dispute(payment, replace(known, submission_count=event.submission_count))
        case DisputeFundsWithdrawn() | DisputeFundsReinstated():
            return _moved(payment, event)
        case DisputeWon() | DisputeLost() | DisputeClosed():
            return _ended(payment, event)
        case RefundPostponed() | RefundResumed() | RefundChargedBack():
            return _with_refund(payment, event)
        case _:
            assert_never(event)


def _opened(payment: Payment, event: InquiryOpened | DisputeOpened) -> Payment:
    inquiry = isinstance(event, InquiryOpened)
    stage = DisputeStage.INQUIRY if inquiry else DisputeStage.OPEN
    known = payment.dispute(event.dispute)
    if known is not None:
        return _with_dispute(
            payment,
            replace(
                known,
                stage=stage,
                amount=event.amount,
                reason=event.reason,
                evidence_due_at=event.evidence_due_at,
            ),
        )
    fresh = Dispute(
        id=event.dispute,
        intent=event.intent,
        charge=event.charge,
        amount=event.amount,
        reason=event.reason,
        stage=stage,
        evidence_due_at=event.evidence_due_at,
    )
    return replace(payment, disputes=(*payment.disputes, fresh))


def _moved(payment: Payment, event: DisputeFundsWithdrawn | DisputeFundsReinstated) -> Payment:
    known = _known(payment, event.dispute)
    if isinstance(event, DisputeFundsWithdrawn):
        receivable, lost = known.receivable + event.amount.amount, known.lost
    else:
        receivable = known.receivable - (event.amount.amount - event.recovered)
        lost = max(known.lost - event.recovered, 0)
    return _with_dispute(
        payment,
        replace(
            known,
            receivable=receivable,
            lost=lost,
            transactions=known.transactions | {event.transaction},
        ),
    )


def _ended(payment: Payment, event: DisputeWon | DisputeLost | DisputeClosed) -> Payment:
    known = _known(payment, event.dispute)
    match event:
        case DisputeWon():
            after = replace(known, stage=DisputeStage.WON)
        case DisputeLost():
            after = replace(
                known,
                stage=DisputeStage.LOST,
                receivable=known.receivable - event.amount.amount,
                lost=known.lost + event.amount.amount,
            )
        case DisputeClosed():
            after = replace(known, stage=DisputeStage.CLOSED)
        case _:
            assert_never(event)
    return _with_dispute(payment, after)


def _with_refund(
    payment: Payment, event: RefundPostponed | RefundResumed | RefundChargedBack
) -> Payment:
    before = _known_refund(payment, event.refund)
    match event:
        case RefundPostponed():
            after = replace(before, status=RefundStatus.WAITING)
        case RefundResumed():
            after = replace(
                before,
                status=RefundStatus.REQUESTED,
                idempotency_key=event.idempotency_key,
                requested_at=event.requested_at,
            )
        case RefundChargedBack():
            after = replace(before, status=RefundStatus.CHARGED_BACK, charged_back=event.amount)
        case _:
            assert_never(event)
    refunds = tuple(after if each.id == after.id else each for each in payment.refunds)
    return replace(payment, refunds=refunds)


def _with_dispute(payment: Payment, dispute: Dispute) -> Payment:
    disputes = tuple(dispute if each.id == dispute.id else each for each in payment.disputes)
    return replace(payment, disputes=disputes)


def _known(payment: Payment, dispute: str) -> Dispute:
    known = payment.dispute(dispute)
    assert known is not None, "facts are recorded only of disputes that were reported"
    return known


def _known_refund(payment: Payment, refund: str) -> Refund:
    known = payment.refund(refund)
    assert known is not None, "what becomes of a refund is recorded only after it was requested"
    return known
