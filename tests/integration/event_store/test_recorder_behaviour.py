"""The common contract of the library's recorder and ours, tested on both."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import psycopg
import pytest
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from infrastructure.event_store import recorder
from tests.support.servers import TestDatabase

WRITERS, SAVES = 4, 40


def datastore(dsn: str, *, schema: str) -> PostgresDatastore:
    words = dict(word.split("=", 1) for word in dsn.split())
    text: Literal["text"] = "text"
    return PostgresDatastore(
        dbname=words["dbname"],
        host=words["host"],
        port=words["port"],
        user=words["user"],
        password="",
        pool_size=1,
        max_overflow=10,
        schema=schema,
        originator_id_type=text,
    )


@pytest.fixture(params=["stock", "ours"])
def log(request: pytest.FixtureRequest, database: TestDatabase) -> Iterator[ApplicationRecorder]:
    if request.param == "stock":
        with datastore(database.owner_dsn, schema="public") as store:
            stock = PostgresApplicationRecorder(store)
            stock.create_table()
            yield stock
    else:
        with datastore(database.app_dsn, schema=recorder.SCHEMA) as store:
            ours = recorder.LedgerRecorder(store)
            ours.create_table()
            yield ours


def event(stream: str, version: int, topic: str = "thing.done.1") -> StoredEvent:
    return StoredEvent(stream, version, topic, b'{"number":%d}' % version)


def save(log: ApplicationRecorder, *events: StoredEvent) -> Sequence[int] | None:
    return log.insert_events(list(events))


def ids_of(found: Sequence[Notification]) -> list[int]:
    return [notification.id for notification in found]


def test_an_empty_log_has_nothing(log: ApplicationRecorder) -> None:
    assert log.max_notification_id() is None
    assert log.select_events("a-1") == []
    assert log.select_notifications(start=1, limit=10) == []
    assert not log.insert_events([])


def test_events_of_a_stream_come_back_as_they_went_in(log: ApplicationRecorder) -> None:
    events = [event("a-1", version) for version in (1, 2, 3)]
    save(log, *events, event("a-2", 1))
    found = log.select_events("a-1")
    assert [
        StoredEvent(each.originator_id, each.originator_version, each.topic, each.state)
        for each in found
    ] == events


def test_events_of_a_stream_are_selected_by_version(log: ApplicationRecorder) -> None:
    save(log, *(event("a-1", version) for version in range(1, 8)))
    choices: list[dict[str, Any]] = [
        {"gt": 3},
        {"lte": 3},
        {"gt": 2, "lte": 5},
        {"desc": True, "limit": 2},
        {"gt": 5, "limit": 1},
    ]
    versions = [
        [each.originator_version for each in log.select_events("a-1", **choice)]
        for choice in choices
    ]
    assert versions == [[4, 5, 6, 7], [1, 2, 3], [3, 4, 5], [7, 6], [6]]


def test_notification_ids_are_returned_in_order(log: ApplicationRecorder) -> None:
    assert list(save(log, event("a-1", 1), event("a-1", 2)) or ()) == [1, 2]
    assert list(save(log, event("a-2", 1)) or ()) == [3]
    assert log.max_notification_id() == 3


def test_a_version_is_used_once_and_a_second_save_is_refused_whole(
    log: ApplicationRecorder,
) -> None:
    save(log, event("a-1", 1))
    for late in ([event("a-1", 1)], [event("a-2", 1), event("a-1", 1)]):
        with pytest.raises(IntegrityError):
            save(log, *late)
    assert log.select_events("a-2") == []
    assert ids_of(log.select_notifications(start=1, limit=10)) == [1]


def test_notifications_are_chosen_by_start_stop_limit_and_topic(log: ApplicationRecorder) -> None:
    topics = ["x.1", "y.1", "z.1"]
    save(log, *(event("a-1", version, topics[version % 3]) for version in range(1, 10)))
    assert ids_of(log.select_notifications(start=None, limit=2)) == [1, 2]
    assert ids_of(log.select_notifications(start=3, limit=3)) == [3, 4, 5]
    assert ids_of(log.select_notifications(3, 3, inclusive_of_start=False)) == [4, 5, 6]
    assert ids_of(log.select_notifications(start=3, limit=9, stop=5)) == [3, 4, 5]
    assert ids_of(log.select_notifications(start=1, limit=9, topics=["y.1"])) == [1, 4, 7]
    both = log.select_notifications(start=2, limit=2, stop=8, topics=["x.1", "y.1"])
    assert [(each.id, each.topic) for each in both] == [(3, "x.1"), (4, "y.1")]


def write(log: ApplicationRecorder, writer: int) -> None:
    for version in range(1, SAVES + 1):
        save(log, event(f"writer-{writer}", version), event(f"other-{writer}", version))


def test_a_subscription_delivers_everything_in_order_under_concurrent_writers(
    log: ApplicationRecorder,
) -> None:
    total = WRITERS * SAVES * 2
    threads = [threading.Thread(target=write, args=(log, number)) for number in range(WRITERS)]
    found: list[Notification] = []
    with log.subscribe(gt=0) as subscription:
        for thread in threads:
            thread.start()
        for notification in subscription:
            found.append(notification)
            if len(found) == total:
                break
    for thread in threads:
        thread.join()
    ids = ids_of(found)
    assert ids == sorted(set(ids))
    assert ids_of(log.select_notifications(start=1, limit=total + 1)) == ids
    for stream in {each.originator_id for each in found}:
        versions = [each.originator_version for each in found if each.originator_id == stream]
        assert versions == list(range(1, SAVES + 1))


def test_a_subscription_starts_after_the_given_position_and_has_only_its_topics(
    log: ApplicationRecorder,
) -> None:
    save(log, *(event("a-1", version, f"t.{version % 2}") for version in range(1, 7)))
    with log.subscribe(gt=2, topics=["t.1"]) as subscription:
        first = [next(subscription).id for _ in range(2)]
        save(log, event("a-1", 7, "t.1"))
        # The library's thread begins to listen some time later, and misses what is saved before: of
        # another topic, this one only makes it look again.
        later = threading.Timer(2, save, (log, event("b-1", 1, "t.0")))
        later.start()
        assert [*first, next(subscription).id] == [3, 5, 7]
        later.cancel()
        later.join()


def test_a_saved_event_is_seen_by_later_readers(log: ApplicationRecorder) -> None:
    for version in range(1, 20):
        ids = save(log, event("a-1", version))
        assert ids is not None
        assert log.max_notification_id() == ids[-1]


def test_ours_leaves_no_gap_after_a_refused_save(database: TestDatabase) -> None:
    with datastore(database.app_dsn, schema=recorder.SCHEMA) as store:
        ours = recorder.LedgerRecorder(store)
        save(ours, event("a-1", 1))
        with pytest.raises(IntegrityError):
            save(ours, event("a-2", 1), event("a-1", 1))
        assert list(save(ours, event("a-3", 1)) or ()) == [2]


def test_ours_takes_no_table_lock(database: TestDatabase) -> None:
    with (
        datastore(database.app_dsn, schema=recorder.SCHEMA) as store,
        psycopg.connect(database.owner_dsn) as owner,
    ):
        ours = recorder.LedgerRecorder(store)
        owner.execute("LOCK TABLE ledger.event IN SHARE UPDATE EXCLUSIVE MODE")
        assert save(ours, event("a-1", 1))
