"""Of two schedulers one leads; the other takes over, and makes up a missed round once."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from application.coordination import Lock
from infrastructure.identity import tokens
from infrastructure.sealing import master_key
from tests.support.servers import TestDatabase

REPOSITORY = Path(__file__).parents[3]
WAIT_SECONDS = 60.0
# A whole scheduler in a process that can be killed, with two timers; its queue notes in a table
# which process was given which task.
SCHEDULER = """
import asyncio, os, sys
from typing import ClassVar
import psycopg
from application import ports
from interfaces import composition, settings
from interfaces.worker import scheduler
from interfaces.worker.timers.timer import Timer

class Daily(ports.BackgroundTask, frozen=True):
    topic: ClassVar[str] = "daily"

class Tick(ports.BackgroundTask, frozen=True):
    topic: ClassVar[str] = "tick"
    number: int

ticks = iter(range(10**9))

async def daily(core, page):
    return [Daily()]

async def tick(core, page):
    return [Tick(next(ticks))]

class Notes:
    def __init__(self, connection):
        self.connection = connection
    async def enqueue(self, topic, body):
        given = (sys.argv[2], topic)
        await self.connection.execute("INSERT INTO public.given VALUES (%s, %s)", given)
    async def relay(self):
        pass
    async def counts(self):
        return 0, 0

scheduler.TIMERS = (Timer("daily", daily, period_seconds=86400.0), Timer("tick", tick))

async def main():
    found = settings.load(os.environ)
    async with (
        await psycopg.AsyncConnection.connect(sys.argv[1], autocommit=True) as connection,
        composition.open_core(found, report=lambda *_: None) as core,
    ):
        running = scheduler.Scheduler(core, Notes(connection), dsn=found.database_url)
        await running.run(asyncio.Event())

asyncio.run(main())
"""


class Schedulers:
    """Processes by name, and what each was given to do."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database
        self._environment = {
            **os.environ,
            "AIS_DATABASE_URL": database.app_dsn,
            "AIS_MASTER_KEY": master_key.generated(),
            "AIS_TOKEN_KEY": tokens.generated(),
            "AIS_STRIPE_API_KEY": "sk_test_x",
            "AIS_STRIPE_WEBHOOK_SECRETS": "whsec_x",
            "AIS_PUBLIC_URL": "http://127.0.0.1:1",
        }

    @contextlib.asynccontextmanager
    async def started(self, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A scheduler, killed on exit."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SCHEDULER, self._database.owner_dsn, name),
            cwd=REPOSITORY,
            env=self._environment,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def given(self, name: str, topic: str) -> int:
        """How many tasks of the topic the process was given."""
        return self._count("public.given WHERE name = %s AND topic = %s", name, topic)

    def asking(self) -> int:
        """How many connections ask for the leader's lock and do not have it."""
        return self._count(
            "pg_stat_activity AS a WHERE datname = current_database() "
            "AND query LIKE %s AND NOT EXISTS (SELECT FROM pg_locks AS l "
            "WHERE l.pid = a.pid AND locktype = 'advisory' AND objid = %s AND granted)",
            "SELECT pg_try_advisory_lock%",
            Lock.SCHEDULER_LEADER,
        )

    async def until_given(self, name: str, topic: str, count: int) -> None:
        """Wait for tasks; the processes run in their own time."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.given(name, topic) < count:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)

    async def until_asking(self) -> None:
        """Wait for a scheduler that waits."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.asking() == 0:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)

    def _count(self, of: str, *values: object) -> int:
        with psycopg.connect(self._database.owner_dsn) as connection:
            row = connection.execute(f"SELECT count(*) FROM {of}".encode(), values).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def schedulers(database: TestDatabase) -> Schedulers:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.given (name text, topic text)")
    return Schedulers(database)


async def test_one_leads_and_the_other_takes_over_and_makes_up_a_missed_round_once(
    schedulers: Schedulers,
) -> None:
    async with schedulers.started("first") as first:
        await schedulers.until_given("first", "tick", 2)
        async with schedulers.started("second"):
            await schedulers.until_asking()
            await schedulers.until_given("first", "tick", 4)
            assert schedulers.given("first", "daily") == 1
            assert schedulers.given("second", "tick") == 0
            first.kill()
            await first.wait()
            led = schedulers.given("first", "tick")
            # However long nobody led, the daily round comes once, and not again at the next ticks.
            await schedulers.until_given("second", "tick", 3)
            assert schedulers.given("second", "daily") == 1
            assert schedulers.given("first", "tick") == led
