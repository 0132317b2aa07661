"""How far the follow-up of each flight's changes has come, for every process to see."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from application import ports
from application.queries import FlightTask
from infrastructure.postgres.pool import Pool

_OPEN = """
INSERT INTO process.flight_task (flight, version, kind) VALUES (%s, %s, %s)
ON CONFLICT (flight, version) DO NOTHING
"""
# A finished follow-up stays so: a slow worker may still come to its end after another's.
_PROGRESS = """
UPDATE process.flight_task SET total = %s, done = %s, failed = %s, touched_at = clock_timestamp(),
    finished_at = CASE WHEN %s THEN clock_timestamp() ELSE finished_at END
WHERE flight = %s AND version = %s AND finished_at IS NULL
"""
_OF = """
SELECT flight, version, kind, total, done, failed, finished_at IS NOT NULL
FROM process.flight_task WHERE flight = %s ORDER BY version
"""
# Bookings hear of a flight's changes in their order, unless an earlier one has met with trouble.
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
        """Begin a follow-up; again changes nothing."""
        await self._run(_OPEN, (flight, version, kind))

    async def progress(
        self, flight: str, version: int, *, total: int, done: int, failed: int, finished: bool
    ) -> None:
        """How far it has come."""
        await self._run(_PROGRESS, (total, done, failed, finished, flight, version))

    async def of(self, flight: str) -> Sequence[FlightTask]:
        """All follow-ups of a flight in the order of its events."""
        rows = await self._run(_OF, (flight,))
        return [FlightTask(*row) for row in rows]

    async def claim(self, *, idle_seconds: float, limit: int) -> list[tuple[str, int]]:
        """Follow-ups that nobody has touched for a while: flight and version."""
        return [(row[0], row[1]) for row in await self._run(_CLAIM, (idle_seconds, limit))]

    async def _run(self, query: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(query.encode(), parameters)
                return await cursor.fetchall() if cursor.description is not None else []
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise ports.Unavailable("database") from error
