"""`ais ledger` prints what the routes of the ledger answer."""

import asyncio
import datetime as dt
import json
from typing import Any

import msgspec
import pytest

from application.ledger import read_journal, read_ledger, read_liabilities, read_statement
from application.ledger.books import JournalQuestion, StatementQuestion
from application.ledger.books_at import BooksQuestion
from domain.kernel.entries import accounting_day
from interfaces import books_composition
from interfaces.cli.main import make_app
from interfaces.http import books_answers, report_answers
from tests.integration.projections.airline import FLIGHT, Airline


async def printed(airline: Airline, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What the command prints, as JSON; its exit code is 0."""
    capsys.readouterr()
    call = ["ledger", *words, "--dsn", airline.database.app_dsn]
    code = await asyncio.to_thread(make_app("ledger"), call, exit_on_error=False)
    output = capsys.readouterr()
    assert code == 0, output.err
    return json.loads(output.out)


def as_json(answer: object) -> Any:
    return json.loads(msgspec.json.encode(answer))


async def test_the_command_line_and_the_routes_give_the_same_answers(
    airline: Airline, capsys: pytest.CaptureFixture[str]
) -> None:
    booking = await airline.sell()
    await airline.cancel(await airline.ticketed(FLIGHT, "ADT", "CHD"))
    await airline.catch_up()
    books = books_composition.books_on(airline.pool)
    today = accounting_day(airline.clock.now)
    days = ("--from", str(today), "--to", str(today))
    everything = BooksQuestion()
    assert await printed(airline, capsys, "trial-balance", "--as-of", str(today)) == as_json(
        books_answers.trial_balance(
            await read_ledger.trial_balance(books, BooksQuestion(as_of=today))
        )
    )
    assert await printed(airline, capsys, "statement", "2000", "SAR", *days) == as_json(
        books_answers.statement(
            await read_statement.read_statement(
                books,
                StatementQuestion("2000", "SAR", today, today),
                everything,
                cursor=None,
                limit=100,
            )
        )
    )
    assert await printed(airline, capsys, "journal", "--booking", booking) == as_json(
        books_answers.journal(
            await read_journal.read_journal(
                books, JournalQuestion(booking=booking), everything, cursor=None, limit=50
            )
        )
    )
    assert await printed(airline, capsys, "owed") == as_json(
        report_answers.open_items(await read_liabilities.open_items(books))
    )
    assert await printed(airline, capsys, "deferred") == as_json(
        report_answers.deferred(await read_liabilities.deferred_revenue(books, everything))
    )
    assert await printed(airline, capsys, "charges") == as_json(
        report_answers.charges(await read_liabilities.airport_charges(books, everything))
    )
    assert await printed(airline, capsys, "remittance", *days) == as_json(
        report_answers.remittance(
            await read_liabilities.remittance(books, everything, since=today, until=today)
        )
    )
    assert await printed(airline, capsys, "vat", *days) == as_json(
        report_answers.vat_return(
            await read_liabilities.vat_return(books, everything, since=today, until=today)
        )
    )


async def test_a_refused_question_is_explained_and_has_exit_code_2(
    airline: Airline, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["ledger", "trial-balance", "--known-at", "yesterday"]
    code = await asyncio.to_thread(
        make_app("ledger"), [*call, "--dsn", airline.database.app_dsn], exit_on_error=False
    )
    assert code == 2
    assert "knownAt" in capsys.readouterr().err


async def test_a_replay_of_the_log_agrees_with_the_live_books(
    airline: Airline, capsys: pytest.CaptureFixture[str]
) -> None:
    await airline.sell()
    await airline.catch_up()
    call = ["ledger", "replay", "--dsn", airline.projector_dsn]
    assert await asyncio.to_thread(make_app("ledger"), call, exit_on_error=False) == 0
    output = capsys.readouterr()
    assert "2 entries" in output.out
    assert "0 differences" in output.out
    assert "replayed" in output.err
    airline.query(
        "UPDATE ledger_journal_g1.ledger_balance SET amount = amount + 1 "
        "WHERE account = '1010' RETURNING 1"
    )
    assert await asyncio.to_thread(make_app("ledger"), call, exit_on_error=False) == 1
    assert "account 1010" in capsys.readouterr().out


async def test_deferred_revenue_and_charges_add_up_to_their_accounts(airline: Airline) -> None:
    await airline.sell()
    await airline.ticketed(FLIGHT, "ADT", "CHD", "INF")
    await airline.catch_up()
    books = books_composition.books_on(airline.pool)
    balances = {
        row.account.number: -row.amount
        for row in (await read_ledger.trial_balance(books, BooksQuestion())).rows
    }
    deferred = (await read_liabilities.deferred_revenue(books, BooksQuestion())).rows
    assert sum(each.fare for each in deferred) == balances["2000"] > 0
    assert {(each.flight, each.departs_on.isoformat()) for each in deferred} == {
        (FLIGHT, "2026-12-24")
    }
    charges = (await read_liabilities.airport_charges(books, BooksQuestion())).rows
    assert {each.airport for each in charges} == {"RUH", "JED"}
    assert sum(each.amount for each in charges) == balances["2310"] > 0


async def test_the_vat_return_has_what_was_taxed_and_what_was_zero_rated(airline: Airline) -> None:
    await airline.sell()
    abroad = await airline.schedule(
        "XX5",
        seats=9,
        fare=70_000,
        domestic=False,
        route=("RUH", "DXB"),
        country="AE",
        departs_at=airline.clock.now + dt.timedelta(days=30),
    )
    await airline.ticketed(abroad)
    await airline.cancel(await airline.ticketed(FLIGHT))
    await airline.catch_up()
    today = accounting_day(airline.clock.now)
    found = await read_liabilities.vat_return(
        books_composition.books_on(airline.pool), BooksQuestion(), since=today, until=today
    )
    (riyals,) = found.rows
    assert riyals.zero_rated_net == 70_000
    assert riyals.vat * 100 == riyals.standard_net * 15
    [(vat,)] = airline.query("SELECT -sum(amount) FROM ledger.posting WHERE account = '2300'")
    assert riyals.vat == vat > 0
