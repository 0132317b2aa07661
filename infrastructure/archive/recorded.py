"""Which archives the database knows: the rows that nobody can change."""

from typing import Any

import msgspec
import psycopg

from infrastructure.archive.manifest import Archive, ArchiveRefused, manifest_name

Connection = psycopg.Connection[tuple[Any, ...]]

_ALL = """
SELECT first_position, last_position, events_sha256, chain_sha256 FROM ledger.archive
ORDER BY first_position
"""
_ADD = """
INSERT INTO ledger.archive (first_position, last_position, events_sha256, chain_sha256)
VALUES (%s, %s, %s, %s)
"""


class Recorded(msgspec.Struct, frozen=True):
    """A range that was archived, with the hash of its events and the chain up to it."""

    first: int
    last: int
    events_sha256: str
    chain: str


def all_of(connection: Connection) -> list[Recorded]:
    """Return the ranges in order."""
    return [Recorded(*row) for row in connection.execute(_ALL).fetchall()]


def add(connection: Connection, archive: Archive) -> None:
    """Record an archive; the connection is in autocommit."""
    values = (archive.first, archive.last, archive.events_sha256, archive.chain)
    connection.execute(_ADD, values)


def require_same(archive: Archive, known: Recorded) -> None:
    """Raise ArchiveRefused where an archive is not the one that was recorded for its range."""
    found = Recorded(archive.first, archive.last, archive.events_sha256, archive.chain)
    if found != known:
        name = manifest_name(archive.first, archive.last)
        raise ArchiveRefused(
            name, "it is not what the database recorded: of another log, or changed"
        )
