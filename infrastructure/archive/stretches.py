"""Archives as stretches of the log for readers, each of which a process of its own may read."""

import datetime as dt
from collections.abc import Collection, Generator, Iterator
from pathlib import Path

from infrastructure.archive import manifest, verifying
from infrastructure.archive.manifest import Archive, ArchiveRefused
from infrastructure.archive.recorded import Connection
from infrastructure.parquet import event_file
from infrastructure.parquet.event_file import UnreadableFile

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class ArchivedStretch:
    """One archive. Its file and its events are hashed before anything in it is believed."""

    def __init__(self, folder: Path, archive: Archive) -> None:
        self._folder = folder
        self._archive = archive
        self.first, self.last = archive.first, archive.last

    def payloads(self, without: Collection[str]) -> Generator[tuple[str, bytes], None, None]:
        """Yield tag and payload of the events of other tags, in order.

        Raises ArchiveRefused, ParquetMissing and OSError.
        """
        self._require_whole()
        count = 0
        try:
            for events, found in event_file.payloads(self._folder / self._archive.file, without):
                count += events
                yield from found
        except UnreadableFile as error:
            raise ArchiveRefused(self._archive.file, str(error)) from None
        if count != self.last - self.first + 1:
            raise ArchiveRefused(self._archive.file, f"it contains {count} events")

    def events(self) -> Iterator[list[tuple[int, str, int, str, dt.datetime, bytes]]]:
        """Yield position, stream, version, tag, time and payload of all events, page by page.

        Raises ArchiveRefused, ParquetMissing and OSError.
        """
        self._require_whole()
        try:
            for page in event_file.read(self._folder / self._archive.file):
                yield [
                    (*row[:4], EPOCH + dt.timedelta(microseconds=row[4]), row[9]) for row in page
                ]
        except UnreadableFile as error:
            raise ArchiveRefused(self._archive.file, str(error)) from None

    def _require_whole(self) -> None:
        verifying.require_whole(self._folder, self._archive, lambda _file, _done: None)


def of(folder: Path, connection: Connection) -> list[ArchivedStretch]:
    """Return the archives of a folder in order, from the first position on.

    Raises ArchiveRefused where one is not what the database recorded, psycopg.Error and OSError.
    """
    found = manifest.listed(folder)
    verifying.require_recorded(found, connection)
    return [ArchivedStretch(folder, archive) for archive in found]
