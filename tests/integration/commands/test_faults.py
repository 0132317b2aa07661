"""Lost replies, killed connections and a server that is gone: never double, never silent."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from application import ports
from application.commands.command import CommandEnvelope
from application.coordination import Lock
from domain.inventory.rejections import SeatsUnavailable
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.event_store import codec
from infrastructure.event_store import log as logs
from infrastructure.postgres import silence
from tests.integration.commands import outcomes
from tests.integration.event_store import plain_append
from tests.support import servers, stored_log
from tests.support.airline import create_booking
from tests.support.lossy_line import lossy_line
from tests.support.postgres_airline import PostgresAirline, envelope, postgres_airline, utc_now
from tests.support.servers import TestDatabase

RESERVED = "booking.reserved.1"
APPENDED = b"booking.initiated.1"
KILLS = 10
PATIENCE_SECONDS = 120.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with servers.quick_folder() as short:
        yield short


@pytest.mark.parametrize("cut", [True, False])
async def test_a_lost_reply_to_a_durable_append_is_found_out_and_answered_once(
    database: TestDatabase, folder: Path, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    monkeypatch.setattr(silence, "REPLY_SECONDS", 2.0)
    async with (
        lossy_line(database.app_dsn, folder) as (line, dsn),
        postgres_airline(dsn) as airline,
    ):
        flight = await airline.schedule(seats=30)
        line.lose_reply_to(APPENDED, cut=cut)
        found = await outcomes.outcomes([airline.submit(create_booking(flight)) for _ in range(20)])
        assert line.lost == 1
        assert outcomes.errors_of(found) == []
        assert len({each.answer.stream for each in outcomes.answered(found)}) == 20
        assert stored_log.count(database.owner_dsn, RESERVED) == 20
        await airline.submit(create_booking(flight))
    assert stored_log.seats(database.owner_dsn, flight) == (30, 21, 0)


async def test_a_lost_reply_to_a_commit_under_the_lock_is_found_out(
    database: TestDatabase, folder: Path
) -> None:
    async with (
        lossy_line(database.app_dsn, folder) as (line, dsn),
        postgres_airline(dsn) as airline,
    ):
        flight = await airline.schedule(seats=30)
        airline.dispatcher._contended_until = asyncio.get_running_loop().time() + 60
        await airline.submit(create_booking(flight))
        line.lose_reply_to(b"COMMIT")
        found = await outcomes.outcomes([airline.submit(create_booking(flight)) for _ in range(5)])
        assert line.lost == 1
        assert outcomes.errors_of(found) == []
        assert airline.dispatcher.statistics.locked_batches >= 2
    assert stored_log.seats(database.owner_dsn, flight) == (30, 6, 0)
    assert stored_log.count(database.owner_dsn, RESERVED) == 6


async def test_a_lost_reply_to_a_refused_append_leaves_no_trace(
    database: TestDatabase, folder: Path
) -> None:
    async with (
        lossy_line(database.app_dsn, folder) as (line, dsn),
        postgres_airline(dsn) as airline,
        postgres_airline(database.app_dsn) as other,
    ):
        flight = await airline.schedule(seats=1)
        await other.submit(create_booking(flight))
        line.lose_reply_to(APPENDED)
        found = await outcomes.outcomes([airline.submit(create_booking(flight))])
        assert line.lost == 1
    assert isinstance(found[0], SeatsUnavailable)
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_killed_connections_never_make_a_booking_twice(database: TestDatabase) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=10_000)
        killer = asyncio.create_task(_kill_now_and_then(database.owner_dsn))
        envelopes: list[CommandEnvelope] = []
        found: list[object] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not killer.done():
                fresh = [envelope(create_booking(flight), seconds=300) for _ in range(10)]
                envelopes += fresh
                found += await outcomes.outcomes(
                    [airline.dispatcher.submit(envelope) for envelope in fresh]
                )
            await killer
        assert {type(error) for error in outcomes.errors_of(found)} <= {
            ports.Unavailable,
            ports.AppendUnresolved,
        }
        again = await outcomes.outcomes(
            [airline.dispatcher.submit(envelope) for envelope in envelopes]
        )
    assert outcomes.errors_of(again) == []
    assert stored_log.count(database.owner_dsn, RESERVED) == len(envelopes)
    assert stored_log.seats(database.owner_dsn, flight) == (10_000, len(envelopes), 0)


async def _kill_now_and_then(dsn: str) -> None:
    """Terminate the application's connections KILLS times, whatever they are doing."""
    killed = 0
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        while killed < KILLS:
            await asyncio.sleep(0.015)
            cursor = await connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename <> current_user "
                "AND backend_type = 'client backend'"
            )
            row = await cursor.fetchone()
            assert row is not None
            killed += row[0]


async def test_an_append_killed_while_it_waits_is_carried_out_once(
    database: TestDatabase,
) -> None:
    async with (
        postgres_airline(database.app_dsn) as airline,
        await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as holder,
    ):
        flight = await airline.schedule(seats=9)
        await holder.execute("SELECT pg_advisory_lock(%s)", (Lock.LOG_APPEND,))
        waiting = asyncio.create_task(airline.submit(create_booking(flight)))
        victim = await _waiting_backend(holder)
        await holder.execute("SELECT pg_terminate_backend(%s)", (victim,))
        assert await _waiting_backend(holder, other_than=victim) != victim
        await holder.execute("SELECT pg_advisory_unlock(%s)", (Lock.LOG_APPEND,))
        assert (await waiting).answer.version == 2
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_nothing_is_refused_while_its_lost_append_may_still_be_carried_out(
    database: TestDatabase,
) -> None:
    instants = [utc_now()]
    async with (
        postgres_airline(database.app_dsn, clock=lambda: instants[-1]) as airline,
        await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as holder,
    ):
        flight = await airline.schedule(seats=9)
        await holder.execute("SELECT pg_advisory_lock(%s)", (Lock.LOG_APPEND,))
        waiting = asyncio.create_task(airline.submit(create_booking(flight)))
        first = await _waiting_backend(holder)
        instants.append(utc_now() + dt.timedelta(days=31))
        assert airline.log._connection is not None
        silence.cut(airline.log._connection)
        # Decided again after departure, which is a refusal: but the first try still waits.
        decided_again = asyncio.create_task(_waiting_backend(holder, other_than=first))
        await asyncio.wait({waiting, decided_again}, return_when=asyncio.FIRST_COMPLETED)
        await holder.execute("SELECT pg_advisory_unlock(%s)", (Lock.LOG_APPEND,))
        outcome = await waiting
        decided_again.cancel()
    assert outcome.replayed
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def _waiting_backend(connection: psycopg.AsyncConnection, other_than: int = 0) -> int:
    """The backend that waits for the log's lock."""
    for _ in range(int(PATIENCE_SECONDS / 0.01)):
        cursor = await connection.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s "
            "AND NOT granted AND pid <> %s",
            (Lock.LOG_APPEND, other_than),
        )
        row = await cursor.fetchone()
        if row is not None:
            return int(row[0])
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for the log")


async def test_a_log_that_stays_locked_is_unavailable_and_writes_nothing(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "STATEMENT_TIMEOUT_MS", 1000)
    async with (
        postgres_airline(database.app_dsn) as airline,
        await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as holder,
    ):
        flight = await airline.schedule(seats=9)
        await holder.execute("SELECT pg_advisory_lock(%s)", (Lock.LOG_APPEND,))
        with pytest.raises(ports.Unavailable):
            await airline.submit(create_booking(flight))
        await holder.execute("SELECT pg_advisory_unlock(%s)", (Lock.LOG_APPEND,))
        await _until_it_works(airline, envelope(create_booking(flight)))
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_a_stopped_server_is_unavailable_and_a_restarted_one_works(folder: Path) -> None:
    with EmbeddedPostgres(folder / "pg", durable=False) as server:
        servers.make_template(server)
        with servers.fresh_database(server) as database:
            async with postgres_airline(database.app_dsn) as airline:
                flight = await airline.schedule(seats=9)
                sent = envelope(create_booking(flight), seconds=60)
                server.stop()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    found = await outcomes.outcomes(
                        [airline.submit(create_booking(flight), seconds=1) for _ in range(5)]
                    )
                assert all(isinstance(each, ports.Unavailable) for each in found)
                server.start()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await _until_it_works(airline, sent)
                assert (await airline.dispatcher.submit(sent)).replayed
            assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def _until_it_works(airline: PostgresAirline, envelope: CommandEnvelope) -> None:
    """Try again as a client would."""
    while True:
        try:
            await airline.dispatcher.submit(envelope)
        except ports.Unavailable:
            await asyncio.sleep(0.1)
        else:
            return


async def test_a_server_that_takes_no_writes_is_unavailable_until_it_does(
    database: TestDatabase,
) -> None:
    async with (
        postgres_airline(database.app_dsn) as airline,
        await psycopg.AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner,
    ):
        flight = await airline.schedule(seats=9)
        name = owner.info.dbname
        await (await airline.log._connected()).execute("SET default_transaction_read_only = on")
        await owner.execute(
            f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode()
        )
        # First on the connection that there is, then on one that has to be made.
        for _ in range(2):
            found = await outcomes.outcomes(
                [airline.submit(create_booking(flight)) for _ in range(3)]
            )
            assert [type(each) for each in found] == [ports.Unavailable] * 3
        await owner.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        await airline.submit(create_booking(flight))
    assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_nothing_is_acknowledged_within_a_transaction_that_was_left_open(
    database: TestDatabase,
) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        flight = await airline.schedule(seats=9)
        await (await airline.log._connected()).execute("BEGIN")
        await airline.submit(create_booking(flight))
        assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_an_event_that_cannot_be_read_under_the_lock_gives_the_lock_back(
    database: TestDatabase,
) -> None:
    async with postgres_airline(database.app_dsn) as airline:
        strange = await airline.schedule(seats=9)
        flight = await airline.schedule(seats=9, number="SV2")
        with psycopg.connect(database.app_dsn, autocommit=True) as session:
            plain_append.append(session, [(strange, 2, plain_append.payload({"note": "x"}))])
        airline.dispatcher._contended_until = asyncio.get_running_loop().time() + 60
        found = await outcomes.outcomes([airline.submit(create_booking(strange))])
        assert isinstance(found[0], codec.UnknownTag)
        with psycopg.connect(database.owner_dsn) as session:
            free = session.execute(
                "SELECT pg_try_advisory_xact_lock(%s)", (Lock.LOG_APPEND,)
            ).fetchone()
            assert free == (True,)
        airline.dispatcher._contended_until = 0.0
        await airline.submit(create_booking(flight))
        assert stored_log.count(database.owner_dsn, RESERVED) == 1


async def test_streams_that_could_not_be_loaded_are_not_taken_for_empty(
    database: TestDatabase,
) -> None:
    async with (
        postgres_airline(database.app_dsn) as airline,
        postgres_airline(database.app_dsn) as other,
    ):
        flight = await other.schedule(seats=9)
        await airline.pool.close()
        with pytest.raises(ports.Unavailable):
            await airline.submit(create_booking(flight))
        assert airline.dispatcher._cache.get(flight) is None
