"""Which reads a standby answers, when it is left out, and what its login may do."""

import asyncio
import datetime as dt
import json
import logging
import os
import signal
import time

import psycopg
import pytest
from psycopg import conninfo

from application import read_positions
from application.ledger import read_ledger
from application.ledger.books_at import BooksQuestion
from application.queries import BookingPage
from application.read_positions import (
    KEPT_SECONDS,
    UNKNOWN,
    NoSharedWrites,
    Reading,
    SharedWrites,
)
from infrastructure.postgres import lagging_reads, roles
from infrastructure.postgres.replica import Replica
from infrastructure.redis.last_writes import RedisLastWrites
from infrastructure.redis.rate_limit import make_client
from interfaces.books_composition import books_of
from interfaces.cli import ledger
from interfaces.read_composition import Reads
from projections import rebuild
from projections.booking_list import queries as booking_list
from tests.integration.replica.conftest import Readers, opened
from tests.support import ports, servers
from tests.support.standby_server import Pair
from tests.support.stored_log import WAIT_SECONDS

OWNER = "user_1"


async def _is(readers: Readers, state: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while readers.replica.state != state:
        assert time.monotonic() < end, readers.replica.state
        await asyncio.sleep(0.02)


async def _list(readers: Readers, reading: Reading) -> BookingPage:
    """Page of the owner's bookings in a request with these terms."""
    with read_positions.carrying(reading):
        ask = readers.reads.may_lag(booking_list.list_bookings)
        return await ask(owner=OWNER, cursor=None, limit=100)


def _reading(at_least: int = 0) -> Reading:
    return Reading(at_least=at_least, is_primary=False)


def _head(readers: Readers) -> int:
    [(head,)] = readers.airline.query("SELECT max(position) FROM ledger.event")
    return int(head)


async def test_a_read_goes_to_the_standby_unless_it_must_contain_more_or_belongs_to_a_decision(
    pair: Pair,
) -> None:
    async with opened(pair) as readers:
        await _is(readers, "up")
        pair.standby.pause_replay()
        try:
            booking = await readers.airline.reserve()
            await readers.airline.catch_up()
            old = await _list(readers, _reading())
            assert old.bookings == []
            new = await _list(readers, _reading(_head(readers)))
            assert [each.booking_id for each in new.bookings] == [booking]
            assert len((await _list(readers, Reading())).bookings) == 1, "a decision"
            assert len((await _list(readers, _reading(UNKNOWN))).bookings) == 1
            # What the primary showed, the standby must not take away again.
            reading = _reading(_head(readers))
            await _list(readers, reading)
            reading.at_least = 0
            assert len((await _list(readers, reading)).bookings) == 1
            # An answer says how old it is, although the standby itself sees no newer event.
            assert (await _until_it_lags(readers)).as_of.lag_seconds > 0
        finally:
            pair.standby.resume_replay()


async def test_a_position_that_the_log_does_not_have_asks_for_nothing_and_others_are_waited_for(
    pair: Pair,
) -> None:
    async with opened(pair) as readers:
        await _is(readers, "up")
        pair.standby.pause_replay()
        try:
            booking = await readers.airline.reserve()
            await readers.airline.catch_up()
            head = _head(readers)
            for named, found in (((head + 1,), []), ((head, head + 1), [booking]), ((), [])):
                reading = Reading(named=named, is_primary=False)
                page = await _list(readers, reading)
                assert [each.booking_id for each in page.bookings] == found, named
                assert reading.is_primary == bool(found)
        finally:
            pair.standby.resume_replay()


async def test_without_a_replica_too_a_named_position_is_waited_for(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lagging_reads, "PRIMARY_SECONDS", WAIT_SECONDS)
    async with opened(pair) as readers:
        await readers.airline.reserve()
        ask = Reads(readers.airline.pool).may_lag(booking_list.list_bookings)
        with read_positions.carrying(Reading(named=(_head(readers),), is_primary=False)):
            asked = asyncio.create_task(ask(owner=OWNER, cursor=None, limit=100))
        assert not (await asyncio.wait((asked,), timeout=0.2))[0]
        await readers.airline.catch_up()
        assert len((await asked).bookings) == 1


async def _until_it_lags(readers: Readers) -> BookingPage:
    end = time.monotonic() + WAIT_SECONDS
    while readers.replica.lag_seconds == 0:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    return await _list(readers, _reading())


async def test_the_books_at_an_instant_or_position_are_never_those_of_a_standby_that_lacks_it(
    pair: Pair,
) -> None:
    async with opened(pair) as readers:
        await _is(readers, "up")
        pair.standby.pause_replay()
        try:
            await readers.airline.sell()
            await readers.airline.catch_up()
            books = books_of(readers.reads)
            for asked in (
                BooksQuestion(known_position=_head(readers)),
                BooksQuestion(known_at=dt.datetime.now(dt.UTC)),
            ):
                with read_positions.carrying(_reading()):
                    found = await read_ledger.trial_balance(books, asked)
                assert found.rows and found.balanced
                assert found.known == _head(readers)
            with read_positions.carrying(_reading()):
                assert (await read_ledger.trial_balance(books, BooksQuestion())).rows == ()
        finally:
            pair.standby.resume_replay()


async def test_a_standby_that_lags_too_much_is_left_out_until_it_has_caught_up(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "infrastructure.postgres.replica")
    async with opened(pair, max_lag_seconds=1.0) as readers:
        await _is(readers, "up")
        pair.standby.pause_replay()
        try:
            await readers.airline.reserve()
            await readers.airline.catch_up()
            await _is(readers, "lagging")
            assert len((await _list(readers, _reading())).bookings) == 1
        finally:
            pair.standby.resume_replay()
        await _is(readers, "up")
        said = [record.getMessage() for record in caplog.records]
    assert [text.split(",")[0].split(" for ")[0] for text in said] == [
        "replica: used",
        "replica: left out",
        "replica: used",
    ]


async def test_a_read_under_way_is_answered_by_the_primary_when_the_standby_is_killed(
    pair: Pair,
) -> None:
    async with opened(pair) as readers:
        await _is(readers, "up")

        async def never(*_: object, **__: object) -> str:
            os.kill(pair.standby.pid, signal.SIGKILL)
            return await asyncio.Event().wait() or "standby"

        async def primary(*_: object, **__: object) -> str:
            return "primary"

        lagging = readers.reads.lagging
        assert lagging is not None
        ask = lagging.routed("booking_list", replica=never, primary=primary)
        try:
            with read_positions.carrying(_reading()):
                assert await ask() == "primary"
            assert readers.replica.state == "down"
        finally:
            pair.standby.restart_after_kill()
        await _is(readers, "up")


async def test_a_server_that_is_no_standby_is_never_read_from(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(pair, pair.primary.dsn(user=roles.READER_LOGIN)) as readers:
        end = time.monotonic() + WAIT_SECONDS
        while "it is no standby" not in caplog.text:
            assert time.monotonic() < end, caplog.text
            await asyncio.sleep(0.02)
        assert readers.replica.state == "down"
        assert (await _list(readers, _reading())).bookings == []


async def test_ais_ledger_reads_the_books_of_the_environment_from_its_replica(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(pair) as readers:
        database = readers.airline.database
        name = str(conninfo.conninfo_to_dict(database.owner_dsn)["dbname"])
        await readers.airline.catch_up()
        pair.standby.await_replay()
        pair.standby.pause_replay()
        try:
            before = _head(readers)
            await readers.airline.sell()
            await readers.airline.catch_up()
            monkeypatch.setenv("AIS_DATABASE_URL", database.app_dsn)
            replica = pair.standby.dsn(name, roles.READER_LOGIN)
            monkeypatch.setenv("AIS_REPLICA_DATABASE_URL", replica)
            shown = []
            for dsn in (database.app_dsn, f"{database.app_dsn} application_name=other"):
                assert await asyncio.to_thread(ledger.trial_balance, dsn=dsn) == 0
                shown.append(json.loads(capsys.readouterr().out)["asOfPosition"])
        finally:
            pair.standby.resume_replay()
        assert shown == [before, _head(readers)]


REFUSED = (
    "SELECT * FROM vault.subject_key",
    "SELECT * FROM identity.app_user",
    "SELECT * FROM ledger.command",
    "SELECT * FROM ledger.outbox",
    "SELECT * FROM inbox.stripe_event",
    "INSERT INTO ledger.event SELECT * FROM ledger.event",
    "UPDATE projections.checkpoint SET position = 0",
    "SELECT ledger.known_commands('{}')",
    "SELECT nextval('ledger.ticket_serial')",
)


async def test_the_login_of_the_replica_reads_read_models_also_after_a_rebuild_and_nothing_else(
    pair: Pair,
) -> None:
    async with opened(pair) as readers:
        owner = readers.airline.database.owner_dsn
        dsn = readers.airline.projector_dsn
        await asyncio.to_thread(rebuild.rebuild, dsn, "booking_list", lambda *_: None)
        # On the primary, where nothing but its rights keeps it from writing.
        with psycopg.connect(owner, user=roles.READER_LOGIN, autocommit=True) as reader:
            for statement in REFUSED:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(statement.encode())
            views = reader.execute(
                "SELECT format('%I.%I', schemaname, viewname) FROM pg_views "
                "WHERE schemaname = 'read_model'"
            ).fetchall()
            assert len(views) > 20
            for (view,) in views:
                reader.execute(f"SELECT * FROM {view} LIMIT 1".encode())


async def test_users_whose_writes_are_not_known_read_from_the_primary(valkey_url: str) -> None:
    client = make_client(valkey_url)
    one, other = SharedWrites(RedisLastWrites(client)), SharedWrites(RedisLastWrites(client))
    await one.note(OWNER, 7)
    await other.note(OWNER, 5)
    assert [await each.position_of(OWNER) for each in (one, other)] == [7, 7]
    assert await one.position_of("user_2") == 0
    await one.note(OWNER, UNKNOWN)
    assert await other.position_of(OWNER) == UNKNOWN
    await client.aclose()
    gone = make_client(f"redis://127.0.0.1:{ports.free_port()}")
    alone = SharedWrites(RedisLastWrites(gone))
    await alone.note(OWNER, 9)
    assert await alone.position_of(OWNER) == UNKNOWN
    await gone.aclose()


async def test_users_who_are_forgotten_read_what_the_last_of_them_wrote() -> None:
    known = NoSharedWrites(limit=1)
    await known.note("user_1", 3)
    await known.note("user_2", 4)
    assert await known.position_of("user_1") == 3
    assert await known.position_of("user_3") == 3
    assert await known.position_of("user_2") == 4


async def test_a_write_at_an_unknown_position_matters_to_its_user_and_for_a_while() -> None:
    now = 0.0
    known = NoSharedWrites(limit=2, monotonic=lambda: now)
    await known.note("user_1", UNKNOWN)
    await known.note("user_1", 5)
    assert await known.position_of("user_1") == UNKNOWN
    for number in (2, 3):
        await known.note(f"user_{number}", 5 + number)
    # Of those that are no longer remembered, nobody wrote more than that.
    assert await known.position_of("user_1") == await known.position_of("user_9") == 8
    await known.note("user_3", UNKNOWN)
    now = KEPT_SECONDS - 1.0
    await known.note("user_3", 9)
    assert await known.position_of("user_3") == UNKNOWN
    now += 1.0
    assert await known.position_of("user_3") == 9
    now += KEPT_SECONDS
    assert await known.position_of("user_3") == 8


async def test_a_read_that_nobody_waits_for_gives_its_connection_back(pair: Pair) -> None:
    async with opened(pair) as readers:
        await _is(readers, "up")
        began, ended = asyncio.Event(), asyncio.Event()

        async def replica() -> str:
            began.set()
            try:
                return await asyncio.Event().wait() or ""
            finally:
                ended.set()

        lagging = readers.reads.lagging
        assert lagging is not None
        ask = lagging.routed("booking_list", replica=replica, primary=replica)
        with read_positions.carrying(_reading()):
            asked = asyncio.create_task(ask())
        await began.wait()
        asked.cancel()
        async with asyncio.timeout(WAIT_SECONDS):
            await ended.wait()


async def test_a_standby_of_another_database_of_the_cluster_is_never_read_from(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    with servers.fresh_database(pair.primary, servers.READ_MODELS) as other:
        pair.standby.await_replay()
        name = str(conninfo.conninfo_to_dict(other.owner_dsn)["dbname"])
        async with opened(pair, pair.standby.dsn(name, roles.READER_LOGIN)) as readers:
            await readers.replica.looked_at()
            assert "it is another database of the cluster" in caplog.text
            assert readers.replica.state == "down"


async def test_the_connections_of_the_replica_look_for_no_primary(pair: Pair) -> None:
    async with opened(pair) as readers:
        name = str(conninfo.conninfo_to_dict(readers.airline.database.owner_dsn)["dbname"])
        one = conninfo.conninfo_to_dict(pair.standby.dsn(name, roles.READER_LOGIN))
        twice = {part: f"{one[part]},{one[part]}" for part in ("host", "port")}
        several = conninfo.make_conninfo(**{**one, **twice})
        replica = Replica(several, readers.airline.pool, max_lag_seconds=1)
        await replica.pool.open()
        try:
            async with replica.pool.connection() as connection:
                cursor = await connection.execute("SELECT pg_is_in_recovery()")
                assert await cursor.fetchone() == (True,)
        finally:
            await replica.close()
