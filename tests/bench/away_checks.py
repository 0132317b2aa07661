"""What `bench stripe-away` reads of the database: what is still to do, and what was lost."""

import asyncio
import time
from collections.abc import Iterable

import msgspec
import psycopg
from psycopg.rows import class_row

from application.booking.letters import LETTERS
from tests.support import stored_log

POLL_SECONDS = 0.5

_LEFT = """
SELECT
    (SELECT count(*) FROM read_model.unfinished_refunds
     WHERE status IN ('requested', 'unknown')) AS refunds,
    (SELECT count(*) FROM read_model.signed_captures WHERE status = 'open') AS captures,
    (SELECT count(*) FROM read_model.unfinished_attempts
     WHERE status IN ('requested', 'unknown')) AS attempts,
    (SELECT count(*) FROM inbox.stripe_event WHERE state = 'new') AS events,
    (SELECT count(*) FROM ledger.outbox WHERE sent_at IS NULL) AS messages
"""
# Each must be none in the end.
_LOST = {
    "refunds not settled": "read_model.unfinished_refunds",
    "parked events": "inbox.stripe_event WHERE state = 'parked'",
    "contradicted captures": "read_model.signed_captures WHERE status = 'contradicted'",
    "failed messages": "ledger.outbox WHERE failed_at IS NOT NULL",
    "suspended bookings": "ledger.event WHERE tag = 'booking.coupons_suspended.1'",
    "refused refunds": "ledger.event WHERE tag = 'payment.refund_refused.1'",
}


class Left(msgspec.Struct, frozen=True):
    """Work that needs Stripe: refunds to be sent, captures to be checked, checkouts without an
    outcome, events to be looked up; and messages that are not sent, of any kind."""

    refunds: int
    captures: int
    attempts: int
    events: int
    messages: int

    @property
    def is_done(self) -> bool:
        """Return whether nothing is left."""
        return not any(msgspec.structs.astuple(self))


def left(dsn: str) -> Left:
    """Return what is still to do."""
    with psycopg.connect(dsn) as connection, connection.cursor(row_factory=class_row(Left)) as rows:
        found = rows.execute(_LEFT.encode()).fetchone()
    assert found is not None
    return found


async def until_done(dsn: str, *, seconds: float) -> Left:
    """Return what is left once that is nothing, or after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        found = await asyncio.to_thread(left, dsn)
        if found.is_done or time.monotonic() > end:
            return found
        await asyncio.sleep(POLL_SECONDS)


def lost(dsn: str) -> list[str]:
    """Return what is lost or waits for staff, by kind; raises when the log contradicts itself."""
    stored_log.assert_invariants(dsn)
    stored_log.assert_read_models_follow(dsn)
    with psycopg.connect(dsn) as connection:
        found = {
            kind: connection.execute(f"SELECT count(*) FROM {where}".encode()).fetchone()
            for kind, where in _LOST.items()
        }
    return [f"{row[0]} {kind}" for kind, row in found.items() if row is not None and row[0]]


def refunds_requested(dsn: str) -> int:
    """Return how many refunds there are in the log."""
    return stored_log.count(dsn, "payment.refund_requested.1")


def confirmed_after(dsn: str, paid_at: dict[str, float]) -> dict[str, float]:
    """Return the seconds from its payment to its confirmation of each booking that is confirmed."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT stream, extract(epoch FROM recorded_at)::float8 FROM ledger.event "
            "WHERE tag = 'booking.confirmed.1'"
        ).fetchall()
    return {booking: at - paid_at[booking] for booking, at in rows if booking in paid_at}


def letter_seconds(dsn: str, first: float, last: float) -> list[float]:
    """Return how long each letter took that was ordered between these moments, in seconds."""
    topics = [letter.topic for letter in LETTERS]
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT extract(epoch FROM sent_at - created_at)::float8 FROM ledger.outbox "
            "WHERE topic = ANY(%s) AND sent_at IS NOT NULL "
            "AND created_at BETWEEN to_timestamp(%s) AND to_timestamp(%s)",
            (topics, first, last),
        ).fetchall()
    return [seconds for (seconds,) in rows]


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the value below which so many percent are; 0 without values."""
    found = sorted(values)
    return found[min(len(found) - 1, len(found) * percent // 100)] if found else 0.0
