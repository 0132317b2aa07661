"""The runs of reconciliation, in a table beside the log."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from application.reconciliation.ports import ReconciliationRun, Trigger
from domain.reconciliation.state import DayTotal
from infrastructure.postgres.pool import Pool, raising_unavailable

_BEGIN = """
INSERT INTO process.reconciliation_run (since, until, started_by, actor, started_at)
VALUES (%s, %s, %s, %s, %s) RETURNING number
"""
_FINISH = """
UPDATE process.reconciliation_run SET finished_at = %s, breaks = %s, totals = %s WHERE number = %s
"""
_FIND = """
SELECT number, since, until, started_by, actor, started_at, finished_at, breaks::text, totals::text
FROM process.reconciliation_run
WHERE %(before)s::bigint IS NULL OR number < %(before)s ORDER BY number DESC LIMIT %(limit)s
"""

_TOTALS = tuple[DayTotal, ...]


class PostgresRunLog:
    """Implements RunLog."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(
        self, *, since: dt.date, until: dt.date, trigger: Trigger, actor: str, now: dt.datetime
    ) -> int:
        """See RunLog."""
        async with raising_unavailable(), self._pool.connection() as connection:
            answer = await connection.execute(_BEGIN, (since, until, trigger, actor, now))
            row = await answer.fetchone()
            assert row is not None, "an insert returns its row"
            return int(row[0])

    async def finish(
        self,
        number: int,
        *,
        breaks: Mapping[str, int],
        totals: Sequence[DayTotal],
        now: dt.datetime,
    ) -> None:
        """See RunLog."""
        found = [msgspec.json.encode(each).decode() for each in (breaks, totals)]
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(_FINISH, (now, *found, number))

    async def find(self, *, before: int | None, limit: int) -> Sequence[ReconciliationRun]:
        """See RunLog."""
        async with raising_unavailable(), self._pool.connection() as connection:
            answer = await connection.execute(_FIND, {"before": before, "limit": limit})
            rows = await answer.fetchall()
        return [_run(row) for row in rows]


def _run(row: tuple[Any, ...]) -> ReconciliationRun:
    *plain, breaks, totals = row
    found = msgspec.json.decode(breaks, type=dict[str, int])
    return ReconciliationRun(*[*plain, found, msgspec.json.decode(totals, type=_TOTALS)])
