"""The runs of reconciliation on Postgres: what the application may write, and what it reads."""

import datetime as dt
from typing import Any

import psycopg
import pytest

from application.ports import Unavailable
from domain.reconciliation.state import DayTotal
from infrastructure.postgres import pool as pools
from infrastructure.postgres.reconciliation_runs import PostgresRunLog
from tests.support.servers import TestDatabase

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 25)
RUN: dict[str, Any] = {
    "since": DAY - dt.timedelta(days=6),
    "until": DAY,
    "trigger": "timer",
    "actor": "system",
    "now": NOW,
}


async def test_a_run_is_read_as_it_was_stored_before_and_after_its_end(
    database: TestDatabase,
) -> None:
    async with pools.make_pool(database.app_dsn) as pool:
        runs = PostgresRunLog(pool)
        first, second = await runs.begin(**RUN), await runs.begin(**RUN)
        later = NOW + dt.timedelta(seconds=2)
        totals = (DayTotal("JPY", 2**40, 7), DayTotal("KWD", 3, 0))
        await runs.finish(first, breaks={"amount": 2, "payout": 1}, totals=totals, now=later)
        open_, ended = await runs.find(before=None, limit=5)
        assert (open_.number, open_.finished_at, open_.breaks, open_.totals) == (
            second,
            None,
            {},
            (),
        )
        assert (ended.since, ended.until, ended.trigger, ended.actor) == (
            RUN["since"],
            DAY,
            "timer",
            "system",
        )
        assert (ended.started_at, ended.finished_at) == (NOW, later)
        assert (ended.breaks, ended.totals) == ({"amount": 2, "payout": 1}, totals)
        assert [each.number for each in await runs.find(before=second, limit=5)] == [first]
        assert await runs.find(before=first, limit=5) == []


async def test_the_application_changes_nothing_of_a_run_but_its_end_and_removes_none(
    database: TestDatabase,
) -> None:
    async with pools.make_pool(database.app_dsn) as pool:
        await PostgresRunLog(pool).begin(**RUN)
        for statement in (
            b"UPDATE process.reconciliation_run SET actor = 'other'",
            b"DELETE FROM process.reconciliation_run",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with pool.connection() as connection:
                    await connection.execute(statement)


async def test_a_database_that_is_away_is_reported_as_such(database: TestDatabase) -> None:
    async with pools.make_pool(database.app_dsn) as pool:
        await pool.close()
        with pytest.raises(Unavailable):
            await PostgresRunLog(pool).find(before=None, limit=1)
