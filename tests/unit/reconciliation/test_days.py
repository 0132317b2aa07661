"""What a run records of a day, and the decisions of two persons about its breaks."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from domain.kernel import entries
from domain.kernel.fold import fold
from domain.kernel.money import Money
from domain.reconciliation import days
from domain.reconciliation.breaks import Break
from domain.reconciliation.events import BreakCleared, BreakDetected, ReconciliationEvent
from domain.reconciliation.records import Legs, UnrelatedLine
from domain.reconciliation.rejections import (
    ApproverMustDiffer,
    BreakNotFound,
    BreakNotOpen,
    RemedyNotAllowed,
    RemedyNotProposed,
)
from domain.reconciliation.state import DayTotal, ReconciledDay
from tests.support import examples
from tests.support.legs import bank_line, breaks_of, capture, listed

TOTALS = (DayTotal("SAR", 70_000, 0),)
(FOUND,) = breaks_of(
    Legs(facts=(capture(Money(70_150, "SAR")),), listed=(listed(Money(70_000, "SAR")),))
)
(MISSING,) = breaks_of(Legs(facts=(capture(Money(70_150, "SAR"), "ch_2"),)))
ENTRY = entries.Entry(
    effective_on=examples.NOW.date(),
    rule="reconciliation_write_off",
    version=1,
    references=(FOUND.id,),
    postings=(
        entries.Posting("6000", "reconciliation-2026-11-20", 150, "SAR"),
        entries.Posting("1010", "reconciliation-2026-11-20", -150, "SAR"),
    ),
)


def after(events: Sequence[ReconciliationEvent], day: ReconciledDay | None = None) -> ReconciledDay:
    state = fold(days.evolve, day, events)
    assert state is not None
    return state


def run(day: ReconciledDay | None, *found: Break, inputs: str = "h1") -> list[ReconciliationEvent]:
    return days.compare(day, inputs=inputs, totals=TOTALS, found=found)


def found_day() -> ReconciledDay:
    return after(run(None, FOUND, MISSING))


def proposed_day() -> ReconciledDay:
    day = found_day()
    return after(days.propose(day, FOUND.id, account="6000", by="user_1", reason="rounding"), day)


def test_a_second_run_over_the_same_rows_records_nothing() -> None:
    assert run(found_day(), MISSING, FOUND) == []


def test_a_day_without_rows_is_recorded_once() -> None:
    events = days.compare(None, inputs="empty", totals=(), found=())
    assert len(events) == 1
    assert days.compare(after(events), inputs="empty", totals=(), found=()) == []


def test_a_break_that_a_run_no_longer_finds_is_cleared_and_found_again_later() -> None:
    day = found_day()
    events = run(day, FOUND)
    assert events == [BreakCleared(break_id=MISSING.id)]
    assert run(after(events, day), FOUND, MISSING) == [BreakDetected(found=MISSING)]


def test_a_write_off_needs_another_person_than_who_proposed_it() -> None:
    day = proposed_day()
    with pytest.raises(ApproverMustDiffer):
        days.approve(day, FOUND.id, by="user_1", entry=ENTRY)
    with pytest.raises(ApproverMustDiffer):
        days.decline(day, FOUND.id, by="user_1", reason="not_justified")
    approved = after(days.approve(day, FOUND.id, by="user_2", entry=ENTRY), day)
    assert approved.breaks[FOUND.id].status == "resolved"
    with pytest.raises(RemedyNotProposed):
        days.approve(approved, FOUND.id, by="user_2", entry=ENTRY)


def test_a_write_off_that_was_declined_may_be_proposed_again() -> None:
    day = proposed_day()
    day = after(days.decline(day, FOUND.id, by="user_2", reason="not_justified"), day)
    assert days.propose(day, FOUND.id, account="6000", by="user_2", reason="rounding")


def test_a_proposal_lapses_when_a_run_finds_another_amount() -> None:
    other = replace(FOUND, amount=Money(151, "SAR"))
    day = proposed_day()
    day = after(run(day, other, MISSING), day)
    with pytest.raises(RemedyNotProposed):
        days.approve(day, FOUND.id, by="user_2", entry=ENTRY)


def test_what_staff_resolved_stays_resolved_while_its_evidence_is_the_same() -> None:
    day = found_day()
    day = after(days.resolve(day, MISSING.id, by="user_1", reason="settles_later"), day)
    assert run(day, FOUND, MISSING) == []
    other = replace(MISSING, amount=Money(1, "SAR"))
    assert run(day, FOUND, other) == [BreakDetected(found=other)]


def test_one_person_resolves_no_difference_of_amounts() -> None:
    with pytest.raises(RemedyNotAllowed):
        days.resolve(found_day(), FOUND.id, by="user_1", reason="settles_later")


def test_nothing_is_decided_about_an_unknown_or_a_resolved_break() -> None:
    with pytest.raises(BreakNotFound):
        days.resolve(None, FOUND.id, by="user_1", reason="settles_later")
    day = proposed_day()
    with pytest.raises(BreakNotOpen):
        days.propose(day, FOUND.id, account="6000", by="user_2", reason="rounding")


def test_a_line_of_the_bank_is_imported_once_and_a_day_without_lines_is_covered() -> None:
    line = bank_line(Money(5, "SAR"))
    day = after(days.import_lines(None, file="f1", lines=(line, line), by="user_1"))
    assert day.lines == {line.id: line}
    assert days.import_lines(day, file="f2", lines=(line,), by="user_1") == []
    assert after(days.import_lines(None, file="f1", lines=(), by="user_1")).lines == {}


def test_an_unrelated_line_is_imported_once_beside_the_others() -> None:
    other = UnrelatedLine(
        id="bank_2", booked_on=examples.NOW.date(), amount=FOUND.amount, reference=None, digests=()
    )
    line = bank_line(Money(5, "SAR"))
    day = after(days.import_lines(None, file="f1", lines=(), unrelated=(other, other), by="u"))
    assert (day.lines, day.unrelated) == ({}, {other.id: other})
    assert days.import_lines(day, file="f1", lines=(), unrelated=(other,), by="u") == []
    more = days.import_lines(day, file="f2", lines=(line,), unrelated=(other,), by="u")
    assert after(more, day).lines == {line.id: line}
    assert len(more) == 1
