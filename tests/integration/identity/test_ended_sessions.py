"""Ended sessions in the memory of a web process: other processes, lost connections, limits."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest

from application.coordination import Channel
from application.identity.end_sessions import end_sessions
from application.identity.session_ports import SessionTokens
from application.ports import Unavailable
from infrastructure.identity import ended_sessions
from infrastructure.identity.ended_sessions import PostgresEndedSessions
from infrastructure.postgres import pool as pools
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.servers import TestDatabase

EMAIL, PASSWORD = "layla@example.com", "correct horse battery"
LISTENERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    f"WHERE datname = current_database() AND query IN ('LISTEN {Channel.SESSION}', 'SELECT 1')"
)


class Seconds:
    """The monotonic clock, and what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        await each.register(EMAIL, PASSWORD)
        yield each


@asynccontextmanager
async def another_process(
    dsn: str, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[PostgresEndedSessions]:
    pool = pools.make_pool(dsn, max_size=2)
    await pool.open()
    found = PostgresEndedSessions(dsn, pool, monotonic=clock)
    found.start()
    try:
        yield found
    finally:
        await found.close()
        await pool.close()


async def signed_in(identity: Identity) -> SessionTokens:
    return (await identity.signed_in(EMAIL, PASSWORD)).tokens


async def end(identity: Identity, tokens: SessionTokens) -> None:
    user = identity.tokens.verify(tokens.access_token.encode()).user
    await end_sessions(user, "revoked", identity.sessions, only=tokens.session)


async def until(holds: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


async def test_another_process_knows_an_end_at_once(
    identity: Identity, database: TestDatabase
) -> None:
    first, second = await signed_in(identity), await signed_in(identity)
    async with another_process(database.app_dsn) as other:
        await until(lambda: other.known(first.session) is False)
        began = time.monotonic()
        await end(identity, first)
        await until(lambda: other.known(first.session) is True)
        assert time.monotonic() - began < ended_sessions.KNOWN_SECONDS
        assert other.known(second.session) is False


async def test_a_process_that_starts_later_knows_what_ended_before(
    identity: Identity, database: TestDatabase
) -> None:
    first, second = await signed_in(identity), await signed_in(identity)
    await end(identity, first)
    async with another_process(database.app_dsn) as other:
        assert other.known(first.session) is None
        await until(lambda: other.known(second.session) is False)
        assert other.known(first.session) is True


async def test_a_process_that_starts_later_knows_ends_whose_sessions_an_erasure_deleted(
    identity: Identity, database: TestDatabase
) -> None:
    """The access token of an erased account lives on for a quarter of an hour."""
    first, second = await signed_in(identity), await signed_in(identity)
    await end(identity, first)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute("DELETE FROM identity.session WHERE id = %s", (first.session,))
    async with another_process(database.app_dsn) as other:
        await until(lambda: other.known(second.session) is False)
        assert other.known(first.session) is True
    assert await identity.ended.has_ended(first.session)


async def test_without_its_connection_a_process_asks_and_then_learns_what_it_missed(
    identity: Identity, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await signed_in(identity), await signed_in(identity)
    monkeypatch.setattr(ended_sessions, "PAUSE_SECONDS", 1.0)
    async with another_process(database.app_dsn) as other:
        await until(lambda: other.known(first.session) is False)
        with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
            killed = connection.execute(LISTENERS.encode()).fetchall()
        assert len(killed) == 1
        await until(lambda: other.known(first.session) is None)
        await end(identity, first)
        assert await other.has_ended(first.session) is True
        assert await other.has_ended(second.session) is False
        assert await other.has_ended("ses_" + "0" * 24) is True
        await until(lambda: other.known(first.session) is True)
        await until(lambda: other.known(second.session) is False)


async def test_a_connection_that_does_not_answer_is_not_believed(
    identity: Identity, database: TestDatabase
) -> None:
    first = await signed_in(identity)
    clock = Seconds()
    async with another_process(database.app_dsn, clock) as other:
        await until(lambda: other.known(first.session) is False)
        clock.ahead = ended_sessions.KNOWN_SECONDS
        assert other.known(first.session) is None


async def test_without_a_database_nobody_is_let_in() -> None:
    nowhere = "postgresql://127.0.0.1:1/none?connect_timeout=1"
    pool = pools.make_pool(nowhere, min_size=0)
    await pool.open()
    try:
        ended = PostgresEndedSessions(nowhere, pool, monotonic=time.monotonic)
        assert ended.known("ses_1") is None
        with pytest.raises(Unavailable):
            await ended.has_ended("ses_1")
    finally:
        await pool.close()


async def test_more_than_memory_holds_is_asked_for(
    identity: Identity, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended_sessions, "LIMIT", 2)
    devices = [await signed_in(identity) for _ in range(4)]
    async with another_process(database.app_dsn) as other:
        await until(lambda: other.known(devices[0].session) is False)
        for device in devices[:3]:
            await end(identity, device)
        await until(lambda: other.known(devices[2].session) is True)
        assert other.known(devices[0].session) is None
        assert await other.has_ended(devices[0].session) is True
        assert other.known(devices[3].session) is None
        assert await other.has_ended(devices[3].session) is False


def test_what_ended_long_ago_is_forgotten() -> None:
    clock = Seconds()
    ended = PostgresEndedSessions("", None, monotonic=clock)  # type: ignore[arg-type]  # not asked
    ended.note(["ses_1"])
    clock.ahead = ended_sessions.KEPT_SECONDS - 1
    ended.note(["ses_2"])
    assert (ended.known("ses_1"), ended.known("ses_2")) == (True, True)
    clock.ahead = ended_sessions.KEPT_SECONDS + 1
    ended.note(["ses_3"])
    assert (ended.known("ses_1"), ended.known("ses_2")) == (None, True)
