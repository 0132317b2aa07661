"""Queries on the view `ledger.stored_events`: the library's stored events with their envelopes."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import msgspec
from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from psycopg.rows import tuple_row

from infrastructure.event_store.datastore import Connection

LARGEST_VERSION = 2**31 - 1
LARGEST_POSITION = 2**63 - 1

_SELECT: LiteralString = (
    "SELECT originator_id, originator_version, topic, state, notification_id, "
    "recorded_at, actor, command_id, correlation_id, causation_id FROM ledger.stored_events "
)
_OF_STREAM: LiteralString = (
    "RIGHT JOIN ledger.stream_event AS s ON s.position = notification_id "
    "WHERE s.stream = %s AND s.version > %s AND s.version <= %s "
)
_BETWEEN: LiteralString = "WHERE notification_id >= %s AND notification_id <= %s "
SELECT_STREAM = _SELECT + _OF_STREAM + "ORDER BY s.version LIMIT %s"
SELECT_STREAM_BACKWARDS = _SELECT + _OF_STREAM + "ORDER BY s.version DESC LIMIT %s"
SELECT_LOG = _SELECT + _BETWEEN + "ORDER BY notification_id LIMIT %s"
SELECT_LOG_BY_TOPIC = _SELECT + _BETWEEN + "AND topic = ANY(%s) ORDER BY notification_id LIMIT %s"
SELECT_HEAD: LiteralString = "SELECT max(notification_id) FROM ledger.stored_events"


class EventsArchived(IntegrityError):
    """Events of a stream are in archives only."""

    def __init__(self, stream: str) -> None:
        super().__init__(f"events of {stream} are in an archive and not in the database")
        self.stream = stream


class Envelope(msgspec.Struct, frozen=True):
    """What the log stores beside an event's payload; `recorded_at` is UTC."""

    position: int
    recorded_at: dt.datetime
    actor: str
    command_id: uuid.UUID
    correlation_id: str
    causation_id: uuid.UUID | None


@dataclass(frozen=True)
class LedgerEvent(StoredEvent):
    """A stored event of one stream."""

    envelope: Envelope


@dataclass(frozen=True)
class LedgerNotification(Notification):
    """A stored event of the whole log; its id is its position."""

    envelope: Envelope


def select_stream(
    connection: Connection,
    stream: str,
    *,
    after: int | None,
    until: int | None,
    backwards: bool,
    limit: int | None,
) -> list[LedgerEvent]:
    """Return events of a stream with versions above `after` and up to `until`.

    Raises EventsArchived for a stream with events in archives only.
    """
    rows = _fetch(
        connection,
        SELECT_STREAM_BACKWARDS if backwards else SELECT_STREAM,
        (
            stream,
            0 if after is None else after,
            LARGEST_VERSION if until is None else until,
            limit,
        ),
    )
    if any(row[4] is None for row in rows):
        raise EventsArchived(stream)
    return [LedgerEvent(r[0], r[1], r[2], r[3], Envelope(*r[4:])) for r in rows]


def select_log(
    connection: Connection, *, first: int, last: int, topics: Sequence[str], limit: int
) -> list[LedgerNotification]:
    """Return events with positions from `first` to `last`; only of these topics, if any."""
    if topics:
        rows = _fetch(connection, SELECT_LOG_BY_TOPIC, (first, last, list(topics), limit))
    else:
        rows = _fetch(connection, SELECT_LOG, (first, last, limit))
    return [LedgerNotification(r[0], r[1], r[2], r[3], r[4], Envelope(*r[4:])) for r in rows]


def select_head(connection: Connection) -> int | None:
    """Return the position of the newest event, None on an empty log."""
    (row,) = _fetch(connection, SELECT_HEAD, ())
    head: int | None = row[0]
    return head


def _fetch(
    connection: Connection, query: LiteralString, parameters: tuple[Any, ...]
) -> list[tuple[Any, ...]]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, parameters, prepare=True, binary=True).fetchall()
