"""Questions about the books; amounts are minor units, debit positive."""

import datetime as dt
from collections.abc import Iterable

import msgspec
from psycopg.rows import class_row

from domain.ledger import accounts
from projections.projection import Pool

LINE_LIMIT = 10_000
WORKLIST_LIMIT = 1_000

_encode = msgspec.json.Encoder(order="deterministic").encode


class TrialBalanceRow(msgspec.Struct, frozen=True):
    """What one account holds in one currency."""

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


class UnappliedFunds(msgspec.Struct, frozen=True):
    """Captured money of a booking that no ticket has used; `amount` is positive when we owe it.

    `reasons` say why money was parked; empty while ticketing is only on its way.
    """

    booking: str
    currency: str
    amount: int
    reasons: list[str]


def canonical(rows: Iterable[TrialBalanceRow]) -> bytes:
    """One encoding per trial balance: sorted rows as JSON."""
    return _encode(sorted(rows, key=lambda row: (row.account, row.currency)))


async def trial_balance(pool: Pool) -> bytes:
    """The trial balance in its canonical bytes."""
    return canonical(await trial_balance_rows(pool))


async def trial_balance_rows(pool: Pool) -> list[TrialBalanceRow]:
    """All accounts that were ever posted to, by account and currency."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(TrialBalanceRow))
        await rows.execute(
            "SELECT account, currency, amount FROM read_model.ledger_balance "
            "ORDER BY account, currency"
        )
        return await rows.fetchall()


async def entries_of(pool: Pool, booking: str) -> list[JournalLine]:
    """Every line about a booking in log order."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(JournalLine))
        await rows.execute(
            "SELECT position, line, stream, effective_on, recorded_at, rule, rule_version, "
            "provider_references, account, booking, amount, currency "
            "FROM read_model.ledger_journal WHERE booking = %s ORDER BY position, line LIMIT %s",
            (booking, LINE_LIMIT),
        )
        return await rows.fetchall()


async def unapplied_funds(pool: Pool) -> list[UnappliedFunds]:
    """Bookings whose unapplied funds are not zero: finance's worklist (L2)."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(UnappliedFunds))
        await rows.execute(
            "SELECT b.booking, b.currency, -b.amount AS amount, ARRAY("
            "  SELECT DISTINCT p.reason FROM read_model.ledger_journal AS j"
            "  JOIN read_model.ledger_parked_funds AS p ON p.payment = j.stream"
            "  WHERE j.booking = b.booking ORDER BY p.reason) AS reasons "
            "FROM read_model.ledger_booking_balance AS b "
            "WHERE b.account = %s AND b.amount <> 0 ORDER BY b.booking, b.currency LIMIT %s",
            (accounts.UNAPPLIED_FUNDS, WORKLIST_LIMIT),
        )
        return await rows.fetchall()
