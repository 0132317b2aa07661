"""The physical backup: a copy of the whole cluster while it works, for points in time.

It contains the key store, so it is kept no longer than backups of keys are. Together with the
archived write-ahead log it restores any moment after its end.
"""

import datetime as dt
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from infrastructure.backup import erasure_list, figures, manifest, programs, sealed_file
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.dumps import Progress, counted
from infrastructure.backup.manifest import BackupRefused, Manifest

BASE_FILE = "base.tar.sealed"


def take(
    dsn: str, *, folder: Path, keys_folder: Path, keys: BackupKeys, progress: Progress
) -> tuple[Manifest, Path]:
    """Back up the cluster; returns its manifest and its new folder.

    The login needs REPLICATION and to read the log. Raises psycopg.Error, ProgramFailed,
    BinaryMissing, OSError.
    """
    now = dt.datetime.now(dt.UTC)
    backup_id = manifest.new_id(now)
    place = folder / f"base-{backup_id}"
    place.mkdir(parents=True, mode=0o700)
    with psycopg.connect(dsn, autocommit=True) as connection:
        cluster = figures.cluster(connection)
        found = figures.read(connection, upto=figures.head(connection))
    arguments = ["--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast"]
    pieces = programs.output("pg_basebackup", [*arguments, "--no-password"], dsn=dsn)
    file = sealed_file.seal(
        counted(pieces, BASE_FILE, progress), place / BASE_FILE, keys, owner=backup_id
    )
    erasure_list.write(dsn, keys_folder, keys)
    written = Manifest(
        key_id=keys.newest_id.hex(),
        id=backup_id,
        kind="base",
        taken_at=now,
        expires_at=now + manifest.key_retention(now),
        files=(file,),
        figures=found,
        cluster=cluster,
    )
    manifest.write(place, written, keys)
    return written, place


def unpack(
    folder: Path, found: Manifest, target: Path, keys: BackupKeys, progress: Progress
) -> None:
    """Unpack the cluster into an empty directory; raises BackupRefused, OSError."""
    [file] = found.files
    pieces = sealed_file.opened(folder / file.name, keys, owner=found.id, expected=file)
    reader = _Reader(counted(pieces, file.name, progress))
    try:
        with tarfile.open(fileobj=io.BufferedReader(reader), mode="r|") as archive:
            archive.extractall(target, filter="data")
    except tarfile.TarError as error:
        raise BackupRefused(file.name, f"it cannot be unpacked: {error}") from None
    # The archive may end before its file does: only the whole of it is authenticated.
    while reader.read(programs.PIECE_BYTES):
        pass


class _Reader(io.RawIOBase):
    """The pieces as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "memoryview[int] | bytearray") -> int:  # type: ignore[override]
        """Fill the buffer with what comes next; 0 at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
