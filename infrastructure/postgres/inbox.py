"""Stripe events as received: stored once by their id, sealed, then worked off by state.

Rule: the row is the truth about an event; the queue only carries its id and may lose it.
"""

from collections.abc import Mapping
from typing import Any, Literal

import psycopg
from psycopg_pool import PoolTimeout

from application import ports
from application.coordination import Channel
from application.payment.receive_event import InboxEvent
from domain.kernel.sealed import Sealed
from infrastructure.postgres.pool import Pool

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
    """`EventInbox` on inbox.stripe_event; raises Unavailable when Postgres is away."""

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
        """Keep a verified event; False when this id is here already. Durable on return."""
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
        """Ids to enqueue now: new ones, and those enqueued long ago without an end."""
        rows = await self._execute(_CLAIM, (again_after_seconds, limit))
        return [str(row[0]) for row in rows]

    async def read(self, event_id: str) -> InboxEvent | None:
        """The event of this id."""
        rows = await self._execute(
            "SELECT id, type, object, state, tries FROM inbox.stripe_event WHERE id = %s",
            (event_id,),
        )
        return InboxEvent(*rows[0]) if rows else None

    async def finish(
        self, event_id: str, *, state: Literal["done", "ignored"], reason: str | None = None
    ) -> None:
        """The event has been worked off."""
        await self._execute(
            "UPDATE inbox.stripe_event SET state = %s, reason = %s, "
            "finished_at = clock_timestamp() WHERE id = %s RETURNING id",
            (state, reason, event_id),
        )

    async def fail(self, event_id: str, *, reason: str) -> None:
        """A try failed for a cause of its own; after TRY_LIMIT it is parked for people."""
        await self._execute(
            "UPDATE inbox.stripe_event SET tries = tries + 1, reason = %s, "
            "state = CASE WHEN tries + 1 >= %s THEN 'parked' ELSE state END "
            "WHERE id = %s AND state = 'new' RETURNING id",
            (reason, TRY_LIMIT, event_id),
        )

    async def _execute(
        self, query: str, parameters: Mapping[str, object] | tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(query.encode(), parameters)
                return await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise ports.Unavailable("database") from error
