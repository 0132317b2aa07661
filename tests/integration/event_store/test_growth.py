"""Appending and catching up never read the whole log, though a session keeps its first plans.

Postgres counts sequential reads: the test asserts the count, not the time.
"""

import uuid
from collections.abc import AsyncIterator

import psycopg
import pytest

from application import ports
from domain.booking.events import BookingExpired
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres import pool as pools
from tests.integration.event_store.plain_append import (
    BALANCED,
    Session,
    append,
    moves,
    payload,
)
from tests.support.servers import TestDatabase

FLIGHT = "flight-SV1-2026-12-24"
GROWN = 3_000
# psycopg prepares after five, Postgres may keep a plan after five more.
WARM = 12


def read_sequentially(dsn: str) -> dict[str, int]:
    """Return the rows of the log's tables that sequential scans have read so far."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT relname, seq_tup_read FROM pg_stat_user_tables "
            "WHERE schemaname = 'ledger' AND relname IN ('event_1', 'stream_event', 'command')"
        ).fetchall()
    return dict(rows)


def analyse(dsn: str) -> None:
    """Analyse the short log: the planner then prefers scans."""
    with psycopg.connect(dsn) as connection:
        connection.execute("ANALYZE ledger.event, ledger.command")


def grow(dsn: str) -> None:
    """Insert many events and commands at once, as the owner; nothing is analysed."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO ledger.event (position, stream, version, tag, recorded_at, actor, "
            "command_id, correlation_id, payload) SELECT 1000 + i, 'booking-' || i, 1, %s, "
            "now(), 'a', gen_random_uuid(), 'c', %s FROM generate_series(1, %s) AS i",
            (BookingExpired.tag, payload({"reason": "x"}), GROWN),
        )
        connection.execute(
            "INSERT INTO ledger.command SELECT gen_random_uuid(), '', '{}', i "
            "FROM generate_series(1, %s) AS i",
            (GROWN,),
        )


def work(session: Session, start: int) -> None:
    """Append in every way, to old and new streams, and once with a refused version."""
    for version in range(start, start + WARM):
        name = f"booking-{uuid.uuid4().hex}"
        events = [
            (name, 1, payload({"entry": BALANCED})),
            (FLIGHT, version, payload(moves(authorised=1, held=0, sold=0))),
        ]
        assert append(session, events, reads={FLIGHT: version - 1})[1]
    session.execute("SELECT pg_stat_force_next_flush()")


def test_an_append_never_scans_the_log(database: TestDatabase) -> None:
    with psycopg.connect(database.app_dsn, autocommit=True, prepare_threshold=0) as session:
        work(session, 1)
        analyse(database.owner_dsn)
        work(session, WARM + 1)
        grow(database.owner_dsn)
        before = read_sequentially(database.owner_dsn)
        work(session, 2 * WARM + 1)
        assert read_sequentially(database.owner_dsn) == before


@pytest.fixture
async def log(database: TestDatabase) -> AsyncIterator[PostgresEventLog]:
    """Yield a log whose pool has one connection, so that all queries share its plans."""
    pool = pools.make_pool(database.app_dsn, max_size=1)
    await pool.open()
    log = PostgresEventLog(database.app_dsn, pool)
    yield log
    await log.close()
    await pool.close()


async def catch_up(log: PostgresEventLog) -> None:
    for _ in range(WARM):
        await log.read_after({FLIGHT: 0, "booking-1": 0})
        await log.append(ports.Batch(commands=[], events=[], reads={FLIGHT: 1}))
        await log.find_commands([uuid.uuid4()])
        async with log.locked({FLIGHT: 0, "booking-1": 0}) as locked:
            await locked.read_after({FLIGHT: 0})
    async with log._pool.connection() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    await (await log._connected()).execute("SELECT pg_stat_force_next_flush()")


async def test_catching_up_on_a_stream_never_scans_the_log(
    database: TestDatabase, log: PostgresEventLog
) -> None:
    record = ports.CommandRecord(uuid.uuid4(), b"", ports.Answer(FLIGHT, 1), "a", "c", None)
    first = ports.NewEvent(FLIGHT, 1, BookingExpired(reason="x"), 0)
    await log.append(ports.Batch(commands=[record], events=[first], reads={}))
    analyse(database.owner_dsn)
    await catch_up(log)
    grow(database.owner_dsn)
    before = read_sequentially(database.owner_dsn)
    await catch_up(log)
    assert read_sequentially(database.owner_dsn) == before
