"""Queries for captures that Stripe's own list has not confirmed."""

import datetime as dt
from typing import Literal

from application import queries as answers
from domain.kernel import ids
from projections import progress
from projections.projection import Pool

WORKLIST_LIMIT = 500


async def unconfirmed(
    pool: Pool,
    status: Literal["open", "contradicted"],
    *,
    before: dt.datetime,
    limit: int,
    after: tuple[str, str] | None = None,
) -> list[tuple[str, str, dt.datetime]]:
    """Return (payment stream, intent, recorded at) of captures recorded before the instant.

    A page in order of payment and intent, from the first after `after`.
    """
    key = "" if after is None else ":".join(after)
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, intent, captured_at FROM read_model.signed_captures "
            "WHERE status = %s AND captured_at < %s AND capture > %s ORDER BY capture LIMIT %s",
            (status, before, key, limit),
        )
        return [(row[0], row[1], row[2]) for row in await rows.fetchall()]


async def contradicted(pool: Pool) -> tuple[list[answers.UnconfirmedPayment], answers.AsOf]:
    """Return contradicted captures: staff's worklist, the oldest first, at most WORKLIST_LIMIT."""
    as_of = await progress.as_of(pool, "signed_captures")
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, intent, amount, currency, reason, captured_at "
            "FROM read_model.signed_captures WHERE status = 'contradicted' "
            "ORDER BY captured_at, capture LIMIT %s",
            (WORKLIST_LIMIT,),
        )
        found = [
            answers.UnconfirmedPayment(ids.booking_of_payment(row[0]), *row)
            for row in await rows.fetchall()
        ]
    return found, as_of
