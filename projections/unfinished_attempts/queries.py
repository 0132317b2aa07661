"""Queries for payment attempts without an answer, and for sessions without an outcome."""

import datetime as dt

from application import queries as answers
from domain.kernel import ids
from projections import progress
from projections.projection import Pool

WORKLIST_LIMIT = 500


async def older_than(
    pool: Pool, instant: dt.datetime, *, limit: int, after: str = ""
) -> list[tuple[str, str]]:
    """Return (payment stream, attempt id) of attempts started before the instant, unanswered.

    A page in order of attempt ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, attempt FROM read_model.unfinished_attempts "
            "WHERE status IN ('requested', 'unknown') AND started_at < %s AND attempt > %s "
            "ORDER BY attempt LIMIT %s",
            (instant, after, limit),
        )
        return [(row[0], row[1]) for row in await rows.fetchall()]


async def ended_between(
    pool: Pool, since: dt.datetime | None, until: dt.datetime, *, limit: int, after: str = ""
) -> list[tuple[str, str]]:
    """Return (payment stream, attempt id) of sessions that ended at `since` or later, and before
    `until`; None is any time.

    By our records they are open. A page in order of attempt ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, attempt FROM read_model.unfinished_attempts "
            "WHERE status = 'open' AND ends_at >= coalesce(%s, '-infinity'::timestamptz) "
            "AND ends_at < %s AND attempt > %s ORDER BY attempt LIMIT %s",
            (since, until, after, limit),
        )
        return [(row[0], row[1]) for row in await rows.fetchall()]


async def overdue(
    pool: Pool, *, before: dt.datetime
) -> tuple[list[answers.UnfinishedAttempt], answers.AsOf]:
    """Return attempts without an answer, and sessions without an outcome, since before the instant.

    Staff's worklist, the oldest first, at most WORKLIST_LIMIT.
    """
    as_of = await progress.as_of(pool, "unfinished_attempts")
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT attempt, payment, status, started_at, ends_at "
            "FROM read_model.unfinished_attempts "
            "WHERE CASE WHEN status = 'open' THEN ends_at ELSE started_at END < %s "
            "ORDER BY started_at, attempt LIMIT %s",
            (before, WORKLIST_LIMIT),
        )
        found = [
            answers.UnfinishedAttempt(row[0], row[1], ids.booking_of_payment(row[1]), *row[2:])
            for row in await rows.fetchall()
        ]
    return found, as_of
