"""Appends announced by a real database: they wake followers, also after a broken connection."""

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from application.coordination import Channel
from infrastructure.postgres.announced_appends import PostgresAnnouncedAppends
from tests.support.servers import TestDatabase

LONG_SECONDS = 30.0
ANNOUNCE = f"SELECT pg_notify('{Channel.LOG}', '1')"
# Those of this database that wait for appends.
KILL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def appends(database: TestDatabase) -> AsyncIterator[PostgresAnnouncedAppends]:
    found = PostgresAnnouncedAppends(database.app_dsn)
    # The first announcement says that the connection listens.
    await found.wait(0, LONG_SECONDS)
    assert found.announced == 1
    yield found
    await found.close()


def run(database: TestDatabase, statement: str) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


async def woken(appends: PostgresAnnouncedAppends, seen: int) -> bool:
    began = time.monotonic()
    await appends.wait(seen, LONG_SECONDS)
    return time.monotonic() - began < LONG_SECONDS / 2 and appends.announced > seen


async def test_an_append_wakes_all_followers(
    database: TestDatabase, appends: PostgresAnnouncedAppends
) -> None:
    seen = appends.announced
    waiting = [asyncio.create_task(woken(appends, seen)) for _ in range(20)]
    await asyncio.to_thread(run, database, ANNOUNCE)
    assert all(await asyncio.gather(*waiting))
    # One that came too late to be woken does not wait.
    assert await woken(appends, seen)


async def test_nothing_is_missed_while_the_connection_was_broken(
    database: TestDatabase, appends: PostgresAnnouncedAppends
) -> None:
    seen = appends.announced
    await asyncio.to_thread(run, database, KILL)
    # Said to nobody; the new connection counts as an announcement by itself.
    await asyncio.to_thread(run, database, ANNOUNCE)
    assert await woken(appends, seen)
    seen = appends.announced
    await asyncio.to_thread(run, database, ANNOUNCE)
    assert await woken(appends, seen)


async def test_followers_end_with_the_process(
    database: TestDatabase, appends: PostgresAnnouncedAppends
) -> None:
    waiting = asyncio.create_task(appends.wait(appends.announced, LONG_SECONDS))
    await asyncio.sleep(0)
    appends.end()
    async with asyncio.timeout(5):
        await waiting
        await appends.wait(appends.announced, LONG_SECONDS)
    assert appends.ending


async def test_a_quiet_log_wakes_nobody_before_the_time(
    appends: PostgresAnnouncedAppends,
) -> None:
    seen, began = appends.announced, time.monotonic()
    await appends.wait(seen, 0.3)
    assert time.monotonic() - began >= 0.3
    assert appends.announced == seen
