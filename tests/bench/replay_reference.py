"""The reference of the replay: eventsourcing's ProjectionRunner over its own Postgres recorder.

Everything is stock: application, mapper, recorder, subscription, one transaction per event with
its tracking record. The projection keeps the same balances as ours, in as few statements as it
can, and both ways to subscribe are measured: to all events, and to money events only.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg import conninfo
from psycopg.sql import SQL

from domain.ledger import accounts
from tests.bench import replay_log

NAMESPACE = uuid.UUID("5f0c2f0e-7f0b-5a53-9d0a-0b6f6b8f8dff")
CHUNK = 500
WAIT_SECONDS = 300.0


class MemoRecorded(DomainEvent):
    """An event that moves no money."""

    tag: str
    content: dict[str, Any]


class MoneyMoved(DomainEvent):
    """An event with an entry."""

    tag: str
    content: dict[str, Any]


class Books(Application[uuid.UUID]):
    """The stock application."""

    name = "books"


class BalanceView(PostgresTrackingRecorder):
    """Balances per account, and per booking for unapplied funds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.added_at = 0.0
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS stock_balance (account text, booking text, "
                "currency text, amount bigint, PRIMARY KEY (account, booking, currency))"
            )
        )

    def add(self, postings: Sequence[Mapping[str, Any]], tracking: Tracking) -> None:
        """Add the postings and record the tracking in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            if postings:
                cursor.execute(
                    "INSERT INTO stock_balance AS b SELECT * FROM unnest(%s::text[], %s::text[], "
                    "%s::text[], %s::bigint[]) ON CONFLICT (account, booking, currency) "
                    "DO UPDATE SET amount = b.amount + excluded.amount",
                    _columns(postings),
                )
        self.added_at = time.perf_counter()

    def trial_balance(self) -> dict[tuple[str, str], int]:
        """Return the balance of each account."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT account, currency, amount FROM stock_balance WHERE booking = ''")
            return {(row["account"], row["currency"]): row["amount"] for row in cursor.fetchall()}


def _columns(postings: Sequence[Mapping[str, Any]]) -> tuple[list[Any], ...]:
    rows = [(p["account"], "", p["currency"], p["amount"]) for p in postings]
    rows += [
        (p["account"], p["booking"], p["currency"], p["amount"])
        for p in postings
        if p["account"] == accounts.UNAPPLIED_FUNDS
    ]
    return tuple(list(column) for column in zip(*rows, strict=True))


class AllEvents(Projection[BalanceView]):
    """Subscribes to every event, the library's default."""

    name = "all_events"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Process each event in one transaction."""
        entry = domain_event.content.get("entry", {"postings": ()})
        self.view.add(entry["postings"], tracking)


class MoneyEvents(AllEvents):
    """Subscribes to money events only."""

    name = "money_events"
    topics = (get_topic(MoneyMoved),)


class Measured(msgspec.Struct, frozen=True):
    """Events of the log per second, and the balances it came to."""

    rate: float
    trial_balance: dict[tuple[str, str], int]


def environment(dsn: str) -> dict[str, str]:
    """Return the library's settings for a database."""
    parts = conninfo.conninfo_to_dict(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts["port"]),
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": "",
    }


def fill(dsn: str, count: int) -> None:
    """Write the first events of the same log through the stock mapper and recorder."""
    books = Books(env=environment(dsn))
    events = [_event(written) for written in replay_log.events(count)]
    for start in range(0, count, CHUNK):
        stored = [books.mapper.to_stored_event(event) for event in events[start : start + CHUNK]]
        books.recorder.insert_events(stored)
    books.close()


def measure(dsn: str, projection: type[AllEvents], count: int) -> Measured:
    """Run the stock runner from the first event to the last of `count`."""
    last_money = max(
        position
        for position, written in enumerate(replay_log.events(count), start=1)
        if projection is AllEvents or hasattr(written.event, "entry")
    )
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Books,
        projection_class=projection,
        view_class=BalanceView,
        env=environment(dsn),
    ) as runner:
        # The view shows when it added the last event: `wait` itself checks only now and then.
        runner.wait(last_money, timeout=WAIT_SECONDS)
        view: TrackingRecorder = runner.view
        assert isinstance(view, BalanceView)
        return Measured(count / (view.added_at - began), view.trial_balance())


def _event(written: replay_log.Written) -> DomainEvent:
    kind = MoneyMoved if hasattr(written.event, "entry") else MemoRecorded
    return kind(
        originator_id=uuid.uuid5(NAMESPACE, written.stream),
        originator_version=written.version,
        timestamp=written.at,
        tag=written.event.tag,
        content=msgspec.to_builtins(written.event),
    )
