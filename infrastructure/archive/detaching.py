"""Takes partitions from the database whose events are in verified archives and needed no more.

Rule: nothing that can still be decided on leaves. Every stream with an event in the partition was
silent for ten years, every follower of the log has passed it, and its archives are whole.
"""

import datetime as dt
from pathlib import Path
from typing import LiteralString

import msgspec
from psycopg import sql

from application.coordination import LogFollower
from infrastructure.archive import verifying
from infrastructure.archive.recorded import Connection
from infrastructure.archive.verifying import Progress

# As long as the books are kept: by then every claim on a booking has lapsed.
SILENT_YEARS = 10
LOCK_TIMEOUT: LiteralString = "2s"

_ATTACHED = """
SELECT first_position, last_position FROM ledger.log_partition
WHERE detached_at IS NULL AND last_position < %s ORDER BY first_position
"""
_BUSY = """
SELECT count(*) FROM (
    SELECT DISTINCT stream FROM ledger.event WHERE position BETWEEN %(first)s AND %(last)s
) AS found
WHERE EXISTS (
    SELECT FROM ledger.stream_event AS s JOIN ledger.event AS e ON e.position = s.position
    WHERE s.stream = found.stream AND e.recorded_at >= %(silent_since)s)
"""
_BEHIND = """
SELECT (SELECT count(*) FROM unnest(%(followers)s::text[]) AS f (name)
        LEFT JOIN process.checkpoint AS c USING (name) WHERE coalesce(c.position, 0) < %(last)s)
     + (SELECT count(*) FROM projections.checkpoint AS c JOIN projections.current_generation AS g
        USING (projection, generation) WHERE c.position < %(last)s)
     + (SELECT count(*) FROM partner.subscription WHERE delivered < %(last)s)
"""
_RECORD = """
INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
VALUES (clock_timestamp(), session_user, 'ledger.partition_detached', %s,
        jsonb_build_object('last', %s::bigint, 'chain', %s::text), gen_random_uuid()::text)
"""


class DetachRefused(Exception):
    """A partition stays: the text says why."""


class Detached(msgspec.Struct, frozen=True):
    """The positions that a partition had."""

    first: int
    last: int


def detach(
    connection: Connection,
    folder: Path,
    *,
    before: int,
    silent_since: dt.datetime,
    progress: Progress,
) -> list[Detached]:
    """Detach and drop the oldest partitions that end before the position; one refused ends it.

    Events and postings of one leave in one transaction, whose strong lock takes milliseconds.
    Raises DetachRefused, ArchiveRefused, ParquetMissing, psycopg.Error and OSError. The
    connection is in autocommit and belongs to the owner.
    """
    verified = verifying.verify(folder, connection, progress)
    done: list[Detached] = []
    for first, last in connection.execute(_ATTACHED, (before,)).fetchall():
        found = Detached(first, last)
        _require_unneeded(connection, found, verified.last, silent_since)
        _take(connection, found, verified.chain)
        done.append(found)
    if not done:
        raise DetachRefused(f"no partition ends before position {before}")
    return done


def _require_unneeded(
    connection: Connection, found: Detached, archived: int, silent_since: dt.datetime
) -> None:
    name = f"positions {found.first} to {found.last}"
    if found.last > archived:
        raise DetachRefused(f"{name}: the archives end at {archived}")
    values = {
        "first": found.first,
        "last": found.last,
        "silent_since": silent_since,
        "followers": list(LogFollower),
    }
    [(busy,)] = connection.execute(_BUSY, values).fetchall()
    if busy:
        raise DetachRefused(f"{name}: {busy} streams have an event since {silent_since:%Y-%m-%d}")
    [(behind,)] = connection.execute(_BEHIND, values).fetchall()
    if behind:
        raise DetachRefused(f"{name}: {behind} followers of the log have not passed them")


def _take(connection: Connection, found: Detached, chain: str) -> None:
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
        for parent in ("event", "posting"):
            table = sql.Identifier("ledger", f"{parent}_{found.first}")
            connection.execute(
                sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(
                    sql.Identifier("ledger", parent), table
                )
            )
            connection.execute(sql.SQL("DROP TABLE {}").format(table))
        connection.execute(
            "UPDATE ledger.log_partition SET detached_at = clock_timestamp() "
            "WHERE first_position = %s",
            (found.first,),
        )
        connection.execute(_RECORD, (f"positions from {found.first}", found.last, chain))
