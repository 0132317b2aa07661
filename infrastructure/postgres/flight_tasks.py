"""The progress of the follow-up of each flight's changes, in a table of all processes."""

from collections.abc import Sequence
from typing import Any

from application.queries import FlightTask
from infrastructure.postgres.pool import Pool, raising_unavailable

_OPEN = """
INSERT INTO process.flight_task (flight, version, kind) VALUES (%s, %s, %s)
ON CONFLICT (flight, version) DO NOTHING
"""
# A finished follow-up stays finished: a slower worker may still report its progress.
_PROGRESS = """
UPDATE process.flight_task SET total = %s, done = %s, failed = %s, touched_at = clock_timestamp(),
    finished_at = CASE WHEN %s THEN clock_timestamp() ELSE finished_at END
WHERE flight = %s AND version = %s AND finished_at IS NULL
"""
_OF = """
SELECT flight, version, kind, total, done, failed, finished_at IS NOT NULL
FROM process.flight_task WHERE flight = %s ORDER BY version
"""
# A flight's changes are followed up in their order, unless an earlier one has failed bookings.
_CLAIM = """
UPDATE process.flight_task SET touched_at = clock_timestamp()
WHERE (flight, version) IN (
    SELECT flight, version FROM process.flight_task AS task
    WHERE finished_at IS NULL
      AND (touched_at IS NULL OR touched_at < clock_timestamp() - make_interval(secs => %s))
      AND NOT EXISTS (
          SELECT FROM process.flight_task AS earlier
          WHERE earlier.flight = task.flight AND earlier.version < task.version
            AND earlier.finished_at IS NULL AND earlier.failed = 0)
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING flight, version
"""


class PostgresFlightTasks:
    """`FlightTasks` on the table process.flight_task; all methods raise Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, flight: str, version: int, kind: str) -> None:
        """Begin a follow-up; a repeat has no effect."""
        await self._run(_OPEN, (flight, version, kind))

    async def progress(
        self, flight: str, version: int, *, total: int, done: int, failed: int, finished: bool
    ) -> None:
        """Store the progress of a follow-up that is not finished yet."""
        await self._run(_PROGRESS, (total, done, failed, finished, flight, version))

    async def of(self, flight: str) -> Sequence[FlightTask]:
        """Return all follow-ups of a flight in the order of its events."""
        rows = await self._run(_OF, (flight,))
        return [FlightTask(*row) for row in rows]

    async def claim(self, *, idle_seconds: float, limit: int) -> list[tuple[str, int]]:
        """Claim follow-ups without progress for a while; return flight and version of each."""
        return [(row[0], row[1]) for row in await self._run(_CLAIM, (idle_seconds, limit))]

    async def _run(self, query: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), parameters)
            return await cursor.fetchall() if cursor.description is not None else []
