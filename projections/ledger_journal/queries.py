"""Queries about the books; amounts are minor units, debit positive."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec
from psycopg.rows import class_row, dict_row

from application import queries as answers
from application.ledger import books
from domain.ledger import accounts, carriage, external_refunds, rules
from projections import progress
from projections.projection import Pool

LINE_LIMIT = 10_000
WORKLIST_LIMIT = 1_000
NO_LIMIT = dt.datetime.max.replace(tzinfo=dt.UTC)

# An entry that brings the balance to zero ends the period before it.
_STANDING = """
FROM read_model.ledger_booking_balance AS b
CROSS JOIN LATERAL (
    SELECT min(recorded_at) AS since
    FROM (SELECT recorded_at, bool_or(held = 0) OVER (ORDER BY position DESC) AS ended
          FROM (SELECT position, min(recorded_at) AS recorded_at,
                       sum(sum(amount)) OVER (ORDER BY position) AS held
                FROM read_model.ledger_journal
                WHERE booking = b.booking AND account = b.account AND currency = b.currency
                GROUP BY position) AS entry) AS entry
    WHERE NOT ended) AS standing
WHERE b.account = %(account)s AND b.amount <> 0 AND standing.since < %(before)s
ORDER BY standing.since, b.booking, b.currency LIMIT %(limit)s
"""
_UNAPPLIED = """
SELECT b.booking, b.currency, -b.amount AS amount, standing.since, (
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
        'payment', p.payment, 'intent', p.intent, 'amount', p.amount - by_hand.amount,
        'currency', p.currency, 'reason', p.reason)), '[]')
    FROM read_model.ledger_journal AS j
    JOIN read_model.ledger_parked_funds AS p ON p.payment = j.stream
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(back.amount), 0)::bigint AS amount
        FROM read_model.ledger_journal AS back
        WHERE back.booking = b.booking AND back.stream = p.payment AND back.account = %(account)s
        AND back.rule = ANY (%(by_hand)s) AND p.intent = ANY (back.provider_references)) AS by_hand
    WHERE j.booking = b.booking AND p.amount <> by_hand.amount AND NOT EXISTS (
        SELECT FROM read_model.ledger_journal AS returned
        WHERE returned.booking = b.booking AND returned.stream = p.payment
        AND returned.rule = %(returned)s AND p.intent = ANY (returned.provider_references))
    ) AS parked"""
_OWED = "SELECT b.booking, b.currency, -b.amount AS amount, standing.since"

_OPEN_ITEMS = """
SELECT b.account, b.booking, b.currency, b.amount, standing.since, ARRAY(
    SELECT DISTINCT r.reference
    FROM read_model.ledger_journal AS j, unnest(j.provider_references) AS r (reference)
    WHERE j.booking = b.booking AND j.account = b.account AND j.currency = b.currency
    ORDER BY r.reference) AS "references" """

_encode = msgspec.json.Encoder(order="deterministic").encode


class TrialBalanceRow(msgspec.Struct, frozen=True):
    """The balance of one account in one currency."""

    account: str
    currency: str
    amount: int


class JournalLine(msgspec.Struct, frozen=True):
    """One line of one entry, with its place in the log."""

    position: int
    line: int
    stream: str
    effective_on: dt.date
    recorded_at: dt.datetime
    rule: str
    rule_version: int
    provider_references: list[str]
    account: str
    booking: str
    amount: int
    currency: str


def canonical(rows: Iterable[TrialBalanceRow]) -> bytes:
    """Return the only encoding of a trial balance: sorted rows as JSON."""
    return _encode(sorted(rows, key=lambda row: (row.account, row.currency)))


async def trial_balance(pool: Pool) -> bytes:
    """Return the trial balance in its canonical bytes."""
    return canonical(await trial_balance_rows(pool))


async def trial_balance_rows(pool: Pool) -> list[TrialBalanceRow]:
    """Return all accounts that were ever posted to, by account and currency."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(TrialBalanceRow))
        await rows.execute(
            "SELECT account, currency, amount FROM read_model.ledger_balance "
            "ORDER BY account, currency"
        )
        return await rows.fetchall()


async def entries_of(pool: Pool, booking: str) -> list[JournalLine]:
    """Return every line about a booking in log order."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(JournalLine))
        await rows.execute(
            "SELECT position, line, stream, effective_on, recorded_at, rule, rule_version, "
            "provider_references, account, booking, amount, currency "
            "FROM read_model.ledger_journal WHERE booking = %s ORDER BY position, line LIMIT %s",
            (booking, LINE_LIMIT),
        )
        return await rows.fetchall()


async def owed_bookings(
    pool: Pool, *, before: dt.datetime, departed_until: dt.date, limit: int, after: str = ""
) -> list[str]:
    """Return bookings to which more is owed than refunds were requested for, without a posting of
    it since the instant.

    What later departures than those of the accounting day `departed_until` made the airline owe
    does not count yet. A page in order of booking ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT DISTINCT b.booking FROM read_model.ledger_booking_balance AS b "
            "WHERE b.account = %s AND b.booking > %s AND -b.amount > ("
            "  SELECT coalesce(sum(r.amount), 0) FROM read_model.unfinished_refunds AS r "
            "  WHERE r.booking = b.booking AND r.currency = b.currency "
            "  AND r.status NOT IN ('accepted', 'requires_action')) "
            "+ (SELECT coalesce(-sum(d.amount), 0) FROM read_model.ledger_journal AS d "
            "  WHERE d.booking = b.booking AND d.account = b.account AND d.currency = b.currency "
            "  AND d.rule = ANY (%s) AND d.effective_on > %s) "
            "AND NOT EXISTS ("
            "  SELECT FROM read_model.ledger_journal AS j WHERE j.booking = b.booking "
            "  AND j.account = b.account AND j.recorded_at >= %s) "
            "ORDER BY b.booking LIMIT %s",
            (
                accounts.REFUNDS_PAYABLE,
                after,
                [carriage.NO_SHOW_RULE, carriage.DEPARTURE_WITHDRAWN_RULE],
                departed_until,
                before,
                limit,
            ),
        )
        return [row[0] for row in await rows.fetchall()]


async def parked_captures(
    pool: Pool, *, before: dt.datetime, limit: int, after: tuple[str, str] = ("", "")
) -> list[tuple[str, str]]:
    """Return payment and intent of money of bookings that is parked since before the instant and
    not returned yet. A page in their order, from the first after `after`.
    """
    async with pool.connection() as connection:
        found = await connection.execute(
            "SELECT DISTINCT p.payment, p.intent FROM read_model.ledger_booking_balance AS b "
            "JOIN read_model.ledger_journal AS j ON j.booking = b.booking "
            "JOIN read_model.ledger_parked_funds AS p ON p.payment = j.stream "
            "WHERE b.account = %s AND b.amount <> 0 AND p.reason <> 'unmatched' "
            "AND p.recorded_at < %s AND (p.payment, p.intent) > (%s, %s) AND NOT EXISTS ("
            "  SELECT FROM read_model.ledger_journal AS returned "
            "  WHERE returned.booking = b.booking AND returned.stream = p.payment "
            "  AND returned.rule = %s AND p.intent = ANY (returned.provider_references)) "
            "ORDER BY p.payment, p.intent LIMIT %s",
            (
                accounts.UNAPPLIED_FUNDS,
                before,
                *after,
                rules.PARKED_FUNDS_OWED_RULE,
                limit,
            ),
        )
        return [(payment, intent) for payment, intent in await found.fetchall()]


async def unapplied_funds(pool: Pool, *, before: dt.datetime) -> list[answers.UnappliedMoney]:
    """Return bookings with unapplied funds that were never zero since the instant, longest first.

    Finance's worklist (L2), at most WORKLIST_LIMIT: money of bookings that are being ticketed is
    only minutes old, so the instant lies further back. Nothing is parked while ticketing has not
    finished.
    """
    parameters = {
        "account": accounts.UNAPPLIED_FUNDS,
        "before": before,
        "limit": WORKLIST_LIMIT,
        "returned": rules.PARKED_FUNDS_OWED_RULE,
        "by_hand": [external_refunds.ALLOCATED_RULE, external_refunds.FAILED_RULE],
    }
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=dict_row)
        await rows.execute((_UNAPPLIED + _STANDING).encode(), parameters)
        return [msgspec.convert(row, type=answers.UnappliedMoney) for row in await rows.fetchall()]


async def position(pool: Pool) -> answers.AsOf:
    """Return how far the journal is; raises Unavailable when it has stopped."""
    return await progress.as_of(pool, "ledger_journal")


async def open_items(pool: Pool, of: Sequence[str]) -> list[books.OpenItem]:
    """Return what stays on these accounts for a booking, the oldest first of each account.

    At most WORKLIST_LIMIT of each.
    """
    found: list[books.OpenItem] = []
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(books.OpenItem))
        for account in of:
            await rows.execute(
                (_OPEN_ITEMS + _STANDING).encode(),
                {"account": account, "before": NO_LIMIT, "limit": WORKLIST_LIMIT},
            )
            found += await rows.fetchall()
    return found


async def unapplied_money(
    pool: Pool, *, before: dt.datetime
) -> tuple[list[answers.UnappliedMoney], answers.AsOf]:
    """Return captured money that no ticket has used since before the instant, oldest first."""
    as_of = await progress.as_of(pool, "ledger_journal")
    return await unapplied_funds(pool, before=before), as_of


async def money_owed(
    pool: Pool, *, before: dt.datetime
) -> tuple[list[answers.OwedBalance], answers.AsOf]:
    """Return what is owed to bookings since before the instant, the oldest first.

    At most WORKLIST_LIMIT; what Stripe has accepted is no longer owed by the books.
    """
    as_of = await progress.as_of(pool, "ledger_journal")
    parameters = {
        "account": accounts.REFUNDS_PAYABLE,
        "before": before,
        "limit": WORKLIST_LIMIT,
    }
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(answers.OwedBalance))
        await rows.execute((_OWED + _STANDING).encode(), parameters)
        return await rows.fetchall(), as_of
