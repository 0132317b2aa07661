"""An outside projection follows the ledger by the library's runner, with the fewest rights."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import (
    IntegrityError,
    MapperDeserialisationError,
    OperationalError,
    Tracking,
)
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg import conninfo
from psycopg.sql import SQL, Identifier

from application.ports import RecordedEvent
from domain.booking.events import BookingInitiated
from domain.kernel.sealed import Sealed
from infrastructure.event_store import datastore, ledger_application
from infrastructure.event_store.ledger_application import LedgerApplication
from infrastructure.event_store.mapper import StreamEvent
from infrastructure.event_store.subscription import FollowerAhead
from tests.integration.event_store import followers, generated_log, plain_append
from tests.support import examples
from tests.support.servers import TestDatabase

# An upper limit for a hanging test; a runner reports after milliseconds.
LIMIT_SECONDS = 60.0


class TagsInMemory(POPOTrackingRecorder):
    """Counts tags in memory only."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.events: list[StreamEvent] = []

    def count(self, event: StreamEvent, tracking: Tracking) -> None:
        """Count the event once."""
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self.counts[event.event.tag] += 1
            self.events.append(event)


class TagsInPostgres(PostgresTrackingRecorder):
    """Counts tags in a table of the follower's own schema, in the transaction of its position."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self._table = Identifier(datastore.schema, "tag_count")
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {} (tag text PRIMARY KEY, count bigint NOT NULL)"
            ).format(self._table)
        )

    def count(self, event: StreamEvent, tracking: Tracking) -> None:
        """Count the event once; raises IntegrityError for a position that was counted."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                SQL(
                    "INSERT INTO {} AS t VALUES (%s, 1) "
                    "ON CONFLICT (tag) DO UPDATE SET count = t.count + 1"
                ).format(self._table),
                (event.event.tag,),
            )

    @property
    def counts(self) -> Counter[str]:
        """Return the counts."""
        with self.datastore.get_connection() as connection:
            rows = connection.execute(SQL("SELECT tag, count FROM {}").format(self._table))
            return Counter({row["tag"]: row["count"] for row in rows.fetchall()})


class Tags(Projection[Any]):
    """Counts events by tag."""

    name = "tags"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Count the event by its tag."""
        self.view.count(domain_event, tracking)


class Confirmations(Tags):
    """Counts one tag only."""

    name = "tags"
    topics = ("booking.confirmed.1",)


@pytest.fixture
def ledger(database: TestDatabase) -> Iterator[LedgerApplication]:
    """Yield the application, which appends."""
    with generated_log.ledger(database.app_dsn) as opened:
        yield opened


@pytest.fixture
def follower(database: TestDatabase) -> str:
    return followers.login(database)


def settings(dsn: str) -> dict[str, str]:
    """Return settings for one login that reads the ledger and writes the view (prefixed)."""
    parts = {name: str(value) for name, value in conninfo.conninfo_to_dict(dsn).items()}
    return {
        ledger_application.DATABASE_URL: dsn,
        "TAGS_PERSISTENCE_MODULE": "eventsourcing.postgres",
        "TAGS_POSTGRES_HOST": parts["host"],
        "TAGS_POSTGRES_PORT": parts["port"],
        "TAGS_POSTGRES_DBNAME": parts["dbname"],
        "TAGS_POSTGRES_USER": parts["user"],
        "TAGS_POSTGRES_PASSWORD": "",
        "TAGS_POSTGRES_SCHEMA": followers.NAME,
        "TAGS_POSTGRES_POOL_SIZE": "1",
    }


def in_memory(
    dsn: str, projection: type[Tags] = Tags
) -> ProjectionRunner[LedgerApplication, TagsInMemory]:
    return ProjectionRunner(
        application_class=LedgerApplication,
        projection_class=projection,
        view_class=TagsInMemory,
        env={ledger_application.DATABASE_URL: dsn},
    )


def in_postgres(dsn: str) -> ProjectionRunner[LedgerApplication, TagsInPostgres]:
    return ProjectionRunner(
        application_class=LedgerApplication,
        projection_class=Tags,
        view_class=TagsInPostgres,
        env=settings(dsn),
    )


def wait_for(runner: ProjectionRunner[LedgerApplication, Any], ledger: LedgerApplication) -> None:
    """Wait until the projection has processed the newest event."""
    runner.wait(ledger.recorder.max_notification_id(), timeout=LIMIT_SECONDS)


def tags(events: Sequence[RecordedEvent]) -> Counter[str]:
    return Counter(each.event.tag for each in events)


def test_a_projection_in_memory_sees_every_event_in_order(
    ledger: LedgerApplication, follower: str
) -> None:
    made = generated_log.generate()
    half = _between_commands(made, len(made) // 2)
    generated_log.store(ledger, made[:half])
    with in_memory(follower) as runner:
        wait_for(runner, ledger)
        assert runner.view.counts == tags(made[:half])
        generated_log.store(ledger, made[half:])
        wait_for(runner, ledger)
        found = runner.view.events
    assert [(each.originator_id, each.originator_version) for each in found] == [
        (each.stream, each.version) for each in made
    ]
    assert [each.event for each in found] == [each.event for each in made]
    envelopes = [each.envelope for each in found if each.envelope is not None]
    assert [each.position for each in envelopes] == [each.position for each in made]
    assert [each.actor for each in envelopes] == [each.actor for each in made]
    assert {each.recorded_at.utcoffset() for each in envelopes} == {dt.timedelta()}


def _between_commands(made: Sequence[RecordedEvent], near: int) -> int:
    """Return the first index from `near` at which a new command begins."""
    while made[near - 1].command_id == made[near].command_id:
        near += 1
    return near


def test_a_projection_in_postgres_continues_where_it_was_stopped(
    ledger: LedgerApplication, follower: str
) -> None:
    made = generated_log.generate()
    third = _between_commands(made, len(made) // 3)
    generated_log.store(ledger, made[:third])
    with in_postgres(follower) as runner:
        wait_for(runner, ledger)
    generated_log.store(ledger, made[third:])
    with in_postgres(follower) as runner:
        wait_for(runner, ledger)
        assert runner.view.counts == tags(made)
    with in_postgres(follower) as runner:
        wait_for(runner, ledger)
        assert runner.view.counts == tags(made)


@pytest.mark.parametrize("victim", ["every connection", "the one that listens"])
def test_a_projection_whose_connection_was_killed_is_started_again_and_counts_once(
    ledger: LedgerApplication, follower: str, database: TestDatabase, victim: str
) -> None:
    made = generated_log.generate()
    third = _between_commands(made, len(made) // 3)
    generated_log.store(ledger, made[:third])
    runner = in_postgres(follower)
    with pytest.raises(OperationalError), runner:
        wait_for(runner, ledger)
        _kill(database, listening=victim != "every connection")
        generated_log.store(ledger, made[third:])
        runner.run_forever(timeout=LIMIT_SECONDS)
    with in_postgres(follower) as again:
        wait_for(again, ledger)
        assert again.view.counts == tags(made)


def _kill(database: TestDatabase, *, listening: bool) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        killed = owner.execute(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
            "WHERE usename = %s AND datname = current_database() "
            "AND (NOT %s OR application_name = %s)",
            (followers.NAME, listening, datastore.APPLICATION_NAME),
        ).fetchone()
    assert killed is not None
    assert killed[0] >= 1


def test_two_runners_of_one_projection_count_every_event_once(
    ledger: LedgerApplication, follower: str
) -> None:
    """The second one loses the race for a position and stops; it may be started again."""
    made = generated_log.generate()
    generated_log.store(ledger, made)
    runners = [in_postgres(follower) for _ in range(2)]
    for runner in runners:
        try:
            with runner:
                wait_for(runner, ledger)
        except IntegrityError:  # this one lost
            pass
    with in_postgres(follower) as runner:
        wait_for(runner, ledger)
        assert runner.view.counts == tags(made)


def test_only_the_requested_topics_arrive(ledger: LedgerApplication, follower: str) -> None:
    made = generated_log.generate()
    generated_log.store(ledger, made)
    newest = max(each.position for each in made if each.event.tag == "booking.confirmed.1")
    with in_memory(follower, Confirmations) as runner:
        runner.wait(newest, timeout=LIMIT_SECONDS)
        count = tags(made)["booking.confirmed.1"]
        assert runner.view.counts == {"booking.confirmed.1": count}


def test_personal_data_stays_sealed(ledger: LedgerApplication, follower: str) -> None:
    draft = examples.draft()
    ledger.save(StreamEvent(examples.BOOKING, 1, draft))
    with in_memory(follower) as runner:
        wait_for(runner, ledger)
        (found,) = runner.view.events
    assert isinstance(found.event, BookingInitiated)
    assert isinstance(found.event.contact, Sealed)
    assert [type(each.name) for each in found.event.passengers] == [Sealed]
    with (
        psycopg.connect(follower) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT wrapped FROM vault.subject_key")


def test_an_unreadable_event_stops_the_projection_and_is_named(
    ledger: LedgerApplication, follower: str, database: TestDatabase
) -> None:
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        plain_append.append(connection, [("booking-A", 1, plain_append.payload({}))])
    runner = in_memory(follower)
    named = re.escape("booking-A version 1: attack.made.1")
    with pytest.raises(MapperDeserialisationError, match=named), runner:
        wait_for(runner, ledger)
    assert runner.view.counts == {}


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT * FROM ledger.event",
        "SELECT * FROM ledger.command",
        "SELECT * FROM ledger.posting",
        "SELECT * FROM ledger.outbox",
        "SELECT * FROM vault.subject_key",
        "SELECT * FROM identity.app_user",
        "SELECT * FROM inbox.stripe_event",
        "SELECT nextval('ledger.ticket_serial')",
        "SELECT ledger.known_commands('{}')",
        "SELECT projections.make_generation_schema('x_g1')",
        "INSERT INTO ledger.stored_events DEFAULT VALUES",
        "UPDATE ledger.stored_events SET state = ''",
        "DELETE FROM ledger.stored_events",
        "CREATE TABLE ledger.mine (id integer)",
        "CREATE TABLE public.mine (id integer)",
        "SET ROLE ais_application",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock_shared(1, 1)",
        "SELECT lo_create(0)",
    ],
)
def test_a_follower_can_do_nothing_but_read_the_log(follower: str, attack: str) -> None:
    with (
        psycopg.connect(follower) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack.encode())


def test_a_follower_of_a_ledger_that_was_restored_is_stopped_and_misses_nothing(
    ledger: LedgerApplication,
) -> None:
    head = ledger.recorder.max_notification_id() or 0
    with (
        ledger.recorder.subscribe(gt=head + 1) as subscription,
        pytest.raises(FollowerAhead),
    ):
        next(subscription)
