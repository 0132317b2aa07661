"""Queries for disputes: finance's worklist, and what to ask Stripe about."""

import datetime as dt

from application import queries as answers
from domain.kernel import ids
from projections import progress
from projections.projection import Pool

WORKLIST_LIMIT = 500
# A warning is followed by a dispute within this time or, mostly, never
# (https://docs.stripe.com/disputes/measuring: networks allow 120 days).
WARNING_LISTED_FOR = dt.timedelta(days=120)
_COLUMNS = (
    "dispute, payment, intent, charge, stage, amount, currency, reason, evidence_due_at, "
    "submission_count, receivable, opened_at"
)


async def undecided(
    pool: Pool, now: dt.datetime
) -> tuple[list[answers.ListedDispute], answers.AsOf]:
    """Return inquiries, open disputes and recent warnings, the first evidence due first.

    A dispute is listed until the bank holds no money for it any more: account 1200 has no other. At
    most WORKLIST_LIMIT. A warning is left out once its charge is disputed.
    """
    as_of = await progress.as_of(pool, "disputes")
    async with pool.connection() as connection:
        rows = await connection.execute(
            f"SELECT {_COLUMNS} FROM read_model.disputes d "  # noqa: S608 - names of columns
            "WHERE stage IN ('inquiry', 'open') OR receivable <> 0 "
            "OR (stage = 'warning' AND opened_at > %s AND NOT EXISTS ("
            "SELECT FROM read_model.disputes o WHERE o.intent = d.intent AND o.stage <> 'warning'))"
            " ORDER BY evidence_due_at NULLS LAST, opened_at, dispute LIMIT %s",
            (now - WARNING_LISTED_FOR, WORKLIST_LIMIT),
        )
        found = [_listed(row) for row in await rows.fetchall()]
    return found, as_of


async def find(pool: Pool, dispute: str) -> answers.ListedDispute | None:
    """Return the dispute or warning of this id, decided or not."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            f"SELECT {_COLUMNS} FROM read_model.disputes WHERE dispute = %s",  # noqa: S608
            (dispute,),
        )
        row = await rows.fetchone()
        return None if row is None else _listed(row)


async def to_ask_about(
    pool: Pool, *, limit: int, after: tuple[str, str] = ("", "")
) -> list[tuple[str, str]]:
    """Return (payment stream, intent) of captures with disputes that are undecided, or
    whose money has not come back yet.

    A page in order of payment and intent, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payment, intent FROM read_model.disputes "
            "WHERE (stage IN ('inquiry', 'open') OR receivable <> 0) "
            "AND (payment, intent) > (%s, %s) "
            "GROUP BY payment, intent ORDER BY payment, intent LIMIT %s",
            (*after, limit),
        )
        return [(row[0], row[1]) for row in await rows.fetchall()]


def _listed(row: tuple[object, ...]) -> answers.ListedDispute:
    payment = str(row[1])
    return answers.ListedDispute(ids.booking_of_payment(payment), *row)  # type: ignore[arg-type]
