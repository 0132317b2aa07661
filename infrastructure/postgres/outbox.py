"""The outbox for its relay, and the checkpoints of processes."""

from collections.abc import Sequence
from typing import Any

import msgspec

from infrastructure.postgres.pool import Pool, raising_unavailable


class UnsentMessage(msgspec.Struct, frozen=True):
    """A background task that an append stored and that is not in the queue, or not done, yet."""

    id: int
    topic: str
    body: dict[str, Any]


class Outbox:
    """The table ledger.outbox. A message is sent at least once; its handler is idempotent.

    `failed_tasks` tries those that failed for good again.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def unsent(self, *, limit: int, besides: Sequence[int] = ()) -> list[UnsentMessage]:
        """Return the oldest messages that the queue does not have yet, but not `besides`."""
        rows = await _query(
            self._pool,
            "SELECT id, topic, body FROM ledger.outbox "
            "WHERE sent_at IS NULL AND id <> ALL (%s::bigint[]) ORDER BY id LIMIT %s",
            (list(besides), limit),
        )
        return [msgspec.convert(row, UnsentMessage) for row in _named(rows)]

    async def mark_sent(self, ids: Sequence[int], *, failed: Sequence[int] = ()) -> None:
        """Record that the queue has these messages, and that these failed for good.

        Messages that another process has recorded meanwhile stay as they are.
        """
        await _query(
            self._pool,
            "UPDATE ledger.outbox SET sent_at = clock_timestamp(), "
            "failed_at = CASE WHEN id = ANY (%s::bigint[]) THEN clock_timestamp() END "
            "WHERE sent_at IS NULL AND id = ANY (%s::bigint[]) RETURNING id",
            (list(failed), [*ids, *failed]),
        )


class ProcessCheckpoints:
    """How far each process has read the log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, name: str) -> int:
        """Return the last processed position, 0 at the beginning."""
        rows = await _query(
            self._pool, "SELECT position FROM process.checkpoint WHERE name = %s", (name,)
        )
        return int(str(rows[0][0])) if rows else 0

    async def move(self, name: str, position: int) -> None:
        """Record that everything up to the position is processed; never moves back."""
        await _query(
            self._pool,
            "INSERT INTO process.checkpoint AS c (name, position) VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET position = greatest(c.position, excluded.position), "
            "moved_at = clock_timestamp() RETURNING position",
            (name, position),
        )


def _named(rows: list[tuple[object, ...]]) -> list[dict[str, object]]:
    return [{"id": row[0], "topic": row[1], "body": row[2]} for row in rows]


async def _query(
    pool: Pool, query: str, parameters: tuple[object, ...]
) -> list[tuple[object, ...]]:
    async with raising_unavailable(), pool.connection() as connection:
        cursor = await connection.execute(query.encode(), parameters)
        return await cursor.fetchall()
