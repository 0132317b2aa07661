"""`ais ledger`: the answers of the ledger's routes for the shell, exports, and the replay."""

import asyncio
import datetime as dt
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter

from application.ledger import (
    export_books,
    read_journal,
    read_ledger,
    read_liabilities,
    read_statement,
)
from application.ledger.books import Books, JournalQuestion, StatementQuestion
from application.ports import Unavailable
from domain.kernel.rejections import Rejection
from infrastructure.parquet import row_file
from infrastructure.postgres.pool import make_pool
from interfaces import books_composition
from interfaces.cli import running
from interfaces.cli.replay import replay
from interfaces.cli.replay_worker import replay_worker
from interfaces.http import books_answers, report_answers
from interfaces.read_composition import reads_of_command

ledger = App(
    name="ledger", help="Read the books: the same answers as the routes of the API, as JSON."
)
ledger.command(replay, name="replay")
ledger.command(replay_worker, name="replay-worker")

DatabaseDsn = Annotated[str, Parameter(name="--dsn", env_var="AIS_DATABASE_URL")]
AsOf = Annotated[dt.date | None, Parameter(name="--as-of")]
KnownAt = Annotated[str | None, Parameter(name="--known-at")]
Since = Annotated[dt.date, Parameter(name="--from")]
Until = Annotated[dt.date, Parameter(name="--to")]
Cursor = Annotated[str | None, Parameter(name="--cursor")]
# The books state their position: an old one is of use as long as it is known to be near the end.
REPLICA_LAG_SECONDS = 60.0
Form = Literal["csv", "beancount", "hledger", "parquet"]
Ask = Callable[[Books], Awaitable[Any]]


@ledger.command(name="trial-balance")
def trial_balance(*, dsn: DatabaseDsn, as_of: AsOf = None, known_at: KnownAt = None) -> int:
    """Print the balance of every account, as of a day and as known at an instant or position."""

    async def ask(books: Books) -> Any:
        asked = books_answers.question(as_of, known_at)
        return books_answers.trial_balance(await read_ledger.trial_balance(books, asked))

    return _print(dsn, ask)


@ledger.command(name="statement")
def statement(
    account: str,
    currency: str,
    *,
    dsn: DatabaseDsn,
    since: Since,
    until: Until,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: int = 100,
) -> int:
    """Print the lines of an account between its opening and its closing balance."""

    async def ask(books: Books) -> Any:
        found = await read_statement.read_statement(
            books,
            StatementQuestion(account, currency, since, until),
            books_answers.question(None, known_at),
            cursor=cursor,
            limit=limit,
        )
        return books_answers.statement(found)

    return _print(dsn, ask)


@ledger.command(name="journal")
def journal(
    *,
    dsn: DatabaseDsn,
    account: str | None = None,
    booking: str | None = None,
    since: Annotated[dt.date | None, Parameter(name="--from")] = None,
    until: Annotated[dt.date | None, Parameter(name="--to")] = None,
    rule: str | None = None,
    reference: str | None = None,
    position: int | None = None,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: int = 50,
) -> int:
    """Print entries with the event, booking and objects at Stripe that they belong to."""

    async def ask(books: Books) -> Any:
        found = await read_journal.read_journal(
            books,
            JournalQuestion(account, booking, since, until, rule, reference, position),
            books_answers.question(None, known_at),
            cursor=cursor,
            limit=limit,
        )
        return books_answers.journal(found)

    return _print(dsn, ask)


@ledger.command(name="owed")
def owed(*, dsn: DatabaseDsn) -> int:
    """Print what each clearing account holds for whom."""

    async def ask(books: Books) -> Any:
        return report_answers.open_items(await read_liabilities.open_items(books))

    return _print(dsn, ask)


@ledger.command(name="deferred")
def deferred(*, dsn: DatabaseDsn, as_of: AsOf = None, known_at: KnownAt = None) -> int:
    """Print what is owed in carriage by the day of the flight."""

    async def ask(books: Books) -> Any:
        asked = books_answers.question(as_of, known_at)
        return report_answers.deferred(await read_liabilities.deferred_revenue(books, asked))

    return _print(dsn, ask)


@ledger.command(name="charges")
def charges(*, dsn: DatabaseDsn, as_of: AsOf = None, known_at: KnownAt = None) -> int:
    """Print the airport charges that are owed, by airport."""

    async def ask(books: Books) -> Any:
        asked = books_answers.question(as_of, known_at)
        return report_answers.charges(await read_liabilities.airport_charges(books, asked))

    return _print(dsn, ask)


@ledger.command(name="remittance")
def remittance(*, dsn: DatabaseDsn, since: Since, until: Until, known_at: KnownAt = None) -> int:
    """Print what was collected for authorities in a period, by code and airport."""

    async def ask(books: Books) -> Any:
        found = await read_liabilities.remittance(
            books, books_answers.question(None, known_at), since=since, until=until
        )
        return report_answers.remittance(found)

    return _print(dsn, ask)


@ledger.command(name="vat")
def vat(*, dsn: DatabaseDsn, since: Since, until: Until, known_at: KnownAt = None) -> int:
    """Print the supplies of a period by rate, zero-rated ones too."""

    async def ask(books: Books) -> Any:
        found = await read_liabilities.vat_return(
            books, books_answers.question(None, known_at), since=since, until=until
        )
        return report_answers.vat_return(found)

    return _print(dsn, ask)


@ledger.command(name="export")
def export(
    *,
    dsn: DatabaseDsn,
    since: Since,
    until: Until,
    form: Annotated[Form, Parameter(name="--format")] = "csv",
    out: Path | None = None,
    known_at: KnownAt = None,
) -> int:
    """Export a period with its opening balances: csv, beancount, hledger or parquet.

    Parameters
    ----------
    out
        The file to write; standard output without it. Parquet needs one.
    """
    if form == "parquet" and out is None:
        print("ais ledger export: parquet needs --out", file=sys.stderr)
        return running.USAGE_EXIT

    async def ask(books: Books) -> None:
        asked = books_answers.question(None, known_at)
        exported = await export_books.open_export(books, asked, since=since, until=until)
        if form == "parquet":
            assert out is not None
            await row_file.write(out, export_books.row_pages(exported))
        else:
            await _write(out, export_books.text(exported, form))

    return _ask(dsn, ask)


async def _write(out: Path | None, pieces: AsyncIterator[str]) -> None:
    if out is None:
        async for piece in pieces:
            sys.stdout.write(piece)
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        async for piece in pieces:
            file.write(piece)


def _print(dsn: str, ask: Ask) -> int:
    async def show(books: Books) -> None:
        answer = await ask(books)
        print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())

    return _ask(dsn, show)


def _ask(dsn: str, ask: Callable[[Books], Awaitable[None]]) -> int:
    """Ask the books on connections of their own; the exit code."""
    replica = running.replica_of(dsn)

    async def run() -> None:
        async with (
            make_pool(dsn) as pool,
            reads_of_command(pool, replica, max_lag_seconds=REPLICA_LAG_SECONDS) as reads,
        ):
            await ask(books_composition.books_of(reads))

    try:
        asyncio.run(run())
    except Rejection as refused:
        print(f"ais ledger: {refused.code} {dict(refused.parameters)}", file=sys.stderr)
        return running.USAGE_EXIT
    except (Unavailable, row_file.ParquetMissing, OSError) as error:
        print(f"ais ledger: {error}", file=sys.stderr)
        return 1
    return 0
