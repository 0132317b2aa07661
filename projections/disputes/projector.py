"""One row for each dispute and each fraud warning; a warning stays as it is."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.payment import dispute_events as events
from domain.payment.dispute_state import DisputeStage
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "disputes"
WARNING = "warning"


class DisputeRow(msgspec.Struct):
    """A row of the table; `payment` is the stream, amounts are in the charge's currency.

    A warning has its own id as `dispute`, no amount, and the kind of fraud as `reason`.
    """

    dispute: str
    payment: str
    intent: str
    charge: str
    stage: str
    amount: int
    currency: str
    reason: str
    evidence_due_at: dt.datetime | None
    submission_count: int
    receivable: int
    opened_at: dt.datetime


def apply(cursor: Cursor, logged_events: Sequence[LoggedEvent]) -> None:
    """Load the disputes that the events are about, change them, write them back."""
    touched = {name for e in logged_events if (name := getattr(e.event, "dispute", None))}
    known = {row.dispute: row for row in rows.load(cursor, TABLE, "dispute", touched, DisputeRow)}
    for logged in logged_events:
        match logged.event:
            case events.FraudWarned() as event:
                known[event.warning] = _warned(logged, event)
            case events.InquiryOpened() | events.DisputeOpened() as event:
                known[event.dispute] = _opened(logged, event, known.get(event.dispute))
            case event:
                _change(known[event.dispute], event)  # type: ignore[attr-defined]  # EVENT_TYPES
    rows.upsert(cursor, TABLE, ("dispute",), list(known.values()))


def _change(row: DisputeRow, event: object) -> None:
    match event:
        case events.DisputeChanged():
            row.amount, row.evidence_due_at = event.amount.amount, event.evidence_due_at
        case events.DisputeEvidenceSubmitted():
            row.submission_count = event.submission_count
        case events.DisputeFundsWithdrawn():
            row.receivable += event.amount.amount
        case events.DisputeFundsReinstated():
            row.receivable -= event.amount.amount - event.recovered
        case events.DisputeWon():
            row.stage = DisputeStage.WON
        case events.DisputeLost():
            row.stage = DisputeStage.LOST
            row.receivable -= event.amount.amount
        case events.DisputeClosed():
            row.stage = DisputeStage.CLOSED
        case _:
            raise AssertionError(f"{event} is not among the wanted events")


def _warned(logged: LoggedEvent, event: events.FraudWarned) -> DisputeRow:
    return DisputeRow(
        dispute=event.warning,
        payment=logged.stream,
        intent=event.intent,
        charge=event.charge,
        stage=WARNING,
        amount=0,
        currency="",
        reason=event.fraud_type,
        evidence_due_at=None,
        submission_count=0,
        receivable=0,
        opened_at=logged.recorded_at,
    )


def _opened(
    logged: LoggedEvent,
    event: events.InquiryOpened | events.DisputeOpened,
    before: DisputeRow | None,
) -> DisputeRow:
    inquiry = isinstance(event, events.InquiryOpened)
    return DisputeRow(
        dispute=event.dispute,
        payment=logged.stream,
        intent=event.intent,
        charge=event.charge,
        stage=DisputeStage.INQUIRY if inquiry else DisputeStage.OPEN,
        amount=event.amount.amount,
        currency=event.amount.currency,
        reason=event.reason,
        evidence_due_at=event.evidence_due_at,
        submission_count=0 if before is None else before.submission_count,
        receivable=0 if before is None else before.receivable,
        opened_at=logged.recorded_at if before is None else before.opened_at,
    )


PROJECTION = Projection(
    name="disputes",
    event_types=(
        events.FraudWarned,
        events.InquiryOpened,
        events.DisputeOpened,
        events.DisputeChanged,
        events.DisputeEvidenceSubmitted,
        events.DisputeFundsWithdrawn,
        events.DisputeFundsReinstated,
        events.DisputeWon,
        events.DisputeLost,
        events.DisputeClosed,
    ),
    apply=apply,
    stops_on_poison=False,
)
