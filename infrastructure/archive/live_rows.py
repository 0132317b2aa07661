"""Reads a range of the log in the database, page by page."""

from collections.abc import Iterator

from infrastructure.archive.recorded import Connection
from infrastructure.parquet.event_file import EventRow

PAGE = 10_000
_RANGE = """
SELECT position, stream, version, tag,
       (extract(epoch FROM recorded_at) * 1000000)::bigint, actor, command_id::text,
       correlation_id, causation_id::text, payload
FROM ledger.event WHERE position > %s AND position <= %s ORDER BY position
"""
_BOUNDS = "SELECT coalesce(min(position), 1), coalesce(max(position), 0) FROM ledger.event"


def bounds(connection: Connection) -> tuple[int, int]:
    """Return the first and the last position in the database; 1 and 0 for an empty log."""
    row = connection.execute(_BOUNDS).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def pages(connection: Connection, first: int, last: int) -> Iterator[list[EventRow]]:
    """Yield the events of a range."""
    for after in range(first - 1, last, PAGE):
        until = min(after + PAGE, last)
        found = connection.execute(_RANGE, (after, until), prepare=True, binary=True).fetchall()
        if found:
            yield found
