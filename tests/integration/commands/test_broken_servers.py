"""A full disk, a server that stands still under a flood, clocks that disagree: each command is
carried out once or refused, and a refused one can be repeated."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import psycopg
import pytest

from application import ports
from application.commands.command import CommandEnvelope
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import silence
from tests.integration.commands import outcomes
from tests.support import broken_parts, servers, stored_log
from tests.support.airline import create_booking
from tests.support.moved_clock import MovedClock
from tests.support.postgres_airline import PostgresAirline, envelope, postgres_airline
from tests.support.servers import TestDatabase

RESERVED = "booking.reserved.1"
NOT_NOW = {ports.Unavailable, ports.AppendUnresolved}
DISK_MEGABYTES = 160
# A log that is written in small files needs a new one soon.
SMALL_FILES = {"max_wal_size": "32MB", "wal_keep_size": "0", "wal_recycle": "off"}
QUEUE_LIMIT, FLOOD = 500, 800
HOUR = dt.timedelta(hours=1)
PATIENCE_SECONDS = 90.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with servers.quick_folder() as short:
        yield short


async def _sent(
    airline: PostgresAirline, commands: Sequence[CommandEnvelope]
) -> list[CommandEnvelope]:
    """Send all at once; return those that were refused for now."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = await outcomes.outcomes(
            [
                airline.dispatcher.submit(msgspec.structs.replace(each, deadline=deadline))
                for each in commands
            ]
        )
    assert {type(error) for error in outcomes.errors_of(found)} <= NOT_NOW
    return [
        each
        for each, outcome in zip(commands, found, strict=True)
        if isinstance(outcome, BaseException)
    ]


async def _all_carried_out(airline: PostgresAirline, commands: list[CommandEnvelope]) -> None:
    """Repeat the commands, as clients do, until none is refused."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        left: Sequence[CommandEnvelope] = commands
        while left:
            left = await _sent(airline, left)
            await asyncio.sleep(0.05)


async def test_a_full_disk_acknowledges_nothing_and_room_on_it_heals(folder: Path) -> None:
    with (
        broken_parts.small_disk(folder / "disk", DISK_MEGABYTES) as disk,
        EmbeddedPostgres(disk / "pg", durable=False, settings=SMALL_FILES) as server,
    ):
        servers.make_template(server)
        with servers.fresh_database(server) as database:
            async with postgres_airline(database.app_dsn) as airline:
                flight = await airline.schedule(seats=1_000_000)
                sent: list[CommandEnvelope] = []
                refused: list[CommandEnvelope] = []
                with broken_parts.filled(disk):
                    while not refused:
                        batch = [envelope(create_booking(flight)) for _ in range(400)]
                        sent += batch
                        refused = await _sent(airline, batch)
                        assert len(sent) < 100_000, "the disk is never full"
                await asyncio.to_thread(_restart_if_ended, server)
                stored = stored_log.count(database.owner_dsn, RESERVED)
                assert stored <= len(sent) - len(refused), "a refused command was carried out"
                await _all_carried_out(airline, sent)
            assert stored_log.count(database.owner_dsn, RESERVED) == len(sent)
            stored_log.assert_invariants(database.owner_dsn)


def _restart_if_ended(server: EmbeddedPostgres) -> None:
    """Without room for its log the server ends; the operator starts it again."""
    assert server._process is not None
    if server._process.poll() is not None:
        server.restart_after_kill()


async def test_a_flood_on_a_server_that_stands_still_fills_the_queue_and_no_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "REPLY_SECONDS", 1.0)
    with EmbeddedPostgres(folder / "pg", durable=False) as server:
        servers.make_template(server)
        with servers.fresh_database(server) as database:
            async with postgres_airline(database.app_dsn, queue_limit=QUEUE_LIMIT) as airline:
                flight = await airline.schedule(seats=1_000_000)
                commands = [envelope(create_booking(flight)) for _ in range(FLOOD)]
                with broken_parts.stopped(server.pid):
                    deadline = asyncio.get_running_loop().time() + 2.0
                    hurried = [msgspec.structs.replace(e, deadline=deadline) for e in commands]
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        found = await outcomes.outcomes(
                            [airline.dispatcher.submit(each) for each in hurried]
                        )
                reasons = Counter(str(error) for error in outcomes.errors_of(found))
                assert reasons["queue"] == FLOOD - QUEUE_LIMIT
                assert reasons.total() == FLOOD, "acknowledged without a server"
                await _all_carried_out(airline, commands)
            assert stored_log.count(database.owner_dsn, RESERVED) == FLOOD
            assert stored_log.seats(database.owner_dsn, flight) == (1_000_000, FLOOD, 0)
            stored_log.assert_invariants(database.owner_dsn)


async def test_no_statement_waits_for_ever_for_a_server_that_stands_still(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "REPLY_SECONDS", 0.5)
    with EmbeddedPostgres(folder / "pg", durable=False) as server:
        servers.make_template(server)
        with servers.fresh_database(server) as database:
            async with postgres_airline(database.app_dsn) as airline:
                async with airline.pool.connection() as connection:
                    with broken_parts.stopped(server.pid), pytest.raises(psycopg.OperationalError):
                        async with asyncio.timeout(PATIENCE_SECONDS / 3):
                            await connection.execute("SELECT 1")
                async with airline.pool.connection() as connection:
                    await connection.execute("SELECT 1")


async def test_processes_whose_clocks_are_two_hours_apart_sell_each_seat_once(
    database: TestDatabase,
) -> None:
    behind, ahead = MovedClock(), MovedClock()
    behind.ahead, ahead.ahead = -HOUR, HOUR
    async with (
        postgres_airline(database.app_dsn, clock=behind) as one,
        postgres_airline(database.app_dsn, clock=ahead) as two,
    ):
        flight = await one.schedule(seats=60)
        found = []
        for _ in range(5):
            found += await outcomes.outcomes(
                [each.submit(create_booking(flight)) for _ in range(10) for each in (one, two)]
            )
            behind.ahead, ahead.ahead = ahead.ahead, behind.ahead
    assert len(outcomes.accepted(found)) == 60
    assert len(outcomes.errors_of(found)) == 40
    assert stored_log.seats(database.owner_dsn, flight) == (60, 60, 0)
    stored_log.assert_invariants(database.owner_dsn)
    with psycopg.connect(database.owner_dsn) as connection:
        times = connection.execute("SELECT recorded_at FROM ledger.event ORDER BY position")
        recorded = [row[0] for row in times]
    assert recorded == sorted(recorded)
    now = dt.datetime.now(dt.UTC)
    assert all(abs(now - each) < HOUR / 2 for each in recorded), "a process's clock was recorded"
