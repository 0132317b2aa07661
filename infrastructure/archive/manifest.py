"""The manifest beside each archive: its range, its file and the hashes. It is written last.

It is not secret and not sealed; what vouches for it is the row in the database (`recorded`).
"""

import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec

from infrastructure.archive import event_digest

SUFFIX = ".json"
_BLOCK_BYTES = 1 << 20


class ArchiveRefused(Exception):
    """An archive cannot be used: the file, and the reason."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


class Archive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The events from `first` to `last` in one file of `size` bytes; hashes are SHA-256 in hex.

    `sha256` is that of the file, `events_sha256` that of its events. `chain` is made from it and
    `previous`, the chain of the archive before: it vouches for all events up to `last`.
    """

    form: Literal[1] = 1
    first: int
    last: int
    file: str
    size: int
    sha256: str
    events_sha256: str
    previous: str
    chain: str


def file_name(first: int, last: int) -> str:
    """Return the name of an archive's file: names sort by position."""
    return f"log-{first:015d}-{last:015d}.parquet"


def manifest_name(first: int, last: int) -> str:
    """Return the name of the manifest beside it."""
    return Path(file_name(first, last)).with_suffix(SUFFIX).name


def write(folder: Path, archive: Archive) -> None:
    """Write the manifest at once and on the disk."""
    place = folder / manifest_name(archive.first, archive.last)
    unfinished = place.with_name(f"{place.name}.unfinished")
    begin(unfinished)
    with unfinished.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(archive), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(place)
    sync_folder(folder)


def begin(place: Path) -> None:
    """Make an empty file that only its owner reads, in place of what an interrupted run left."""
    place.unlink(missing_ok=True)
    place.touch(mode=0o600)


def listed(folder: Path) -> list[Archive]:
    """Return the archives of a folder in order, from the first position on, without their files.

    Raises ArchiveRefused for a manifest that was changed and for a missing range, OSError.
    """
    if not folder.is_dir():
        raise ArchiveRefused(str(folder), "there is no such folder")
    found: list[Archive] = []
    for place in sorted(folder.glob(f"log-*{SUFFIX}")):
        try:
            archive = msgspec.json.decode(place.read_bytes(), type=Archive)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ArchiveRefused(place.name, f"it is not what was written: {error}") from None
        _require_link(place.name, archive, found[-1] if found else None)
        found.append(archive)
    return found


def require_file(folder: Path, archive: Archive) -> None:
    """Raise ArchiveRefused where the file is missing or its bytes were changed."""
    place = folder / archive.file
    try:
        size = place.stat().st_size
        if size != archive.size:
            raise ArchiveRefused(archive.file, f"it has {size} bytes, {archive.size} are listed")
        if hash_of(place) != archive.sha256:
            raise ArchiveRefused(archive.file, "it was changed: its hash is another one")
    except FileNotFoundError:
        raise ArchiveRefused(archive.file, "it is missing") from None


def hash_of(place: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with place.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_link(name: str, archive: Archive, before: Archive | None) -> None:
    expected = 1 if before is None else before.last + 1
    named = (file_name(archive.first, archive.last), manifest_name(archive.first, archive.last))
    if (archive.file, name) != named or archive.last < archive.first:
        raise ArchiveRefused(name, "it was changed: its range is not that of its name")
    if archive.first > expected:
        missing = f"positions {expected} to {archive.first - 1}"
        raise ArchiveRefused(name, f"the archive of {missing} before it is missing")
    if archive.first < expected:
        raise ArchiveRefused(name, f"it contains position {archive.first} a second time")
    if archive.previous != (event_digest.START if before is None else before.chain):
        raise ArchiveRefused(name, "it does not continue the archive before it")
    if archive.chain != event_digest.linked(archive.previous, archive.events_sha256):
        raise ArchiveRefused(name, "it was changed: its chain is not that of its events")
