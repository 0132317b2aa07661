"""What a run records of an accounting day, and the decisions about its breaks (N3 to N5)."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec.structs import replace

from domain.kernel import entries
from domain.reconciliation import rejections
from domain.reconciliation.breaks import Break, BreakClass
from domain.reconciliation.events import (
    BankLinesImported,
    BreakCleared,
    BreakDetected,
    BreakResolved,
    DayCompared,
    FactsAppended,
    ReconciliationEvent,
    RefundApproved,
    RefundProposed,
    RemedyApproved,
    RemedyDeclined,
    RemedyProposed,
    UnrelatedLinesImported,
)
from domain.reconciliation.records import BankLine, UnrelatedLine
from domain.reconciliation.state import DayTotal, FoundBreak, ReconciledDay, RemedyReason

# What one leg has and the other never will, and a difference of amounts, may be written off.
WRITE_OFF_CLASSES: frozenset[BreakClass] = frozenset({"amount", "missing_at_stripe"})
# What may still arrive may be marked as timing by one person.
TIMING_CLASSES: frozenset[BreakClass] = frozenset({"timing", "missing_at_stripe", "payout"})


def compare(
    day: ReconciledDay | None, *, inputs: str, totals: tuple[DayTotal, ...], found: Sequence[Break]
) -> list[ReconciliationEvent]:
    """Record what the run found that is not recorded; the same result records nothing (N3).

    What staff resolved stays resolved (N5).
    """
    known: Mapping[str, FoundBreak] = {} if day is None else day.breaks
    recorded: list[ReconciliationEvent] = []
    if day is None or not day.compared or (day.inputs, day.totals) != (inputs, totals):
        recorded.append(DayCompared(inputs=inputs, totals=totals))
    current = {each.id: each for each in found}
    recorded += [
        BreakDetected(found=each)
        for each in sorted(current.values(), key=lambda each: each.id)
        if _is_news(known.get(each.id), each)
    ]
    recorded += [
        BreakCleared(break_id=break_id)
        for break_id, each in sorted(known.items())
        if each.is_open and break_id not in current
    ]
    return recorded


def import_lines(
    day: ReconciledDay | None,
    *,
    file: str,
    lines: Sequence[BankLine],
    unrelated: Sequence[UnrelatedLine] = (),
    by: str,
) -> list[ReconciliationEvent]:
    """Record the lines of the bank that are new, and that a statement covers the day."""
    known = ReconciledDay() if day is None else day
    new = {each.id: each for each in lines if known.lines is None or each.id not in known.lines}
    recorded: list[ReconciliationEvent] = []
    if known.lines is None or new:
        lines = tuple(new[id_] for id_ in sorted(new))
        recorded.append(BankLinesImported(file=file, lines=lines, by=by))
    others = {each.id: each for each in unrelated if each.id not in known.unrelated}
    if others:
        rest = tuple(others[id_] for id_ in sorted(others))
        recorded.append(UnrelatedLinesImported(file=file, lines=rest, by=by))
    return recorded


def require_open(day: ReconciledDay | None, break_id: str) -> FoundBreak:
    """Return the break that nobody has decided about; rejects BreakNotFound and BreakNotOpen."""
    found = _known(day, break_id)
    if found.status != "open":
        raise rejections.BreakNotOpen(reason=found.status)
    return found


def propose(
    day: ReconciledDay | None, break_id: str, *, account: str, by: str, reason: RemedyReason
) -> list[ReconciliationEvent]:
    """Propose to write the difference off to an account; another user decides (N4).

    Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed.
    """
    found = require_open(day, break_id)
    if found.found.kind not in WRITE_OFF_CLASSES:
        raise rejections.RemedyNotAllowed(field="decision", reason="not_for_this_class")
    if found.found.amount.amount == 0:
        raise rejections.RemedyNotAllowed(field="decision", reason="nothing_to_write_off")
    return [
        RemedyProposed(
            break_id=break_id, decision="write_off", account=account, by=by, reason=reason
        )
    ]


def require_approver(day: ReconciledDay | None, break_id: str, *, by: str) -> FoundBreak:
    """Return the break whose proposal another user decides about.

    Rejects BreakNotFound, RemedyNotProposed and ApproverMustDiffer.
    """
    found = _known(day, break_id)
    if found.status != "proposed":
        raise rejections.RemedyNotProposed(reason="not_proposed")
    if found.proposed_by == by:
        raise rejections.ApproverMustDiffer(reason="second_person_needed")
    return found


def approve(
    day: ReconciledDay | None, break_id: str, *, by: str, entry: entries.Entry
) -> list[ReconciliationEvent]:
    """Approve the proposal with the entry that moves the money (N4)."""
    found = require_approver(day, break_id, by=by)
    assert found.proposed_by is not None
    assert found.decision == "write_off"
    return [RemedyApproved(break_id=break_id, by=by, proposed_by=found.proposed_by, entry=entry)]


def decline(
    day: ReconciledDay | None, break_id: str, *, by: str, reason: RemedyReason
) -> list[ReconciliationEvent]:
    """Refuse the proposal: the break is open again."""
    require_approver(day, break_id, by=by)
    return [RemedyDeclined(break_id=break_id, by=by, reason=reason)]


def resolve(
    day: ReconciledDay | None, break_id: str, *, by: str, reason: RemedyReason
) -> list[ReconciliationEvent]:
    """Mark the break as timing, which moves no money; with other evidence it is open again.

    Rejects BreakNotFound, BreakNotOpen and RemedyNotAllowed.
    """
    found = require_open(day, break_id)
    if found.found.kind not in TIMING_CLASSES:
        raise rejections.RemedyNotAllowed(field="decision", reason="not_for_this_class")
    return [BreakResolved(break_id=break_id, decision="mark_as_timing", by=by, reason=reason)]


def evolve(day: ReconciledDay | None, event: ReconciliationEvent) -> ReconciledDay:
    """The day after the event; never rejects a stored fact."""
    known = day or ReconciledDay()
    if isinstance(event, DayCompared):
        return replace(known, inputs=event.inputs, totals=event.totals, compared=True)
    if isinstance(event, BankLinesImported):
        new = {each.id: each for each in event.lines}
        return replace(known, lines={**(known.lines or {}), **new})
    if isinstance(event, UnrelatedLinesImported):
        others = {each.id: each for each in event.lines}
        return replace(known, unrelated={**known.unrelated, **others})
    assert day is not None, "a break is found on a day that was compared"
    if isinstance(event, BreakDetected):
        return _with(day, event.found.id, FoundBreak(found=event.found))
    return _with(day, event.break_id, _decided(day.breaks[event.break_id], event))


def _is_news(known: FoundBreak | None, found: Break) -> bool:
    """Whether it is new, was cleared, or has other evidence; then decisions about it lapse."""
    if known is None or known.status == "cleared":
        return True
    if known.status == "resolved" and known.decision == "append_from_stripe":
        return True  # what Stripe proves did not explain it (N6)
    return known.found != found


def _known(day: ReconciledDay | None, break_id: str) -> FoundBreak:
    if day is None or break_id not in day.breaks:
        raise rejections.BreakNotFound()
    return day.breaks[break_id]


def _decided(
    known: FoundBreak,
    event: BreakCleared
    | BreakResolved
    | FactsAppended
    | RemedyProposed
    | RefundProposed
    | RemedyApproved
    | RefundApproved
    | RemedyDeclined,
) -> FoundBreak:
    match event:
        case BreakCleared():
            return replace(known, status="cleared")
        case BreakResolved(decision=decision, reason=reason):
            return replace(known, status="resolved", decision=decision, reason=reason)
        case FactsAppended(reason=reason):
            return replace(known, status="resolved", decision="append_from_stripe", reason=reason)
        case RemedyProposed():
            return replace(
                known,
                status="proposed",
                decision=event.decision,
                account=event.account,
                proposed_by=event.by,
                reason=event.reason,
            )
        case RefundProposed():
            return replace(
                known,
                status="proposed",
                decision="refund",
                duplicate=event.duplicate,
                proposed_by=event.by,
                reason=event.reason,
            )
        case RemedyApproved() | RefundApproved():
            return replace(known, status="resolved")
        case RemedyDeclined():
            return FoundBreak(found=known.found)
        case _:
            assert_never(event)


def _with(day: ReconciledDay, break_id: str, found: FoundBreak) -> ReconciledDay:
    return replace(day, breaks={**day.breaks, break_id: found})
