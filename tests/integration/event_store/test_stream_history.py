"""The state of a stream at each version: the library's repository over our log."""

import asyncio
import datetime as dt
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
import pytest
from eventsourcing.domain import EventSourcingError

from application.commands import stream_kinds
from application.ports import RecordedEvent, Unavailable
from infrastructure.event_store import datastore, stream_history
from infrastructure.event_store.stream_history import PostgresStreamHistory, UnreadableStream
from tests.integration.event_store import generated_log, plain_append
from tests.support.servers import TestDatabase

BOOKING = "booking-AAAAAA"


@asynccontextmanager
async def history_of(dsn: str) -> AsyncIterator[PostgresStreamHistory]:
    history = PostgresStreamHistory(dsn)
    try:
        yield history
    finally:
        await history.close()


def by_stream(events: Sequence[RecordedEvent]) -> dict[str, list[RecordedEvent]]:
    found: dict[str, list[RecordedEvent]] = defaultdict(list)
    for each in events:
        found[each.stream].append(each)
    return found


def without_time(events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Return the events without their times, which the database's clock sets."""
    some_time = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return [msgspec.structs.replace(each, recorded_at=some_time) for each in events]


async def test_every_version_of_every_stream_is_the_fold_of_its_first_events(
    database: TestDatabase,
) -> None:
    made = generated_log.generate()
    with generated_log.ledger(database.app_dsn) as ledger:
        generated_log.store(ledger, made)
    async with history_of(database.app_dsn) as history:
        for stream, events in by_stream(made).items():
            kind = stream_kinds.kind_of(stream)
            state: Any = None
            assert await history.as_of(kind, stream, 0) is None
            for each in events:
                state = kind.evolve(state, each.event)
                assert await history.as_of(kind, stream, each.version) == state
            assert await history.as_of(kind, stream, len(events) + 1) == state
            found = await history.events_of(stream)
            moments = [each.recorded_at for each in found]
            assert moments == sorted(moments)
            assert {moment.tzname() for moment in moments} == {"UTC"}
            assert without_time(found) == without_time(events)


async def test_a_stream_that_does_not_exist_has_no_state_and_no_events(
    database: TestDatabase,
) -> None:
    async with history_of(database.app_dsn) as history:
        assert await history.as_of(stream_kinds.BOOKING, BOOKING, 1) is None
        assert await history.events_of(BOOKING) == []


async def test_without_a_database_a_read_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datastore, "WAIT_SECONDS", 0.1)
    async with history_of("host=/nowhere dbname=none user=nobody") as history:
        with pytest.raises(Unavailable):
            await history.as_of(stream_kinds.BOOKING, BOOKING, 1)
        with pytest.raises(Unavailable):
            await history.events_of(BOOKING)


async def test_connections_that_the_server_ended_are_replaced(database: TestDatabase) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        async with history_of(database.app_dsn) as history:
            reads = (history.events_of(BOOKING) for _ in range(10))
            assert await asyncio.gather(*reads) == [[]] * 10
            ended = owner.execute(
                "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND backend_type = 'client backend'"
            ).fetchone()
            assert ended is not None
            assert ended[0] >= 1
            assert await history.events_of(BOOKING) == []


async def test_a_read_that_gets_no_reply_is_unavailable_and_blocks_no_thread(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datastore, "OPTIONS", "")  # the server itself would wait for ever
    async with history_of(database.app_dsn) as history:
        with psycopg.connect(database.owner_dsn) as owner:
            owner.execute("LOCK TABLE ledger.event IN ACCESS EXCLUSIVE MODE")
            monkeypatch.setattr(stream_history, "REPLY_SECONDS", 0.2)
            for _ in range(stream_history.THREADS):
                with pytest.raises(Unavailable):
                    await history.events_of(BOOKING)
            monkeypatch.setattr(stream_history, "REPLY_SECONDS", 30.0)
            assert await history._run(lambda: "a free thread") == "a free thread"
        assert await history.events_of(BOOKING) == []


async def test_more_reads_than_the_queue_holds_are_refused(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_history, "QUEUE_LIMIT", 3)
    async with history_of(database.app_dsn) as history:
        found = await asyncio.gather(
            *(history.events_of(BOOKING) for _ in range(5)), return_exceptions=True
        )
        assert [type(each) for each in found] == [list] * 3 + [Unavailable] * 2
        assert await history.events_of(BOOKING) == []


async def test_an_event_of_an_unknown_tag_is_named_and_is_not_an_error_of_the_library(
    database: TestDatabase,
) -> None:
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        plain_append.append(connection, [(BOOKING, 1, plain_append.payload({}))])
    async with history_of(database.app_dsn) as history:
        with pytest.raises(UnreadableStream, match=f"{BOOKING} version 1: attack.made.1") as found:
            await history.as_of(stream_kinds.BOOKING, BOOKING, 1)
        assert not isinstance(found.value, EventSourcingError)
        with pytest.raises(UnreadableStream):
            await history.events_of(BOOKING)


async def test_a_refusal_by_the_database_is_not_an_error_of_the_library(
    database: TestDatabase,
) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("REVOKE SELECT ON ledger.stored_events FROM ais_application")
    async with history_of(database.app_dsn) as history:
        with pytest.raises(UnreadableStream, match="permission denied"):
            await history.events_of(BOOKING)


def test_the_driver_still_reports_what_goes_wrong() -> None:
    """The library silences the driver when it is imported."""
    for name in ("psycopg", "psycopg.pool"):
        assert logging.getLogger(name).level == logging.NOTSET
