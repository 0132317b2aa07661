"""Queries for payment attempts without an answer, and for sessions without an outcome."""

import datetime as dt

from projections.projection import Pool


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


async def ended_before(
    pool: Pool, instant: dt.datetime, *, limit: int, after: str = ""
) -> list[tuple[str, str]]:
    """Return (payment stream, attempt id) of sessions that ended before the instant.

    By our records they are open. A page in order of attempt ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, attempt FROM read_model.unfinished_attempts "
            "WHERE status = 'open' AND ends_at < %s AND attempt > %s ORDER BY attempt LIMIT %s",
            (instant, after, limit),
        )
        return [(row[0], row[1]) for row in await rows.fetchall()]
