"""Queries for external refunds: finance's worklist, and the payment of one."""

from application import queries as answers
from domain.kernel import ids
from projections import progress
from projections.projection import Pool

WORKLIST_LIMIT = 500
_COLUMNS = "refund, payment, intent, amount, unallocated, currency, since"


async def unallocated(
    pool: Pool,
) -> tuple[list[answers.ListedExternalRefund], answers.AsOf]:
    """Return those that are not wholly allocated, the oldest first, at most WORKLIST_LIMIT."""
    as_of = await progress.as_of(pool, "external_refunds")
    async with pool.connection() as connection:
        rows = await connection.execute(
            f"SELECT {_COLUMNS} FROM read_model.external_refunds "  # noqa: S608 - names of columns
            "WHERE unallocated <> 0 ORDER BY since, refund LIMIT %s",
            (WORKLIST_LIMIT,),
        )
        return [_listed(*row) for row in await rows.fetchall()], as_of


async def find(pool: Pool, refund: str) -> answers.ListedExternalRefund | None:
    """Return the external refund of this id at Stripe, allocated or not."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            f"SELECT {_COLUMNS} FROM read_model.external_refunds WHERE refund = %s",  # noqa: S608
            (refund,),
        )
        row = await rows.fetchone()
        return None if row is None else _listed(*row)


def _listed(refund: str, payment: str, *rest: object) -> answers.ListedExternalRefund:
    booking = ids.booking_of_payment(payment)
    return answers.ListedExternalRefund(refund, booking, payment, *rest)  # type: ignore[arg-type]
