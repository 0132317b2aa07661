"""Remedies that bring a fact of Stripe into the books: append it, or give a duplicate back."""

from collections.abc import Sequence

from domain.reconciliation import days, rejections
from domain.reconciliation.breaks import Break, BreakClass
from domain.reconciliation.events import (
    FactsAppended,
    ReconciliationEvent,
    RefundApproved,
    RefundProposed,
)
from domain.reconciliation.matching import RULE
from domain.reconciliation.state import (
    DuplicateCharge,
    FoundBreak,
    ReconciledDay,
    RemedyReason,
)

# What the ledger may lack of Stripe. In its first hour, that is timing: a webhook may still come.
APPENDED_CLASSES: frozenset[BreakClass] = frozenset(
    {"missing_in_ledger", "state", "currency", "timing"}
)


def require_appendable(day: ReconciledDay | None, break_id: str) -> Break:
    """Return the break whose transactions at Stripe are read and appended.

    Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed.
    """
    found = days.require_open(day, break_id).found
    if found.kind not in APPENDED_CLASSES:
        raise rejections.RemedyNotAllowed(field="decision", reason="not_for_this_class")
    return _at_stripe(found)


def append(
    day: ReconciledDay | None,
    break_id: str,
    *,
    transactions: Sequence[str],
    digests: Sequence[str],
    by: str,
    reason: RemedyReason,
) -> list[ReconciliationEvent]:
    """Record what was read at Stripe and appended: a fact of its own needs no second person (N6).

    Rejects what `require_appendable` does.
    """
    require_appendable(day, break_id)
    return [
        FactsAppended(
            break_id=break_id,
            transactions=tuple(transactions),
            digests=tuple(digests),
            by=by,
            reason=reason,
        )
    ]


def require_refundable(day: ReconciledDay | None, break_id: str) -> Break:
    """Return the duplicate that nobody has decided about.

    Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed.
    """
    found = days.require_open(day, break_id).found
    if found.kind != "duplicate":
        raise rejections.RemedyNotAllowed(field="decision", reason="not_for_this_class")
    return _at_stripe(found)


def propose_refund(
    day: ReconciledDay | None,
    break_id: str,
    *,
    duplicate: DuplicateCharge,
    by: str,
    reason: RemedyReason,
) -> list[ReconciliationEvent]:
    """Propose to give the duplicate back; another user decides (N4).

    Rejects what `require_refundable` does.
    """
    require_refundable(day, break_id)
    assert duplicate.amount.amount > 0, "what was taken twice is more than nothing"
    return [RefundProposed(break_id=break_id, duplicate=duplicate, by=by, reason=reason)]


def approve_refund(
    day: ReconciledDay | None, break_id: str, *, by: str, payment: str, refunds: Sequence[str]
) -> list[ReconciliationEvent]:
    """Approve the refund that was requested with it, in the same append (N4)."""
    found: FoundBreak = days.require_approver(day, break_id, by=by)
    assert found.proposed_by is not None
    assert found.decision == "refund"
    return [
        RefundApproved(
            break_id=break_id,
            by=by,
            proposed_by=found.proposed_by,
            payment=payment,
            refunds=tuple(refunds),
        )
    ]


def _at_stripe(found: Break) -> Break:
    """Return a break of transactions of Stripe; a line of the bank proves nothing about them."""
    if found.evidence.rule != RULE or not found.evidence.provider_ids:
        raise rejections.RemedyNotAllowed(field="decision", reason="nothing_at_stripe")
    return found
