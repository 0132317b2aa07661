"""Restores a backup and compares the log that came of it with what the manifest says."""

import datetime as dt
import time
from pathlib import Path

import msgspec
import psycopg

from infrastructure.backup import (
    afterwards,
    checking,
    dumps,
    erasure_list,
    figures,
    manifest,
    scratch,
)
from infrastructure.backup.afterwards import Settled
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.dumps import Progress
from infrastructure.backup.figures import Figures
from infrastructure.backup.manifest import BackupRefused, Manifest
from infrastructure.embedded.postgres_server import EmbeddedPostgres


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """A restored log: what the manifest lists, and what was found at the end of the log."""

    id: str
    kind: str
    taken_at: dt.datetime
    listed: Figures
    found: Figures
    last_recorded_at: dt.datetime | None
    settled: Settled
    seconds: float


def read_log(folder: Path, keys: BackupKeys) -> Manifest:
    """Return the manifest of a logical or physical backup; raises BackupRefused.

    A physical one that is older than erased keys may be kept is refused.
    """
    found = manifest.read(folder, keys, kinds=("log", "base"))
    manifest.require_unexpired(found, dt.datetime.now(dt.UTC))
    assert found.figures is not None, "both kinds have figures"
    assert found.cluster is not None, "both kinds describe their cluster"
    return found


def restore_log(
    dsn: str,
    *,
    log: tuple[Path, Manifest],
    keys_folder: Path | None,
    keys: BackupKeys,
    progress: Progress,
) -> Restored:
    """Restore a logical backup into an empty database, as a superuser.

    `keys_folder` contains the backups of keys; without it no personal data can be read again.
    Raises BackupRefused, ProgramFailed, psycopg.Error.
    """
    began = time.monotonic()
    found = log[1]
    key_store, erasures = None, None
    if keys_folder is not None:
        place = keys_folder / f"keys-{found.id}"
        key_store = (place, manifest.read(place, keys, kinds=("keys",)))
        manifest.require_unexpired(key_store[1], dt.datetime.now(dt.UTC))
        checking.check_files(*key_store, keys, progress)
        erasures = erasure_list.read(keys_folder, keys, taken_at=found.taken_at)
    dumps.restore(dsn, log=log, key_store=key_store, keys=keys, progress=progress)
    missing = dumps.incomplete(dsn, found, key_store[1] if key_store else None)
    return _compared(dsn, found, erasures, began=began, missing=missing)


def restore_base(
    directory: Path,
    *,
    backup: tuple[Path, Manifest],
    archive: Path | None,
    until: dt.datetime | None,
    keys_folder: Path,
    keys: BackupKeys,
    progress: Progress,
    durable: bool = True,
) -> tuple[Restored, EmbeddedPostgres]:
    """Restore a physical backup into a new directory; returns the running server, too.

    Raises BackupRefused, ProgramFailed, ServerFailed, psycopg.Error; then nothing runs.
    """
    began = time.monotonic()
    found = backup[1]
    if until is not None and until < found.taken_at:
        raise BackupRefused(
            manifest.NAME, f"the backup began at {found.taken_at.isoformat()}, after that moment"
        )
    erasures = erasure_list.read(keys_folder, keys, taken_at=found.taken_at)
    server = scratch.recovered(
        directory,
        backup=backup,
        archive=archive,
        until=until,
        keys=keys,
        progress=progress,
        durable=durable,
    )
    try:
        return _compared(server.dsn(), found, erasures, began=began), server
    except BaseException:
        server.stop()
        raise


def _compared(
    dsn: str,
    found: Manifest,
    erasures: erasure_list.ErasureList | None,
    *,
    began: float,
    missing: list[str] | None = None,
) -> Restored:
    """Compare, then prepare for serving; raises BackupRefused where the log is another one."""
    listed = found.figures
    assert listed is not None
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        head = figures.head(connection)
        same = figures.read(connection, upto=listed.position)
        whole = figures.read(connection, upto=head)
        row = connection.execute("SELECT max(recorded_at) FROM ledger.event").fetchone()
        expected = listed
        if found.kind == "base":
            # Between the backup and the moment restored, a migration may have been applied and
            # partitions may have been detached.
            expected = msgspec.structs.replace(listed, schema=max(listed.schema, same.schema))
            if figures.detached_since(connection, listed, same):
                expected, same = figures.without_events(expected), figures.without_events(same)
    differences = figures.differences(expected, same)
    differences += missing or []
    if found.kind == "log" and head != listed.position:
        differences.append(f"the log ends at {head}, not at {listed.position}")
    differences += [f"the postings in {each} do not balance" for each in figures.unbalanced(whole)]
    if differences:
        raise BackupRefused("the restored log", "; ".join(differences))
    return Restored(
        id=found.id,
        kind=found.kind,
        taken_at=found.taken_at,
        listed=listed,
        found=whole,
        last_recorded_at=None if row is None else row[0],
        settled=afterwards.settle(dsn, erasures),
        seconds=time.monotonic() - began,
    )
