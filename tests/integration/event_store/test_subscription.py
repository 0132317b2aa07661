"""Our subscription beyond the library's: no append is missed, nothing is read twice."""

import threading
from collections.abc import Callable, Iterator

import pytest
from eventsourcing.persistence import Notification, OperationalError

from domain.booking.events import BookingExpired, BookingReserved
from infrastructure.event_store import stored_events, subscription
from infrastructure.event_store.ledger_application import LedgerApplication
from infrastructure.event_store.mapper import StreamEvent
from infrastructure.event_store.subscription import LedgerSubscription
from tests.integration.event_store import generated_log
from tests.support import examples
from tests.support.servers import TestDatabase

EXPIRED = BookingExpired(reason="hold_lapsed")
RESERVED = BookingReserved(hold_until=examples.HOLD_UNTIL)
# An upper limit for a hanging test.
LIMIT_SECONDS = 60.0
FOREVER_SECONDS = 3_600.0


@pytest.fixture
def ledger(database: TestDatabase) -> Iterator[LedgerApplication]:
    with generated_log.ledger(database.app_dsn) as opened:
        yield opened


def save(ledger: LedgerApplication, version: int, event: object = EXPIRED) -> None:
    ledger.save(StreamEvent("booking-A", version, event))  # type: ignore[arg-type]


def follow(ledger: LedgerApplication, *topics: str) -> LedgerSubscription:
    found = ledger.recorder.subscribe(gt=0, topics=topics)
    assert isinstance(found, LedgerSubscription)
    return found


def within_limit(call: Callable[[], Notification]) -> Notification:
    """Return the result of the call; fails when it waits for ever."""
    found: list[Notification] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(LIMIT_SECONDS)
    assert found, "nothing came"
    return found[0]


def append_after_first_read(
    ledger: LedgerApplication, monkeypatch: pytest.MonkeyPatch
) -> list[int | None]:
    """Append once between the first read and the wait; return the heads that were read."""
    read = stored_events.select_head
    heads: list[int | None] = []

    def read_then_append(connection: stored_events.Connection) -> int | None:
        heads.append(read(connection))
        if len(heads) == 1:
            save(ledger, 1)
        return heads[-1]

    monkeypatch.setattr(stored_events, "select_head", read_then_append)
    return heads


def test_an_append_right_after_the_log_was_read_is_delivered(
    ledger: LedgerApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listening only afterwards would miss it until the next append."""
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", FOREVER_SECONDS)
    heads = append_after_first_read(ledger, monkeypatch)
    with follow(ledger) as following:
        assert within_limit(lambda: next(following)).id == 1
    assert heads == [None, 1]


def test_an_append_that_was_not_announced_is_delivered_nevertheless(
    ledger: LedgerApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", subscription.PATIENCE_SECONDS)
    ledger.recorder.channel_name = "another_channel"  # type: ignore[attr-defined]
    heads = append_after_first_read(ledger, monkeypatch)
    with follow(ledger) as following:
        assert within_limit(lambda: next(following)).id == 1
    assert heads == [None, 1]


def test_each_part_of_the_log_is_searched_once_for_a_rare_topic(
    ledger: LedgerApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "WINDOW", 4)
    looked: list[tuple[int, int]] = []
    read = stored_events.select_log

    def noted(connection: stored_events.Connection, **between: object) -> list[object]:
        looked.append((between["first"], between["last"]))  # type: ignore[arg-type]
        return read(connection, **between)  # type: ignore[arg-type, return-value]

    monkeypatch.setattr(stored_events, "select_log", noted)
    for version in range(1, 10):
        save(ledger, version)
    save(ledger, 10, RESERVED)
    with follow(ledger, RESERVED.tag) as following:
        assert within_limit(lambda: next(following)).id == 10
        for version in range(11, 14):
            save(ledger, version)
        save(ledger, 14, RESERVED)
        assert within_limit(lambda: next(following)).id == 14
    assert looked[:3] == [(1, 4), (5, 8), (9, 10)]
    positions = [position for first, last in looked for position in range(first, last + 1)]
    assert positions == list(range(1, 15))


def test_a_subscription_that_is_stopped_ends(
    ledger: LedgerApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", FOREVER_SECONDS)
    looked = threading.Event()
    read = stored_events.select_head

    def noted(connection: stored_events.Connection) -> int | None:
        looked.set()
        return read(connection)

    monkeypatch.setattr(stored_events, "select_head", noted)
    following = follow(ledger)
    found: list[Notification] = []
    thread = threading.Thread(target=lambda: found.extend(following), daemon=True)
    thread.start()
    assert looked.wait(LIMIT_SECONDS)
    following.stop()
    thread.join(LIMIT_SECONDS)
    assert not thread.is_alive()
    assert found == []
    save(ledger, 1)
    with pytest.raises(StopIteration):
        next(following)


def test_a_connection_that_listened_is_not_handed_out_again(ledger: LedgerApplication) -> None:
    save(ledger, 1)
    with follow(ledger) as following:
        assert next(following).id == 1
    datastore = ledger.recorder.datastore  # type: ignore[attr-defined]
    for _ in range(5):
        with datastore.get_connection() as connection:
            assert connection.execute("SELECT pg_listening_channels()").fetchall() == []


def test_a_broken_connection_is_an_error_of_the_library(ledger: LedgerApplication) -> None:
    save(ledger, 1)
    following = follow(ledger)
    assert next(following).id == 1
    datastore = ledger.recorder.datastore  # type: ignore[attr-defined]
    (thread,) = datastore._used_by
    datastore.cut(thread)
    with pytest.raises(OperationalError):
        next(following)
    with follow(ledger) as again:
        assert next(again).id == 1
