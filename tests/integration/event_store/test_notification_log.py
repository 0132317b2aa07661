"""The library's notification log over our positions: the whole log in linked sections."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from eventsourcing.application import Section
from eventsourcing.persistence import IntegrityError, Notification, ProgrammingError

from domain.booking.events import BookingExpired
from infrastructure.event_store import codec, ledger_application
from infrastructure.event_store.ledger_application import LedgerApplication
from infrastructure.event_store.mapper import StreamEvent
from tests.integration.event_store import followers, generated_log
from tests.support.servers import TestDatabase

EXPIRED = BookingExpired(reason="hold_lapsed")
WRITERS, SAVES, EVENTS = 4, 50, 3


@pytest.fixture
def ledger(database: TestDatabase) -> Iterator[LedgerApplication]:
    with generated_log.ledger(database.app_dsn) as opened:
        yield opened


def save(ledger: LedgerApplication, stream: str, versions: Sequence[int]) -> list[int]:
    """Append expiries, which the database accepts on any stream; return their positions."""
    events = (StreamEvent(stream, version, EXPIRED) for version in versions)
    return [each.notification.id for each in ledger.save(*events)]


def positions(found: Sequence[Notification]) -> list[int]:
    return [each.id for each in found]


def test_what_is_saved_through_the_library_has_the_positions_of_the_log(
    ledger: LedgerApplication,
) -> None:
    assert save(ledger, "booking-A", [1, 2]) == [1, 2]
    assert save(ledger, "booking-B", [1]) == [3]
    with pytest.raises(IntegrityError):
        save(ledger, "booking-A", [2, 3])
    assert save(ledger, "booking-A", [3]) == [4]
    assert ledger.recorder.max_notification_id() == 4


def test_an_empty_log_is_an_empty_section(ledger: LedgerApplication) -> None:
    assert ledger.notification_log["1,10"] == Section(id=None, items=[], next_id=None)


def test_sections_lead_from_one_to_the_next_up_to_the_newest(ledger: LedgerApplication) -> None:
    save(ledger, "booking-A", range(1, 8))
    log = ledger.notification_log
    first = log["1,3"]
    assert (first.id, positions(first.items), first.next_id) == ("1,3", [1, 2, 3], "4,6")
    assert first.next_id is not None
    second = log[first.next_id]
    assert (second.id, positions(second.items), second.next_id) == ("4,6", [4, 5, 6], "7,9")
    assert second.next_id is not None
    third = log[second.next_id]
    assert (third.id, positions(third.items), third.next_id) == ("7,7", [7], None)
    save(ledger, "booking-A", [8, 9])
    assert positions(log[second.next_id].items) == [7, 8, 9]


def test_the_whole_log_is_read_in_sections_as_it_was_stored(ledger: LedgerApplication) -> None:
    made = generated_log.generate()
    generated_log.store(ledger, made)
    found: list[Notification] = []
    section_id: str | None = "1,20"
    while section_id is not None:
        section = ledger.notification_log[section_id]
        found += section.items
        section_id = section.next_id
    assert positions(found) == [each.position for each in made]
    assert [
        (each.originator_id, each.originator_version, each.topic, each.state) for each in found
    ] == [(each.stream, each.version, each.event.tag, codec.encode(each.event)) for each in made]
    events = [ledger.mapper.to_domain_event(each) for each in found]
    assert [each.event for each in events if isinstance(each, StreamEvent)] == [
        each.event for each in made
    ]


def test_a_section_is_bounded(ledger: LedgerApplication) -> None:
    with pytest.raises(ValueError, match="section size"):
        ledger.notification_log.select(start=1, limit=ledger_application.SECTION_SIZE + 1)


def test_a_reader_continues_from_the_last_position_while_others_append(
    ledger: LedgerApplication, database: TestDatabase
) -> None:
    """Each page is requested independently, as by a reader that was restarted in between."""

    def write(number: int) -> None:
        with generated_log.ledger(database.app_dsn) as own:
            for turn in range(SAVES):
                first = turn * EVENTS + 1
                save(own, f"booking-{number}", range(first, first + EVENTS))

    total = WRITERS * SAVES * EVENTS
    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    found: list[Notification] = []
    pages_after_the_last_append = 0
    while pages_after_the_last_append <= total:
        pages_after_the_last_append += not any(writer.is_alive() for writer in writers)
        last = found[-1].id if found else 0
        page = ledger.notification_log.select(start=last, limit=7, inclusive_of_start=False)
        found += page
        if pages_after_the_last_append and not page:
            break
    assert positions(found) == list(range(1, total + 1))
    for number in range(WRITERS):
        versions = [e.originator_version for e in found if e.originator_id == f"booking-{number}"]
        assert versions == list(range(1, SAVES * EVENTS + 1))


def test_other_settings_of_the_library_do_not_affect_the_ledger(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They configure followers of the log in the same process."""
    for name, value in {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "POSTGRES_DBNAME": "elsewhere",
        "COMPRESSOR_TOPIC": "zlib",
        "IS_SNAPSHOTTING_ENABLED": "y",
        "AGGREGATE_CACHE_MAXSIZE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(ledger_application.DATABASE_URL, database.app_dsn)
    with LedgerApplication() as ledger:
        save(ledger, "booking-A", [1])
        (found,) = ledger.notification_log["1,1"].items
        assert found.state == codec.encode(EXPIRED)
        assert ledger.snapshots is None
        assert ledger.repository.cache is None


def test_the_name_under_which_followers_store_their_positions_does_not_change() -> None:
    assert LedgerApplication.name == "ledger"


def test_tracking_is_never_dropped_silently(ledger: LedgerApplication) -> None:
    with pytest.raises(AssertionError, match="tracking"):
        ledger.recorder.insert_events([], tracking=object())


def test_a_follower_may_read_the_log_but_not_append(database: TestDatabase) -> None:
    with generated_log.ledger(followers.login(database)) as ledger:
        assert ledger.notification_log["1,10"].items == []
        with pytest.raises(ProgrammingError, match="permission denied"):
            save(ledger, "booking-A", [1])
