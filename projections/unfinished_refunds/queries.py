"""Queries for refunds that have not ended at Stripe, or failed and were not sent again."""

import datetime as dt

from psycopg.rows import class_row

from application import queries as answers
from projections import progress
from projections.projection import Pool

WORKLIST_LIMIT = 200
OWED_LIMIT = 1_000
# A refund that Stripe refused because of a dispute that we never heard of is asked about then.
WAITING_ASKED_AFTER = dt.timedelta(days=1)


async def unanswered_before(
    pool: Pool, instant: dt.datetime, *, limit: int, after: str = ""
) -> list[tuple[str, str]]:
    """Return (payment stream, refund id) of refunds without an answer from Stripe.

    They were requested before the instant and are still requested or unknown. A page in order of
    refund ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, refund FROM read_model.unfinished_refunds "
            "WHERE status IN ('requested', 'unknown') AND since < %s AND refund > %s "
            "ORDER BY refund LIMIT %s",
            (instant, after, limit),
        )
        return [(row[0], row[1]) for row in await rows.fetchall()]


async def unfinished(pool: Pool) -> tuple[list[answers.UnfinishedRefund], answers.AsOf]:
    """Return all refunds that have not arrived, the longest in their status first.

    Those sent again are left out, at most OWED_LIMIT.
    """
    as_of = await progress.as_of(pool, "unfinished_refunds")
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(answers.UnfinishedRefund))
        await rows.execute(
            "SELECT refund, payment, booking, amount, currency, status, since, reason "
            "FROM read_model.unfinished_refunds ORDER BY since, refund LIMIT %s",
            (OWED_LIMIT,),
        )
        return await rows.fetchall(), as_of


async def not_refunded(pool: Pool) -> tuple[list[answers.UnfinishedRefund], answers.AsOf]:
    """Return refunds that need a person: refused, failed or canceled ones that were not sent again,
    and those for which Stripe's customer has to act. The oldest first.

    Finance's worklist, at most WORKLIST_LIMIT.
    """
    as_of = await progress.as_of(pool, "unfinished_refunds")
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(answers.UnfinishedRefund))
        await rows.execute(
            "SELECT refund, payment, booking, amount, currency, status, since, reason "
            "FROM read_model.unfinished_refunds "
            "WHERE status IN ('refused', 'failed', 'canceled', 'requires_action') "
            "ORDER BY since, refund LIMIT %s",
            (WORKLIST_LIMIT,),
        )
        return await rows.fetchall(), as_of


async def accepted_before(
    pool: Pool, instant: dt.datetime, *, after: str, limit: int
) -> list[tuple[str, str]]:
    """Return (payment stream, refund id) of refunds that Stripe accepted before the instant, and of
    those that have waited for the end of a dispute for a day.

    A page in order of refund ids, from the first after `after` ("" for the first page).
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, refund FROM read_model.unfinished_refunds "
            "WHERE (status IN ('accepted', 'requires_action') "
            "OR (status = 'waiting' AND since < %s)) "
            "AND since < %s AND refund > %s ORDER BY refund LIMIT %s",
            (instant - WAITING_ASKED_AFTER, instant, after, limit),
        )
        return [(row[0], row[1]) for row in await rows.fetchall()]
