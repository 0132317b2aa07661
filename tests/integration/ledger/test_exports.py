"""Exports are accepted by other programs, which come to the balances of our trial balance."""

import asyncio
import csv
import datetime as dt
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from application.ledger import export_books, read_ledger
from application.ledger.books_at import BooksQuestion
from domain.kernel.entries import accounting_day
from infrastructure.parquet import row_file
from interfaces import books_composition
from tests.integration.projections.airline import DEPARTURE, FLIGHT, Airline

# CI sets it: there a tool that is absent is a failure, elsewhere its tests are skipped by name.
TOOLS_REQUIRED = "LEDGER_TOOLS_REQUIRED"
DAY = dt.timedelta(days=1)
Balances = dict[tuple[str, str], str]


async def in_three_currencies(airline: Airline) -> tuple[dt.date, dt.date]:
    """Sales before and within the period, in riyals, dinars and yen, and a cancellation."""
    await airline.sell()
    airline.clock.now += 2 * DAY
    since = accounting_day(airline.clock.now)
    for number, currency, fare in (("XX2", "KWD", 40_010), ("XX3", "JPY", 40_001)):
        flight = await airline.schedule(
            number, seats=9, fare=fare, currency=currency, departs_at=DEPARTURE
        )
        await airline.ticketed(flight)
    await airline.cancel(await airline.ticketed(FLIGHT, "ADT", "CHD"))
    await airline.catch_up()
    return since, accounting_day(airline.clock.now)


async def exported(
    airline: Airline, form: export_books.Format, since: dt.date, until: dt.date
) -> str:
    books = books_composition.books_on(airline.pool)
    found = await export_books.open_export(books, BooksQuestion(), since=since, until=until)
    return "".join([piece async for piece in export_books.text(found, form)])


async def ours(airline: Airline, day: dt.date) -> Balances:
    books = books_composition.books_on(airline.pool)
    found = await read_ledger.trial_balance(books, BooksQuestion(as_of=day))
    return {
        (row.account.number, row.currency): export_books.decimal(row.amount, row.currency)
        for row in found.rows
        if row.amount
    }


def require(*tools: str) -> None:
    """Skip the test where a program or library that it needs is absent; fail in CI."""
    for tool in tools:
        if shutil.which(tool) is None and importlib.util.find_spec(tool) is None:
            assert TOOLS_REQUIRED not in os.environ, f"{tool} is not installed"
            pytest.skip(f"{tool} is not installed")


def hledger(path: Path, *words: str) -> str:
    """What hledger prints; fails where it does."""
    done = subprocess.run(
        ["hledger", "-f", str(path), *words],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


async def test_the_rows_of_a_csv_export_add_up_to_the_trial_balance_at_its_end(
    airline: Airline,
) -> None:
    since, until = await in_three_currencies(airline)
    rows = list(csv.DictReader((await exported(airline, "csv", since, until)).splitlines()))
    assert {row["currency"] for row in rows} == {"SAR", "KWD", "JPY"}
    opening = [row for row in rows if row["rule"] == "opening"]
    assert opening
    assert all(row["effective_on"] == since.isoformat() for row in opening)
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["account"], row["currency"])
        sums[key] = sums.get(key, 0) + int(row["amount"])
    found = {key: export_books.decimal(sums[key], key[1]) for key in sums if sums[key]}
    assert found == await ours(airline, until)
    yen = next(row["decimal"] for row in rows if row["currency"] == "JPY")
    assert "." not in yen


async def test_bean_check_accepts_a_beancount_export_and_finds_our_balances(
    airline: Airline, tmp_path: Path
) -> None:
    require("beancount")
    loader = importlib.import_module("beancount.loader")
    realization = importlib.import_module("beancount.core.realization")
    since, until = await in_three_currencies(airline)
    path = tmp_path / "books.beancount"
    path.write_text(await exported(airline, "beancount", since, until))
    entries, errors, _ = await asyncio.to_thread(loader.load_file, str(path))
    assert errors == []
    found: Balances = {}
    for account in realization.iter_children(realization.realize(entries)):
        for position in account.balance:
            if position.units.number:
                number = account.account.split(":")[1][:4]
                found[number, position.units.currency] = str(position.units.number)
    assert found == await ours(airline, until)
    assert path.read_text().count(" balance ") >= len(found)


async def test_a_wrong_balance_in_a_beancount_export_would_be_found(
    airline: Airline, tmp_path: Path
) -> None:
    require("beancount")
    loader = importlib.import_module("beancount.loader")
    since, until = await in_three_currencies(airline)
    text = await exported(airline, "beancount", since, until)
    amount = next(iter((await ours(airline, until)).values()))
    path = tmp_path / "books.beancount"
    path.write_text(text.replace(f" {amount} ~", f" {amount}9 ~"))
    _, errors, _ = await asyncio.to_thread(loader.load_file, str(path))
    assert errors


async def test_hledger_accepts_a_journal_and_finds_our_balances(
    airline: Airline, tmp_path: Path
) -> None:
    require("hledger")
    since, until = await in_three_currencies(airline)
    path = tmp_path / "books.journal"
    path.write_text(await exported(airline, "hledger", since, until))
    await asyncio.to_thread(hledger, path, "check", "--strict")
    table = await asyncio.to_thread(
        hledger, path, "balance", "--flat", "--no-elide", "--layout=tidy", "-O", "csv"
    )
    found = {
        (row["account"].split(":")[1][:4], row["commodity"]): row["value"]
        for row in csv.DictReader(table.splitlines())
        if row["commodity"] and float(row["value"])
    }
    want = {key: value.removesuffix(".") for key, value in (await ours(airline, until)).items()}
    assert {key: value.removesuffix(".") for key, value in found.items()} == want


async def test_duckdb_adds_a_parquet_export_up_to_the_trial_balance(
    airline: Airline, tmp_path: Path
) -> None:
    require("pyarrow", "duckdb")
    duckdb = importlib.import_module("duckdb")
    since, until = await in_three_currencies(airline)
    books = books_composition.books_on(airline.pool)
    found = await export_books.open_export(books, BooksQuestion(), since=since, until=until)
    path = tmp_path / "books.parquet"
    count = await row_file.write(path, export_books.row_pages(found))
    assert count > 10
    rows = duckdb.sql(
        f"SELECT account, currency, sum(amount)::BIGINT FROM '{path}' "
        "GROUP BY 1, 2 HAVING sum(amount) <> 0"
    ).fetchall()
    sums = {(a, c): export_books.decimal(amount, c) for a, c, amount in rows}
    assert sums == await ours(airline, until)


async def test_an_export_holds_no_more_than_a_page_of_entries_and_leaves_none_out(
    airline: Airline, monkeypatch: pytest.MonkeyPatch
) -> None:
    since, until = await in_three_currencies(airline)
    whole = await exported(airline, "csv", since, until)
    monkeypatch.setattr(export_books, "PAGE", 2)
    assert await exported(airline, "csv", since, until) == whole
