"""The archive of the write-ahead log: what was committed since the last base backup.

`pg_receivewal` receives the log while it is written, not only when a file of it is full; each
second what is new is encrypted into the archive. The server keeps what was not received
(a replication slot), so an archive that was away for a while has no gap.
"""

import datetime as dt
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from infrastructure.backup import manifest, programs, sealed_file
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.manifest import BackupRefused, Manifest, SealedFile
from infrastructure.embedded import child
from infrastructure.embedded.account import Account

SLOT = "ais_backup"
SEAL_SECONDS = 1.0
LIST_SECONDS = 60.0
_is_segment = re.compile(r"[0-9A-F]{24}").fullmatch
_SEALED = re.compile(r"([0-9A-F]{24}|[0-9A-F]{8}\.history)(?:\.partial\.([0-9]+))?\.sealed")


class WalArchive:
    """The archive of one cluster in one folder; one process at a time writes it.

    Files that are received lie in `spool` until they are encrypted, readable by us only.
    """

    def __init__(self, folder: Path, keys: BackupKeys, *, system: str) -> None:
        self._folder = folder
        self._keys = keys
        self._owner = owner(system)
        self._spool = folder / "spool"
        self._spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sealed_at: dict[str, int] = {}
        self._replaced: list[str] = []
        self._files: dict[str, SealedFile] = {}
        if (folder / manifest.NAME).exists():
            found = manifest.read(folder, keys, kinds=("wal",))
            if found.id != self._owner:
                raise BackupRefused(
                    manifest.NAME, f"it is the archive of another cluster: {found.id}"
                )
            self._files = {file.name: file for file in found.files}
        for left in folder.glob("*.sealed"):  # of a run that ended before it listed them
            if left.name not in self._files:
                left.unlink()

    def follow(
        self,
        dsn: str,
        stop: threading.Event,
        *,
        each_minute: Callable[[], None],
        until: str | None = None,
    ) -> None:
        """Receive and encrypt until `stop`, or until the log's byte before `until` is received.

        Raises ProgramFailed, BinaryMissing, AlreadyRunning, and what `each_minute` raises.
        """
        slot = f"--slot={SLOT}"
        making = [slot, "--create-slot", "--if-not-exists", "--no-password"]
        for _ in programs.output("pg_receivewal", making, dsn=dsn):
            pass
        lock = child.lock_folder(self._folder)
        log = self._folder / "receive.log"
        end = [] if until is None else [f"--endpos={until}"]
        receiver = child.start(
            [
                *(programs.path("pg_receivewal"), f"--directory={self._spool}", slot),
                *("--no-password", "--no-loop", "--status-interval=1", *end),
            ],
            account=Account(),
            log=log,
            death_signal=signal.SIGINT,
            environment=programs.environment(dsn),
        )
        try:
            each_minute()
            minute = time.monotonic()
            while not stop.wait(SEAL_SECONDS):
                self.seal()
                if receiver.poll() == 0 and until is not None:
                    return
                if receiver.poll() is not None:
                    raise programs.ProgramFailed(f"pg_receivewal ended: {log} says why")
                if time.monotonic() - minute >= LIST_SECONDS:
                    minute = time.monotonic()
                    each_minute()
        finally:
            child.stop(receiver, how=signal.SIGINT)
            self.seal()
            os.close(lock)

    def seal(self) -> int:
        """Encrypt what was received since the last call; returns how many files changed."""
        added: dict[str, SealedFile] = {}
        dropped: list[str] = []
        finished: list[Path] = []
        for received in sorted(self._spool.iterdir()):
            try:
                changed = received.stat().st_mtime_ns
            except FileNotFoundError:  # full meanwhile, and renamed: its turn is the next time
                continue
            partial = received.suffix == ".partial"
            if partial and self._sealed_at.get(received.name) == changed:
                continue
            older = self._partials_of(received.name.removesuffix(".partial"))
            name = f"{received.name}.sealed"
            if partial:
                name = f"{received.name}.{1 + max(older.values(), default=0)}.sealed"
            (self._folder / name).unlink(missing_ok=True)
            added[name] = sealed_file.seal(
                sealed_file.pieces_of(received), self._folder / name, self._keys, owner=self._owner
            )
            dropped += older
            self._sealed_at[received.name] = changed
            if not partial:
                finished.append(received)
        if added:
            self._list(added, dropped)
        for received in finished:
            received.unlink()
        return len(added)

    def _partials_of(self, segment: str) -> dict[str, int]:
        """Return the listed beginnings of a file, with their numbers."""
        found = {}
        for name in self._files:
            parts = _SEALED.fullmatch(name)
            if parts is not None and parts[1] == segment and parts[2] is not None:
                found[name] = int(parts[2])
        return found

    def _list(self, added: dict[str, SealedFile], dropped: list[str]) -> None:
        """Write the manifest. What it replaces stays until the next time, for who reads now."""
        for name in dropped:
            del self._files[name]
        self._files |= added
        expired = self._expired()
        for name in expired:
            del self._files[name]
        _write(self._folder, self._owner, self._files.values(), self._keys)
        for name in self._replaced:
            (self._folder / name).unlink(missing_ok=True)
        self._replaced = [*dropped, *expired]

    def _expired(self) -> list[str]:
        """Return the files that are older than backups of keys may be; no base backup is older."""
        now = dt.datetime.now(dt.UTC)
        before = now - manifest.key_retention(now)
        return [
            name
            for name in self._files
            if (self._folder / name).stat().st_mtime < before.timestamp()
        ]


def owner(system: str) -> str:
    """Return the id of the archive of a cluster."""
    return f"wal-{system}"


def unpack(folder: Path, target: Path, keys: BackupKeys, *, system: str) -> list[str]:
    """Decrypt the archive into a directory; returns the names of the files in it.

    A beginning of a file becomes the file, as the server reads it up to its last whole record.
    Raises BackupRefused.
    """
    found = manifest.read(folder, keys, kinds=("wal",))
    if found.id != owner(system):
        raise BackupRefused(manifest.NAME, f"it is the archive of another cluster: {found.id}")
    names = []
    for file in found.files:
        parts = _SEALED.fullmatch(file.name)
        if parts is None:
            raise BackupRefused(file.name, "it is no file of a write-ahead log")
        with (target / parts[1]).open("xb") as unpacked:
            for piece in sealed_file.opened(
                folder / file.name, keys, owner=found.id, expected=file
            ):
                unpacked.write(piece)
        names.append(parts[1])
    return names


def require_whole(base: list[str], archived: list[str], *, segment_bytes: int) -> None:
    """Raise BackupRefused where a file is missing between a base backup and the archive's end."""
    numbers = {
        _number(name, segment_bytes): name for name in (*archived, *base) if _is_segment(name)
    }
    begin = max((_number(name, segment_bytes) for name in base if _is_segment(name)), default=0)
    end = max(numbers, default=0)
    for number in range(begin, end):
        if number not in numbers:
            after = numbers[min(each for each in numbers if each > number)]
            raise BackupRefused(_name(number, after, segment_bytes), "it is missing in the archive")


def _write(folder: Path, archive: str, files: Iterable[SealedFile], keys: BackupKeys) -> None:
    listed = Manifest(
        key_id=keys.newest_id.hex(),
        id=archive,
        kind="wal",
        taken_at=dt.datetime.now(dt.UTC),
        files=tuple(files),
    )
    manifest.write(folder, listed, keys)


def _number(segment: str, segment_bytes: int) -> int:
    """Return the place of a file in the log, whatever its timeline."""
    return int(segment[8:16], 16) * (2**32 // segment_bytes) + int(segment[16:], 16)


def _name(number: int, like: str, segment_bytes: int) -> str:
    high, low = divmod(number, 2**32 // segment_bytes)
    return f"{like[:8]}{high:08X}{low:08X}"
