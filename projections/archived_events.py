"""Copies events that only archives have into temporary tables, so that one session reads them all.

The copy takes as much room on the server as the events had, and goes with the session.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from psycopg import sql

from projections import reading, replay
from projections.projection import Connection, LogIncomplete
from projections.reading import LogTables

# Position, stream, version, tag, recorded at, payload.
ArchivedRow = tuple[int, str, int, str, dt.datetime, bytes]
Progress = Callable[[int, int], None]
"""Called with the position copied and the last one to copy."""

_TYPES = ("int8", "text", "int4", "text", "timestamptz", "bytea")
_CREATE = """
CREATE TEMP TABLE archived_event (
    position bigint PRIMARY KEY, stream text COLLATE "C" NOT NULL, version integer NOT NULL,
    tag text COLLATE "C" NOT NULL, recorded_at timestamptz NOT NULL, payload bytea NOT NULL);
CREATE TEMP TABLE archived_posting (LIKE ledger.posting)
"""
# As ledger.post_entries makes them.
_POST = """
INSERT INTO pg_temp.archived_posting
    (position, line, account, booking, amount, currency, effective_on, rule)
SELECT money.position, line.ordinality, line.value ->> 'account', line.value ->> 'booking',
       (line.value ->> 'amount')::bigint, line.value ->> 'currency',
       (money.entry ->> 'effective_on')::date, money.entry ->> 'rule'
FROM (SELECT position, convert_from(payload, 'UTF8')::json -> 'entry' AS entry
      FROM pg_temp.archived_event
      WHERE position BETWEEN %s AND %s AND position('"entry"'::bytea IN payload) > 0) AS money,
     json_array_elements(money.entry -> 'postings') WITH ORDINALITY AS line (value, ordinality)
"""
_VIEWS = """
ANALYZE pg_temp.archived_event;
ANALYZE pg_temp.archived_posting;
CREATE TEMP VIEW whole_event AS
SELECT position, stream, version, tag, recorded_at, payload FROM pg_temp.archived_event
UNION ALL
SELECT position, stream, version, tag, recorded_at, payload FROM ledger.event
WHERE position > {last};
CREATE TEMP VIEW whole_posting AS
SELECT position, line, account, booking, amount, currency, effective_on, rule
FROM pg_temp.archived_posting
UNION ALL
SELECT position, line, account, booking, amount, currency, effective_on, rule FROM ledger.posting
WHERE position > {last}
"""


class ArchivedStretch(Protocol):
    """Consecutive events from `first` to `last` in an archive."""

    @property
    def first(self) -> int:
        """Return the first position."""

    @property
    def last(self) -> int:
        """Return the last position."""

    def events(self) -> Iterator[Sequence[ArchivedRow]]:
        """Yield all events in order."""


def copy(
    connection: Connection, archives: Sequence[ArchivedStretch], progress: Progress
) -> LogTables:
    """Copy what the database has no longer; returns where this session then reads the log.

    Where the database has all, nothing is read from the archives. Raises LogIncomplete,
    psycopg.Error, and what the archives raise.
    """
    with connection.cursor() as cursor:
        head, first_live = reading.read_head(cursor), reading.read_first(cursor)
    require_joined(archives[-1].last if archives else 0, first_live, head)
    last = first_live - 1
    if last == 0:
        return reading.LIVE
    connection.execute(_CREATE)
    for archive in archives:
        if archive.first <= last:
            _copy_one(connection, archive, last)
            progress(min(archive.last, last), last)
    with connection.transaction(), connection.cursor() as cursor:
        replay.allow_time(cursor)
        cursor.execute(sql.SQL(_VIEWS).format(last=last))
    return LogTables(
        sql.Identifier("pg_temp", "whole_event"), sql.Identifier("pg_temp", "whole_posting"), last
    )


def require_joined(archived: int, first_live: int, head: int) -> None:
    """Raise LogIncomplete where archives up to a position and the database do not make one log."""
    if first_live > archived + 1:
        raise LogIncomplete(
            f"positions {archived + 1} to {first_live - 1} are neither in the database nor in an "
            "archive: name the folder that has theirs"
        )
    if archived > head:
        raise LogIncomplete(
            f"the archives end at {archived}, the log at {head}: they are of another log"
        )


def _copy_one(connection: Connection, archive: ArchivedStretch, last: int) -> None:
    into = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(reading.ARCHIVED_EVENT)
    with connection.transaction(), connection.cursor() as cursor:
        replay.allow_time(cursor)
        with cursor.copy(into) as rows:
            rows.set_types(_TYPES)
            for page in archive.events():
                for row in page:
                    if row[0] <= last:
                        rows.write_row(row)
        cursor.execute(_POST, (archive.first, min(archive.last, last)))
