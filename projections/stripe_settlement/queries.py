"""Queries about what Stripe settled; amounts are minor units."""

import datetime as dt

from psycopg.rows import class_row

from application import ports
from application.queries import AsOf
from application.settlement.compare_balance import BookedClearing, Recorded
from application.settlement.ports import (
    BalanceRow,
    PayoutDetails,
    SettledPayout,
    SettledTransaction,
    SettlementBreak,
)
from domain.kernel import money
from projections import progress
from projections.projection import Pool

NAME = "stripe_settlement"
PAYOUT_LIMIT = 500
TRANSACTION_LIMIT = 10_000
WORKLIST_LIMIT = 500
FOLLOW_SECONDS = 10.0

_PAYOUTS = """
SELECT payout, amount, currency, automatic, status, arrives_on, created_at, since, failure_code,
       transaction_count, paid_out
FROM read_model.settled_payouts
"""
_TRANSACTIONS = """
SELECT t.transaction, t.category, t.source, t.gross, t.fee, t.currency, t.charged,
       t.charged_currency, t.exchange_rate, t.available_on, t.created_at, t.booking, t.payment
FROM read_model.paid_out_transactions AS p
JOIN read_model.settled_transactions AS t USING (transaction)
WHERE p.payout = %s ORDER BY t.created_at, t.transaction LIMIT %s
"""
_LATEST = "position = (SELECT max(position) FROM read_model.balance_comparisons)"
_BALANCES = f"""
SELECT day, currency, booked, reported, awaited, compared_at
FROM read_model.balance_comparisons WHERE {_LATEST} ORDER BY currency
"""  # noqa: S608 - constant
_BREAKS = f"""
SELECT * FROM (
    SELECT 'unknown_transaction' AS kind, transaction AS object, fee - gross AS amount, currency,
           recorded_at AS since
    FROM read_model.settled_transactions WHERE unknown
    UNION ALL
    SELECT CASE WHEN listed IS NULL THEN 'not_listed' WHEN booked IS NULL THEN 'not_booked'
           ELSE 'amount_differs' END,
           source, coalesce(booked, 0) - coalesce(listed, 0), currency, since
    FROM read_model.settled_amounts
    WHERE booked IS DISTINCT FROM listed AND since < %(before)s
    UNION ALL
    SELECT 'payout_differs', payout, amount - paid_out, currency, since
    FROM read_model.settled_payouts WHERE paid_out <> amount
    UNION ALL
    SELECT 'balance_differs', day, booked - reported - awaited, currency, compared_at
    FROM read_model.balance_comparisons WHERE booked - reported <> awaited AND {_LATEST}
) AS break ORDER BY since, kind, object, currency LIMIT %(limit)s
"""  # noqa: S608 - constant
_CLEARING = """
SELECT 'booked', currency, amount FROM read_model.stripe_clearing
UNION ALL
SELECT 'awaited', currency, sum(coalesce(booked, 0) - coalesce(listed, 0))::bigint
FROM read_model.settled_amounts WHERE booked IS DISTINCT FROM listed GROUP BY currency
"""

# One without an explanation stays unexplained, before the balance or after it.
_RECENT = """
SELECT transaction, category, gross - fee, currency FROM read_model.settled_transactions
WHERE created_at >= %s AND NOT unknown
"""


async def payouts(pool: Pool) -> tuple[list[SettledPayout], AsOf]:
    """Return the payouts, the newest first, at most PAYOUT_LIMIT."""
    as_of = await progress.as_of(pool, NAME)
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(SettledPayout))
        await rows.execute(
            (_PAYOUTS + "ORDER BY created_at DESC, payout DESC LIMIT %s").encode(), (PAYOUT_LIMIT,)
        )
        return await rows.fetchall(), as_of


async def payout(pool: Pool, payout: str) -> tuple[PayoutDetails | None, AsOf]:
    """Return a payout with its transactions, the oldest first, at most TRANSACTION_LIMIT."""
    as_of = await progress.as_of(pool, NAME)
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(SettledPayout))
        await rows.execute((_PAYOUTS + "WHERE payout = %s").encode(), (payout,))
        found = await rows.fetchone()
        if found is None:
            return None, as_of
        lines = connection.cursor(row_factory=class_row(SettledTransaction))
        await lines.execute(_TRANSACTIONS, (payout, TRANSACTION_LIMIT))
        return PayoutDetails(found, await lines.fetchall()), as_of


async def balances(pool: Pool) -> tuple[list[BalanceRow], AsOf]:
    """Return the latest comparison by currency; empty before the first."""
    as_of = await progress.as_of(pool, NAME)
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(BalanceRow))
        await rows.execute(_BALANCES.encode())
        return await rows.fetchall(), as_of


async def breaks(pool: Pool, *, before: dt.datetime) -> tuple[list[SettlementBreak], AsOf]:
    """Return what does not fit, the oldest first, at most WORKLIST_LIMIT.

    An amount with one side only counts where it had that before the instant.
    """
    as_of = await progress.as_of(pool, NAME)
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(SettlementBreak))
        await rows.execute(_BREAKS.encode(), {"before": before, "limit": WORKLIST_LIMIT})
        return await rows.fetchall(), as_of


async def unfinished_payouts(
    pool: Pool, *, arrived_until: dt.date, limit: int, after: str
) -> list[str]:
    """Return payouts that should have arrived, or whose transactions are not known yet.

    A page in order of their ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT payout FROM read_model.settled_payouts "
            "WHERE (status = 'in_transit' AND arrives_on <= %s "
            "OR automatic AND paid_out IS NULL AND status <> 'failed') AND payout > %s "
            "ORDER BY payout LIMIT %s",
            (arrived_until, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def latest_comparison(pool: Pool) -> tuple[str, dt.datetime, bool] | None:
    """Return day and instant of the latest comparison, and whether it left nothing unexplained."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT day, max(compared_at), bool_and(booked - reported = awaited) "  # noqa: S608
            f"FROM read_model.balance_comparisons WHERE {_LATEST} GROUP BY day".encode()
        )
        found = await rows.fetchone()
    return None if found is None else (found[0], found[1], found[2])


async def has_money(pool: Pool) -> bool:
    """Return whether anything was ever booked or listed: otherwise there is nothing to compare."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT EXISTS (SELECT FROM read_model.stripe_clearing) "
            "OR EXISTS (SELECT FROM read_model.settled_transactions)"
        )
        found = await rows.fetchone()
    return found is not None and bool(found[0])


async def clearing(pool: Pool, since: dt.datetime) -> BookedClearing:
    """Return account 1010, what explains its difference from Stripe's balance, and the
    transactions since the instant.

    Contains all that was in the log before the call; raises Unavailable where the read model does
    not follow within FOLLOW_SECONDS.
    """
    await progress.as_of(pool, NAME)
    async with pool.connection() as connection:
        head = await connection.execute("SELECT coalesce(max(position), 0) FROM ledger.event")
        found = await head.fetchone()
    assert found is not None
    try:
        await progress.wait_until(pool, NAME, found[0], timeout_seconds=FOLLOW_SECONDS)
    except TimeoutError:
        raise ports.Unavailable(f"read model {NAME}") from None
    amounts: dict[str, dict[str, int]] = {"booked": {}, "awaited": {}}
    async with pool.connection() as connection, connection.transaction():
        # Amounts and transactions are those of one moment.
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        rows = await connection.execute(_CLEARING)
        for side, currency, amount in await rows.fetchall():
            amounts[side][currency] = amount
        recent = await connection.execute(_RECENT, (since,))
        return BookedClearing(
            booked=amounts["booked"],
            awaited=amounts["awaited"],
            recent=[
                Recorded(transaction, category, money.Money(net, currency))
                for transaction, category, net, currency in await recent.fetchall()
            ],
        )
