"""Reads a stretch of the log for one read model; positions have no gaps and are commit-ordered.

Only payloads of wanted tags are decoded; a tag that this release does not know is never skipped.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, LiteralString

import msgspec
from psycopg import sql

from application.commands import stream_kinds
from domain.kernel.events import DomainEvent
from projections.projection import (
    CheckpointAhead,
    Cursor,
    LoggedEvent,
    LogIncomplete,
    Projection,
    UnknownTag,
)

BATCH_LIMIT = 5_000
REMEDY = "`ais check` and `ais rebuild` read them with --archives FOLDER"
# The session's copy of events that the database has no longer (`archived_events`).
ARCHIVED_EVENT = sql.Identifier("pg_temp", "archived_event")

_decoders: dict[str, msgspec.json.Decoder[DomainEvent]] = {
    tag: msgspec.json.Decoder(event_type) for tag, event_type in stream_kinds.EVENT_TYPES.items()
}


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as stored in its row."""

    position: int
    stream: str
    version: int
    tag: str
    recorded_at: dt.datetime
    payload: bytes


class LogTables(msgspec.Struct, frozen=True):
    """Where a session reads the log: the tables, or views of them with the archived events too.

    `archived` is the last position that the session has from archives, 0 without any.
    """

    event: sql.Identifier
    posting: sql.Identifier
    archived: int = 0

    def query(self, text: LiteralString) -> sql.Composed:
        """Return the query with `{event}` and `{posting}` replaced by the names."""
        return sql.SQL(text).format(event=self.event, posting=self.posting)


LIVE = LogTables(sql.Identifier("ledger", "event"), sql.Identifier("ledger", "posting"))


class Stretch(msgspec.Struct, frozen=True):
    """The wanted events after a position, up to and including `upto`; the log ends at `head`."""

    stored: list[StoredEvent]
    upto: int
    head: int


class Log(msgspec.Struct, frozen=True):
    """The log for a checker: up to a position, without parked streams."""

    tags: frozenset[str]
    upto: int
    head: int
    parked: frozenset[str]
    tables: LogTables

    def with_tags_of(self, kind: stream_kinds.StreamKind[Any]) -> "Log":
        """Return the log with every tag of the kind: a domain fold needs all events of a stream,
        also those that the read model itself ignores.
        """
        tags = frozenset(event_type.tag for event_type in kind.event_types)
        return msgspec.structs.replace(self, tags=tags)

    def events(self, cursor: Cursor) -> Iterator[LoggedEvent]:
        """Yield the wanted events in order, read in stretches; raises UnknownTag."""
        for after in range(0, self.upto, BATCH_LIMIT):
            upto = min(after + BATCH_LIMIT, self.upto)
            for stored in _select(cursor, self.tables, self.tags, after, upto):
                if stored.tag not in stream_kinds.EVENT_TYPES:
                    raise _unknown(stored)
                if stored.stream not in self.parked:
                    yield decode(stored)


def decode(stored: StoredEvent) -> LoggedEvent:
    """Decode an event; raises MsgspecError or ValueError if the bytes do not fit the tag."""
    return LoggedEvent(
        position=stored.position,
        stream=stored.stream,
        version=stored.version,
        recorded_at=stored.recorded_at,
        event=_decoders[stored.tag].decode(stored.payload),
    )


def read(
    cursor: Cursor, projection: Projection, *, after: int, limit: int, tables: LogTables = LIVE
) -> Stretch:
    """Return the next stretch, at most `limit` positions.

    Raises CheckpointAhead, LogIncomplete and UnknownTag.

    The stretch ends before an unknown tag, so that all events before it are applied.
    """
    head = read_head(cursor)
    if after == 0:
        require_whole(cursor, tables)
    if after > head:
        raise CheckpointAhead(
            f"{projection.name} is at {after}, the log ends at {head}: another log, or one "
            f"restored from an older backup; `ais rebuild {projection.name}` makes it from this log"
        )
    upto = min(after + limit, head)
    stored = list(_select(cursor, tables, projection.tags, after, upto)) if upto > after else []
    known = stream_kinds.EVENT_TYPES
    unknown = next((event for event in stored if event.tag not in known), None)
    if unknown is None:
        return Stretch(stored, upto, head)
    before = [event for event in stored if event.position < unknown.position]
    if unknown.position == after + 1:
        raise _unknown(unknown)
    return Stretch(before, unknown.position - 1, head)


def histories(cursor: Cursor, streams: Collection[str], upto: int) -> Iterator[LoggedEvent]:
    """Yield all events of these streams up to the position, in log order.

    Raises LogIncomplete for an event that neither the database nor the session's copy has.
    """
    cursor.execute(
        "SELECT s.position, s.stream, s.version, tag, recorded_at, payload "
        "FROM ledger.stream_event AS s LEFT JOIN ledger.event AS e USING (position) "
        "WHERE s.stream = ANY (%s) AND s.position <= %s ORDER BY s.position",
        (sorted(streams), upto),
        binary=True,
    )
    found = cursor.fetchall()
    archived = _archived(cursor, [row[0] for row in found if row[3] is None])
    return (decode(StoredEvent(*(archived.get(row[0], row)))) for row in found)


def _archived(cursor: Cursor, positions: list[int]) -> dict[int, tuple[Any, ...]]:
    if not positions:
        return {}
    known = cursor.execute("SELECT to_regclass('pg_temp.archived_event')").fetchone()
    if known == (None,):
        raise LogIncomplete(f"position {positions[0]} is in an archive only: {REMEDY}")
    query = (
        "SELECT position, stream, version, tag, recorded_at, payload "
        "FROM {} WHERE position = ANY (%s)"
    )
    cursor.execute(sql.SQL(query).format(ARCHIVED_EVENT), (positions,), binary=True)
    found = {row[0]: row for row in cursor.fetchall()}
    if missing := [position for position in positions if position not in found]:
        raise LogIncomplete(f"position {missing[0]} is in none of the archives")
    return found


def read_head(cursor: Cursor) -> int:
    """Return the last position of the log, 0 when it is empty."""
    row = cursor.execute("SELECT coalesce(max(position), 0) FROM ledger.event").fetchone()
    assert row is not None
    return int(row[0])


def read_first(cursor: Cursor) -> int:
    """Return the first position that the database has, 1 when the log is empty."""
    row = cursor.execute("SELECT coalesce(min(position), 1) FROM ledger.event").fetchone()
    assert row is not None
    return int(row[0])


def require_whole(cursor: Cursor, tables: LogTables = LIVE) -> None:
    """Raise LogIncomplete where events are neither in the database nor in the session's copy."""
    first = read_first(cursor)
    if first > tables.archived + 1:
        raise LogIncomplete(
            f"positions {tables.archived + 1} to {first - 1} are in archives only: {REMEDY}"
        )


def unwanted(tags: frozenset[str]) -> list[str]:
    """Return the other known tags: their events are not read."""
    return sorted(stream_kinds.EVENT_TYPES.keys() - tags)


def _unknown(stored: StoredEvent) -> UnknownTag:
    return UnknownTag(f"{stored.tag} at position {stored.position}")


def _select(
    cursor: Cursor, tables: LogTables, tags: frozenset[str], after: int, upto: int
) -> Iterable[StoredEvent]:
    cursor.execute(
        tables.query(
            "SELECT position, stream, version, tag, recorded_at, payload FROM {event} "
            "WHERE position > %s AND position <= %s AND tag <> ALL (%s) ORDER BY position"
        ),
        (after, upto, unwanted(tags)),
        binary=True,
    )
    return (StoredEvent(*row) for row in cursor.fetchall())


def compare(
    expected: Mapping[str, msgspec.Struct], found: Mapping[str, msgspec.Struct]
) -> Iterator[str]:
    """Yield in words how the found rows differ from those that follow from the log."""
    for key in sorted(expected.keys() | found.keys()):
        want, have = expected.get(key), found.get(key)
        if have is None:
            yield f"{key}: the row is missing"
        elif want is None:
            yield f"{key}: the log has no such row"
        elif want != have:
            for field in want.__struct_fields__:
                right, wrong = getattr(want, field), getattr(have, field)
                if right != wrong:
                    yield f"{key}: {field} is {wrong}, expected {right}"
