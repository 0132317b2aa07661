"""Stripe events as received: stored once by their id, sealed, then processed by state.

The row is the truth about an event; the queue only carries its id and may lose it.
"""

from collections.abc import Mapping
from typing import Any, Literal

from application import ports
from application.coordination import Channel
from application.payment.receive_event import InboxEvent
from domain.kernel.sealed import Sealed
from infrastructure.postgres.pool import Pool, raising_unavailable

TRY_LIMIT = 10

_INSERT = """
WITH fresh AS (
    INSERT INTO inbox.stripe_event (id, type, object, state, reason, subject, sealed_body)
    VALUES (%(id)s, %(type)s, %(object)s, %(state)s, %(reason)s, %(subject)s, %(box)s)
    ON CONFLICT (id) DO NOTHING RETURNING id, subject
), key AS (
    INSERT INTO vault.subject_key (subject, wrapped)
    SELECT subject, %(wrapped)s FROM fresh
)
SELECT pg_notify(%(channel)s, id) FROM fresh
"""
_CLAIM = """
UPDATE inbox.stripe_event SET enqueued_at = clock_timestamp()
WHERE id IN (
    SELECT id FROM inbox.stripe_event
    WHERE state = 'new'
      AND (enqueued_at IS NULL OR enqueued_at < clock_timestamp() - make_interval(secs => %s))
    ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id
"""


class StripeInbox:
    """`EventInbox` and `StoredEvents` on inbox.stripe_event; all methods raise Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def store(
        self,
        event: InboxEvent,
        *,
        reason: str | None,
        body: Sealed,
        key: ports.WrappedKey,
    ) -> bool:
        """Store a verified event durably; return False when this id is stored already."""
        parameters = {
            "id": event.id,
            "type": event.type,
            "object": event.object,
            "state": event.state,
            "reason": reason,
            "subject": body.subject,
            "box": body.box,
            "wrapped": key.wrapped,
            "channel": Channel.INBOX,
        }
        rows = await self._execute(_INSERT, parameters)
        return bool(rows)

    async def claim(self, *, again_after_seconds: float, limit: int) -> list[str]:
        """Return ids to enqueue now: new ones, and those enqueued long ago and not finished."""
        rows = await self._execute(_CLAIM, (again_after_seconds, limit))
        return [str(row[0]) for row in rows]

    async def read(self, event_id: str) -> InboxEvent | None:
        """Return the event of this id."""
        rows = await self._execute(
            "SELECT id, type, object, state, tries FROM inbox.stripe_event WHERE id = %s",
            (event_id,),
        )
        return InboxEvent(*rows[0]) if rows else None

    async def finish(
        self, event_id: str, *, state: Literal["done", "ignored"], reason: str | None = None
    ) -> None:
        """Record that the event has been processed."""
        await self._execute(
            "UPDATE inbox.stripe_event SET state = %s, reason = %s, "
            "finished_at = clock_timestamp() WHERE id = %s RETURNING id",
            (state, reason, event_id),
        )

    async def fail(self, event_id: str, *, reason: str) -> None:
        """Record a failed try; after TRY_LIMIT the event is parked for an operator."""
        await self._execute(
            "UPDATE inbox.stripe_event SET tries = tries + 1, reason = %s, "
            "state = CASE WHEN tries + 1 >= %s THEN 'parked' ELSE state END "
            "WHERE id = %s AND state = 'new' RETURNING id",
            (reason, TRY_LIMIT, event_id),
        )

    async def _execute(
        self, query: str, parameters: Mapping[str, object] | tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), parameters)
            return await cursor.fetchall()
