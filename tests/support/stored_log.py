"""What a log in Postgres contains, asked with SQL, and what must always hold of it."""

import datetime as dt
import functools
import operator
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from application import ports
from domain.kernel.events import DomainEvent
from infrastructure.event_store import codec
from infrastructure.event_store.statement import READ_LOG
from projections import progress
from projections.registry import ALL
from tests.support.invariants import Invariants
from tests.support.memory_log import MemoryLog

WAIT_SECONDS = 60.0
HEAD = "SELECT coalesce(max(position), 0) FROM ledger.event"
# No limit of rows: counters are compared with all events.
NO_LIMIT = None
# The owner's address of a database, or an open connection, which commits at once.
Database = str | psycopg.Connection
NO_ANSWER = ports.KnownCommand(b"", ports.Answer("", 0))


def append(owner_dsn: str, stream: str, version: int, event: DomainEvent) -> None:
    """One event as this version of a stream, straight through the database's own append."""
    payload = codec.encode(event)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT ledger.append(ARRAY[gen_random_uuid()], ARRAY[''::bytea], "
            "ARRAY['{}'::bytea], ARRAY['test'], ARRAY['test'], ARRAY[NULL::uuid], "
            "ARRAY[%s], ARRAY[%s], ARRAY[%s], ARRAY[%s::bytea], ARRAY[0], "
            "'{}'::text[], '{}'::int[], '{}'::uuid[], '{}', '{}', '{}', '{}'::bytea[])",
            (stream, version, event.tag, payload),
        )


def tags(owner_dsn: str, stream_prefix: str) -> list[str]:
    """Tags of all events of streams that begin so, in log order."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT tag FROM ledger.event WHERE starts_with(stream, %s) ORDER BY position",
            (stream_prefix,),
        )
        return [row[0] for row in rows]


def balances(owner_dsn: str, booking: str) -> dict[tuple[str, str], int]:
    """What the postings of a booking add up to, by account and currency."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT account, currency, sum(amount)::bigint FROM ledger.posting "
            "WHERE booking = %s GROUP BY 1, 2",
            (booking,),
        )
        return {(row[0], row[1]): row[2] for row in rows}


@contextmanager
def connected(database: Database) -> Iterator[psycopg.Connection]:
    """A connection to the database: the given one, or one of its own."""
    if isinstance(database, psycopg.Connection):
        yield database
    else:
        with psycopg.connect(database, autocommit=True) as connection:
            yield connection


def await_row(database: Database, query: str, holds: Callable[[Any], bool]) -> Any:
    """The first column of the query once `holds` is true of it."""
    end = time.monotonic() + WAIT_SECONDS
    with connected(database) as connection:
        while True:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            if holds(row[0]):
                return row[0]
            assert time.monotonic() < end, row
            time.sleep(0.05)


class StoredLog(MemoryLog):
    """A log in Postgres, read into memory: the invariants of one are those of the other."""

    def __init__(self, owner_dsn: str) -> None:
        super().__init__(lambda: dt.datetime.now(dt.UTC))
        self._dsn = owner_dsn

    def read(self) -> None:
        """Take in what has been appended since, and the counters as they are with it."""
        with psycopg.connect(self._dsn) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            rows = connection.execute(READ_LOG.encode(), (len(self.events), NO_LIMIT)).fetchall()
            self.capacity = {
                (row[0], row[1]): [*row[2:]]
                for row in connection.execute(
                    "SELECT flight, cabin, authorised, held, sold FROM ledger.capacity"
                )
            }
            known = connection.execute("SELECT id FROM ledger.command").fetchall()
        self.commands = dict.fromkeys((row[0] for row in known), NO_ANSWER)
        for *head, payload in rows:
            position, stream, version, tag, *envelope = head
            event = codec.decode(tag, payload)
            recorded = ports.RecordedEvent(position, stream, version, *envelope, event)
            self.events.append(recorded)
            self.streams.setdefault(stream, []).append(recorded)


@functools.cache
def _followed(owner_dsn: str) -> tuple[StoredLog, Invariants]:
    log = StoredLog(owner_dsn)
    return log, Invariants(log)


def assert_invariants(owner_dsn: str) -> None:
    """What must hold of the log at any instant, summed up from its events alone."""
    log, invariants = _followed(owner_dsn)
    log.read()
    invariants.check()


def head(database: Database) -> int:
    """The position of the newest event."""
    return int(await_row(database, HEAD, lambda _position: True))


def assert_processes_follow(database: Database) -> None:
    """The processes have run for every event that the log has now."""
    with connected(database) as connection:
        await_row(
            connection,
            "SELECT coalesce(max(position), 0) FROM process.checkpoint",
            functools.partial(operator.le, head(connection)),
        )


def await_inbox(owner_dsn: str) -> None:
    """Every stored event of Stripe has its effect; a session waits no more for a capture that is
    recorded, it only is not marked as done yet.
    """
    await_row(
        owner_dsn,
        "SELECT count(*) FROM inbox.stripe_event AS waiting WHERE state = 'new' AND NOT EXISTS "
        "(SELECT FROM inbox.stripe_event AS known WHERE known.object = waiting.awaited_intent "
        "AND known.type = 'payment_intent.succeeded' AND known.state = 'done')",
        lambda count: count == 0,
    )


def assert_read_models_follow(database: Database) -> None:
    """Every checkpoint reaches the head that the log has now; nothing is parked or stopped."""
    with connected(database) as connection:
        row = connection.execute(HEAD).fetchone()
        assert row is not None
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = progress.read_progress(connection)
            assert {each.projection: each.parked for each in found} == dict.fromkeys(ALL, 0)
            behind = {each.projection for each in found if each.position < row[0]}
            if not behind:
                break
            causes = {each.projection: each.stopped_cause for each in found}
            assert time.monotonic() < end, f"{behind} stay behind {row[0]}: {causes}"
            time.sleep(0.05)
        assert [each.projection for each in found if each.stopped_cause is not None] == []


def count(owner_dsn: str, tag: str) -> int:
    """Events of the tag in the log."""
    with psycopg.connect(owner_dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger.event WHERE tag = %s", (tag,)
        ).fetchone()
    assert row is not None
    return int(row[0])


def seats(owner_dsn: str, flight: str) -> tuple[int, int, int]:
    """Authorised, held and sold seats of a flight, as the database counts them."""
    with psycopg.connect(owner_dsn) as connection:
        row = connection.execute(
            "SELECT authorised, held, sold FROM ledger.capacity WHERE flight = %s", (flight,)
        ).fetchone()
    assert row is not None
    found: tuple[int, int, int] = row
    return found
