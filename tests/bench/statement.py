"""`ais bench statement`: a trial balance and a statement over 10⁶ entries against 10⁴.

The entries go through the real projector, over the same days, so that a day of the large books has
a hundred times as many. Asked are the read models' own queries, in turns on both databases.
"""

import asyncio
import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from application.ledger import read_ledger, read_statement
from application.ledger.books import Books, StatementQuestion
from application.ledger.books_at import BooksQuestion
from domain.ledger import accounts
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from infrastructure.postgres.pool import make_pool
from interfaces import books_composition
from projections import runner
from projections.ledger_journal.projector import PROJECTION
from tests.bench.result import Case
from tests.support import synthetic_books
from tests.support.servers import private_folder

SMALL, LARGE = 10_000, 1_000_000
DAYS = 365
LATE_SHARE = 0.02
ROUNDS = 200
WARM_UP = 20
BAR = 1.5
MIDDLE = synthetic_books.FIRST_DAY + dt.timedelta(days=DAYS // 2)
MONTH = dt.timedelta(days=30)

Question = Callable[[Books, int], Awaitable[object]]


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    with _server() as server:
        dsns = {count: _filled(server, count, console) for count in (SMALL, LARGE)}
        cases = asyncio.run(_measure(dsns))
    _show(console, cases)
    if as_json:
        print(json.dumps({"bench": "statement", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


@contextmanager
def _server() -> Iterator[EmbeddedPostgres]:
    with private_folder() as folder, EmbeddedPostgres(folder, durable=False) as server:
        yield server


def _filled(server: EmbeddedPostgres, count: int, console: Console) -> str:
    """Return a database whose journal has so many entries, and a checkpoint at the last."""
    name = f"books_{count}"
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    dsn = server.dsn(name)
    migrate.migrate(dsn)
    roles.create_logins(dsn)
    runner.prepare_all(dsn)
    with (
        console.status(f"writing {count:,} entries"),
        psycopg.connect(dsn, autocommit=True) as connection,
    ):
        synthetic_books.load(connection, count, days=DAYS, late_share=LATE_SHARE)
        connection.execute(
            "UPDATE projections.checkpoint SET position = %s WHERE projection = %s",
            (count, PROJECTION.name),
        )
    return dsn


async def _balances_now(books: Books, _: int) -> object:
    return await read_ledger.trial_balance(books, BooksQuestion())


async def _balances_then(books: Books, count: int) -> object:
    """The middle of the year as it was known a quarter later, within a day."""
    known = count * 3 // 4
    return await read_ledger.trial_balance(books, BooksQuestion(MIDDLE, known_position=known))


async def _statement(books: Books, count: int) -> object:
    return await read_statement.read_statement(
        books,
        StatementQuestion(accounts.AIR_TRAFFIC_LIABILITY, "SAR", MIDDLE, MIDDLE + MONTH),
        BooksQuestion(known_position=count * 3 // 4),
        cursor=None,
        limit=100,
    )


QUESTIONS: dict[str, Question] = {
    "trial-balance": _balances_now,
    "trial-balance-then": _balances_then,
    "statement": _statement,
}


async def _measure(dsns: dict[int, str]) -> list[Case]:
    pools = {count: make_pool(dsn) for count, dsn in dsns.items()}
    for pool in pools.values():
        await pool.open()
    try:
        books = {count: books_composition.books_on(pool) for count, pool in pools.items()}
        return [await _case(name, ask, books) for name, ask in QUESTIONS.items()]
    finally:
        for pool in pools.values():
            await pool.close()


async def _case(name: str, ask: Question, books: dict[int, Books]) -> Case:
    times: dict[int, list[float]] = {count: [] for count in books}
    for number in range(WARM_UP + ROUNDS):
        for count, asked in books.items():
            began = time.perf_counter()
            await ask(asked, count)
            if number >= WARM_UP:
                times[count].append(time.perf_counter() - began)
    small, large = (statistics.median(times[count]) * 1000 for count in (SMALL, LARGE))
    ratio = large / small
    return Case(name, round(large, 2), round(small, 2), round(ratio, 2), BAR, ratio <= BAR, "ms")


def _show(console: Console, cases: Sequence[Case]) -> None:
    table = Table(title=f"statement: {LARGE:,} entries against {SMALL:,}")
    for column in ("case", f"{LARGE:,}", f"{SMALL:,}", "ratio", "bar", "holds"):
        table.add_column(column)
    for case in cases:
        table.add_row(
            case.case,
            f"{case.ours:.2f} {case.unit}",
            f"{case.reference:.2f} {case.unit}",
            f"{case.ratio:.2f}",
            f"{case.bar}",
            "yes" if case.holds else "NO",
        )
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv))
