"""Writes ranges of the log into archives: files first, then the row in the database, then the
manifest. An interrupted run is repeated; what it left is written again.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from infrastructure.archive import event_digest, live_rows, manifest, recorded
from infrastructure.archive.event_digest import EventDigest, OutOfOrder
from infrastructure.archive.manifest import Archive, ArchiveRefused
from infrastructure.archive.recorded import Connection, Recorded
from infrastructure.parquet import event_file
from infrastructure.parquet.event_file import EventRow

Progress = Callable[[str, int], None]


def write(
    connection: Connection, folder: Path, *, positions: int, progress: Progress
) -> list[Archive]:
    """Write every full range of so many positions that the folder has not; returns those written.

    Ranges that were archived before keep their bounds. Raises ArchiveRefused, ParquetMissing,
    psycopg.Error and OSError. The connection is in autocommit.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    present = manifest.listed(folder)
    known = recorded.all_of(connection)
    if len(present) > len(known):
        name = manifest.manifest_name(present[len(known)].first, present[len(known)].last)
        raise ArchiveRefused(name, "the database knows nothing of it: it is of another log")
    for archive, expected in zip(present, known, strict=False):
        recorded.require_same(archive, expected)
    first_live, head = live_rows.bounds(connection)
    written: list[Archive] = []
    chain = present[-1].chain if present else event_digest.START
    for first, last, row in _ranges(known, len(present), positions, head):
        if first < first_live:
            name = manifest.file_name(first, last)
            raise ArchiveRefused(name, "its events are no longer in the database: copy it here")
        archive = _write_one(connection, folder, (first, last), chain, progress)
        if row is None:
            recorded.add(connection, archive)
        else:
            recorded.require_same(archive, row)
        manifest.write(folder, archive)
        written.append(archive)
        chain = archive.chain
    return written


def _ranges(
    known: Sequence[Recorded], present: int, positions: int, head: int
) -> Iterator[tuple[int, int, Recorded | None]]:
    """Yield the ranges to write: those recorded that the folder has not, then full new ones."""
    for row in known[present:]:
        yield row.first, row.last, row
    first = known[-1].last + 1 if known else 1
    while first + positions - 1 <= head:
        yield first, first + positions - 1, None
        first += positions


def _write_one(
    connection: Connection, folder: Path, bounds: tuple[int, int], chain: str, progress: Progress
) -> Archive:
    first, last = bounds
    name = manifest.file_name(first, last)
    unfinished = folder / f"{name}.unfinished"
    digest = EventDigest(first)

    def pages() -> Iterator[list[EventRow]]:
        for rows in live_rows.pages(connection, first, last):
            digest.add(rows)
            progress(name, digest.last - first + 1)
            yield rows

    manifest.begin(unfinished)
    try:
        event_file.write(unfinished, pages())
        if digest.last != last:
            raise OutOfOrder(f"position {digest.last + 1} is missing")
    except OutOfOrder as error:
        unfinished.unlink(missing_ok=True)
        raise ArchiveRefused("the log", f"it cannot be archived: {error}") from None
    _sync(unfinished)
    sha256, size = manifest.hash_of(unfinished), unfinished.stat().st_size
    unfinished.replace(folder / name)
    manifest.sync_folder(folder)
    events = digest.hexdigest()
    return Archive(
        first=first,
        last=last,
        file=name,
        size=size,
        sha256=sha256,
        events_sha256=events,
        previous=chain,
        chain=event_digest.linked(chain, events),
    )


def _sync(place: Path) -> None:
    with place.open("rb") as file:
        os.fsync(file.fileno())
