"""Compares archives with their hashes, with what the database recorded, and with the log in it."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from infrastructure.archive import live_rows, manifest, recorded
from infrastructure.archive.event_digest import EventDigest, OutOfOrder
from infrastructure.archive.manifest import Archive, ArchiveRefused
from infrastructure.archive.recorded import Connection, Recorded
from infrastructure.parquet import event_file
from infrastructure.parquet.event_file import EventRow, UnreadableFile

Progress = Callable[[str, int], None]


class Verified(msgspec.Struct, frozen=True):
    """Archives that are whole, up to position `last`, and the chain up to it.

    `compared` events were compared with those in the database, which has no earlier ones.
    """

    archives: int
    last: int
    chain: str
    compared: int


def verify(folder: Path, connection: Connection | None, progress: Progress) -> Verified:
    """Read every byte of the archives; with a connection, compare them with the database too.

    Raises ArchiveRefused, ParquetMissing, psycopg.Error and OSError.
    """
    found = manifest.listed(folder)
    if not found:
        raise ArchiveRefused(str(folder), "it contains no archive")
    if connection is not None:
        _require_all(found, require_recorded(found, connection))
    first_live = None if connection is None else live_rows.bounds(connection)[0]
    compared = 0
    for archive in found:
        require_whole(folder, archive, progress)
        if connection is not None and first_live is not None and archive.first >= first_live:
            _require_in_log(archive, connection)
            compared += archive.last - archive.first + 1
    return Verified(len(found), found[-1].last, found[-1].chain, compared)


def require_whole(folder: Path, archive: Archive, progress: Progress) -> None:
    """Raise ArchiveRefused where the file or its events are not those of the manifest."""
    manifest.require_file(folder, archive)
    try:
        events = _hash(archive, event_file.read(folder / archive.file), progress)
    except (UnreadableFile, OutOfOrder) as error:
        raise ArchiveRefused(archive.file, str(error)) from None
    if events != archive.events_sha256:
        raise ArchiveRefused(archive.file, "its events are not those that were archived")


def require_recorded(found: list[Archive], connection: Connection) -> list[Recorded]:
    """Raise ArchiveRefused where an archive is not what was recorded; return all that was."""
    known = recorded.all_of(connection)
    if len(found) > len(known):
        name = manifest.manifest_name(found[len(known)].first, found[len(known)].last)
        raise ArchiveRefused(name, "the database knows nothing of it: it is of another log")
    for archive, row in zip(found, known, strict=False):
        recorded.require_same(archive, row)
    return known


def _require_all(found: list[Archive], known: list[Recorded]) -> None:
    if len(known) > len(found):
        lost = known[len(found)]
        name = manifest.manifest_name(lost.first, lost.last)
        raise ArchiveRefused(name, "it is missing: the database recorded this archive")


def _require_in_log(archive: Archive, connection: Connection) -> None:
    pages = live_rows.pages(connection, archive.first, archive.last)
    try:
        events = _hash(archive, pages, lambda _name, _done: None)
    except OutOfOrder as error:
        raise ArchiveRefused("the log", str(error)) from None
    if events != archive.events_sha256:
        words = f"its events from {archive.first} to {archive.last} are not those archived"
        raise ArchiveRefused("the log", words)


def _hash(archive: Archive, pages: Iterable[list[EventRow]], progress: Progress) -> str:
    digest = EventDigest(archive.first)
    for rows in pages:
        digest.add(rows)
        progress(archive.file, digest.last - archive.first + 1)
    if digest.last != archive.last:
        raise OutOfOrder(f"it ends at position {digest.last}, not at {archive.last}")
    return digest.hexdigest()
