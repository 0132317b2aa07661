"""The library's event store writes our events to the same rows as our own append."""

import datetime as dt

import msgspec
import pytest
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import EventStore, MapperDeserialisationError, StoredEvent

from domain.booking.events import BookingExpired, BookingReserved
from infrastructure.event_store import codec, recorder
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.event_store.mapper import EventMapper, StreamEvent
from infrastructure.postgres import pool as pools
from tests.integration.event_store.test_recorder_behaviour import datastore
from tests.support.servers import TestDatabase

STREAM = "booking-AAAAAA"
RESERVED = BookingReserved(hold_until=dt.datetime(2026, 12, 24, 10, tzinfo=dt.UTC))
EXPIRED = BookingExpired(reason="hold_lapsed")


async def test_our_log_reads_what_the_library_saves(database: TestDatabase) -> None:
    events = [StreamEvent(STREAM, 1, RESERVED), StreamEvent(STREAM, 2, EXPIRED)]
    with datastore(database.app_dsn, schema=recorder.SCHEMA) as store:
        kept: EventStore[str] = EventStore(EventMapper(), recorder.LedgerRecorder(store))
        kept.put(events)
        found = list(kept.get(STREAM))
    assert [_written(each) for each in found] == events
    envelopes = [each.envelope for each in found if isinstance(each, StreamEvent)]
    assert [each.position for each in envelopes if each is not None] == [1, 2]
    pool = pools.make_pool(database.app_dsn)
    await pool.open()
    log = PostgresEventLog(database.app_dsn, pool)
    recorded = await log.read_after({STREAM: 0})
    await pool.close()
    assert [each.event for each in recorded] == [RESERVED, EXPIRED]
    assert [each.version for each in recorded] == [1, 2]


def _written(event: DomainEventProtocol[str]) -> StreamEvent:
    """Return the event without its envelope, which the append makes."""
    assert isinstance(event, StreamEvent)
    return msgspec.structs.replace(event, envelope=None)


def test_topics_are_stable_tags_and_states_are_our_bytes() -> None:
    stored = EventMapper().to_stored_event(StreamEvent(STREAM, 1, RESERVED))
    assert stored == StoredEvent(STREAM, 1, "booking.reserved.1", codec.encode(RESERVED))


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("booking.unheard_of.9", b"{}"),
        ("booking.reserved.1", b"{}"),
        ("booking.reserved.1", b"\xff"),
    ],
)
def test_an_unreadable_row_is_named_and_never_skipped(topic: str, state: bytes) -> None:
    with pytest.raises(MapperDeserialisationError, match=f"{STREAM} version 3.*{topic}"):
        EventMapper().to_domain_event(StoredEvent(STREAM, 3, topic, state))
