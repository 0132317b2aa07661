"""Queries for payment attempts without an outcome."""

import datetime as dt

from projections.projection import Pool


async def older_than(pool: Pool, instant: dt.datetime, *, limit: int) -> list[tuple[str, str]]:
    """Return (payment stream, attempt id) of attempts started before the instant, oldest first."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, attempt FROM read_model.unfinished_attempts "
            "WHERE started_at < %s ORDER BY started_at, attempt LIMIT %s",
            (instant, limit),
        )
        return [(row[0], row[1]) for row in await rows.fetchall()]
