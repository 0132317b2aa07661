"""A row while an attempt is requested, unknown or open, none once its outcome is recorded."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.payment import events as payment_events
from domain.payment.state import AttemptStatus
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TABLE = "unfinished_attempts"


class AttemptRow(msgspec.Struct):
    """A row of the table; `payment` is the stream, `ends_at` the end of the session."""

    attempt: str
    payment: str
    status: str
    started_at: dt.datetime
    ends_at: dt.datetime


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Add attempts that started, delete those with an outcome."""
    touched = {e.event.attempt for e in events if hasattr(e.event, "attempt")}
    known = rows.load(cursor, TABLE, "attempt", touched, AttemptRow)
    open_attempts = {row.attempt: row for row in known}
    for logged in events:
        match logged.event:
            case payment_events.AttemptStarted(attempt=attempt):
                open_attempts[attempt] = AttemptRow(
                    attempt,
                    logged.stream,
                    AttemptStatus.REQUESTED,
                    logged.event.started_at,
                    logged.event.expires_at,
                )
            case payment_events.AttemptUnresolved(attempt=attempt):
                if attempt in open_attempts:
                    open_attempts[attempt].status = AttemptStatus.UNKNOWN
            case payment_events.SessionOpened(attempt=attempt, expires_at=ends_at):
                if attempt in open_attempts:
                    open_attempts[attempt].status = AttemptStatus.OPEN
                    open_attempts[attempt].ends_at = ends_at
            case (
                payment_events.AttemptRefused(attempt=attempt)
                | payment_events.AttemptExpired(attempt=attempt)
                | payment_events.PaymentCaptured(attempt=attempt)
            ):
                open_attempts.pop(attempt, None)
            case event:
                raise AssertionError(f"{event.tag} is not among the wanted events")
    finished = [row.attempt for row in known if row.attempt not in open_attempts]
    rows.delete(cursor, TABLE, "attempt", finished)
    rows.upsert(cursor, TABLE, ("attempt",), list(open_attempts.values()))


PROJECTION = Projection(
    name="unfinished_attempts",
    event_types=(
        payment_events.AttemptStarted,
        payment_events.AttemptUnresolved,
        payment_events.SessionOpened,
        payment_events.AttemptRefused,
        payment_events.AttemptExpired,
        payment_events.PaymentCaptured,
    ),
    apply=apply,
    stops_on_poison=False,
)
