"""The manifest of a backup: a line of JSON, and below it a code that only the backup key makes.

It lists every file with its size and hash, and the log in figures. It is written last: a folder
without one is no backup.
"""

import datetime as dt
import hmac
import os
from pathlib import Path
from typing import Literal

import msgspec

from domain.privacy import retention
from infrastructure.backup.backup_keys import BackupKeys, BackupKeyUnknown
from infrastructure.backup.figures import Cluster, Figures

NAME = "manifest"

Kind = Literal["log", "keys", "base", "wal", "erasures"]


class BackupRefused(Exception):
    """A backup cannot be used: the file, and the reason."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class SealedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One encrypted file: `size` in bytes and `sha256` in hex as it is on the disk."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a backup consists of.

    `id` is the backup's; log and keys of one moment have the same. `expires_at` is None for what
    contains no keys. `figures` describe the log when the backup began; `rows` count each table.
    """

    form: Literal[1] = 1
    key_id: str
    id: str
    kind: Kind
    taken_at: dt.datetime
    expires_at: dt.datetime | None = None
    files: tuple[SealedFile, ...]
    figures: Figures | None = None
    rows: dict[str, int] = {}
    cluster: Cluster | None = None


def new_id(now: dt.datetime) -> str:
    """Return an id that sorts by time and is not repeated."""
    return f"{now:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}"


def key_retention(now: dt.datetime) -> dt.timedelta:
    """Return how long an erased key may be in an older backup."""
    period = retention.period_of("key_backups", on=now.date())
    assert period is not None, "keys are never kept for ever"
    return period


def write(folder: Path, found: Manifest, keys: BackupKeys) -> None:
    """Write the manifest in place of an earlier one, at once and on the disk; names included."""
    line = msgspec.json.encode(found)
    code = keys.authenticate(bytes.fromhex(found.key_id), line)
    unfinished = folder / f"{NAME}.unfinished"
    with unfinished.open("wb") as file:
        file.write(line + b"\n" + code.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / NAME)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path, keys: BackupKeys, *, kinds: tuple[Kind, ...]) -> Manifest:
    """Return the manifest of a backup of one of these kinds; raises BackupRefused.

    A listed file that is missing or has another size is refused here already, so that nothing
    begins that cannot end.
    """
    found = listed(folder, keys)
    if found.kind not in kinds:
        raise BackupRefused(NAME, f"it is of kind {found.kind}, not {' or '.join(kinds)}")
    for file in found.files:
        require_size(folder, file)
    return found


def listed(folder: Path, keys: BackupKeys) -> Manifest:
    """Return the manifest in a folder, without a look at its files; raises BackupRefused.

    Nothing of it is believed before its code is verified.
    """
    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError:
        raise BackupRefused(
            NAME, f"it is missing in {folder}: the backup is not complete"
        ) from None
    line, _, rest = content.partition(b"\n")
    try:
        key_id = bytes.fromhex(msgspec.json.decode(line)["key_id"])
        code = keys.authenticate(key_id, line)
    except BackupKeyUnknown as error:
        raise BackupRefused(NAME, str(error)) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise BackupRefused(NAME, "it was changed: it is not what was written") from None
    if not hmac.compare_digest(rest, code.encode() + b"\n"):
        raise BackupRefused(NAME, "it was changed: its code is not that of its text")
    return msgspec.json.decode(line, type=Manifest)


def require_size(folder: Path, file: SealedFile) -> None:
    """Raise BackupRefused where a listed file is missing or has another size."""
    try:
        size = (folder / file.name).stat().st_size
    except FileNotFoundError:
        raise BackupRefused(file.name, "it is missing") from None
    if size != file.size:
        raise BackupRefused(file.name, f"it has {size} bytes, {file.size} are listed")


def require_unexpired(found: Manifest, now: dt.datetime) -> None:
    """Raise BackupRefused for keys older than erased ones may be kept."""
    if found.expires_at is not None and found.expires_at <= now:
        day = f"{found.expires_at:%Y-%m-%d}"
        raise BackupRefused(NAME, f"the backup of keys expired on {day}: delete it")
