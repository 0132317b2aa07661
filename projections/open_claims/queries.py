"""Queries for claims of passengers that are not paid yet."""

import datetime as dt

from psycopg.rows import class_row

from application import queries as answers
from projections import progress
from projections.projection import Pool

WORKLIST_LIMIT = 200


async def open_claims(pool: Pool) -> tuple[list[answers.OpenClaim], answers.AsOf]:
    """Return the claims that are not paid, the longest in their status first, WORKLIST_LIMIT."""
    as_of = await progress.as_of(pool, "open_claims")
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(answers.OpenClaim))
        await rows.execute(
            "SELECT claim, booking, flight, cause, regime, amount, currency, status, since "
            "FROM read_model.open_claims ORDER BY since, claim LIMIT %s",
            (WORKLIST_LIMIT,),
        )
        return await rows.fetchall(), as_of


async def assessed_before(
    pool: Pool, instant: dt.datetime, *, after: str, limit: int
) -> list[tuple[str, str, str]]:
    """Return (claim, booking, flight) of claims assessed before the instant and not offered.

    A page in order of claim ids, from the first after `after` ("" for the first page).
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT claim, booking, flight FROM read_model.open_claims "
            "WHERE status = 'assessed' AND since < %s AND claim > %s ORDER BY claim LIMIT %s",
            (instant, after, limit),
        )
        return [(row[0], row[1], row[2]) for row in await rows.fetchall()]
