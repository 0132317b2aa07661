"""`ais backup`: backs up the database, logically and physically, and keeps its write-ahead log."""

import datetime as dt
import signal
import threading
from pathlib import Path
from typing import Annotated

import msgspec
import psycopg
from cyclopts import App, Parameter

from infrastructure.backup import cluster_copy, dumps, erasure_list, figures, retention
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.wal_archive import WalArchive
from infrastructure.sealing import master_key
from interfaces.cli import backup_output
from interfaces.cli.backup_output import AsJson, OwnerDsn

backup = App(name="backup", help="Back up log, keys and cluster; every file is encrypted.")

To = Annotated[Path, Parameter(name="--to")]
KeyStore = Annotated[Path, Parameter(name="--keys")]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A finished backup: where it is, and the log in it. `bytes` are those on the disk."""

    id: str
    folder: str
    keys_folder: str | None
    position: int
    head_hash: str
    bytes: int
    expires_at: dt.datetime | None


@backup.command(name="log")
def back_up_log(*, to: To, keys: KeyStore, dsn: OwnerDsn, as_json: AsJson = False) -> int:
    """Back up the whole database without its keys, and apart from it the keys of persons.

    Both are of one moment. Sales go on. Exit codes: 0 done, 1 failed, 2 a wrong call or setting.

    Parameters
    ----------
    to
        The folder that gets `log-ID`; it has no keys and may be kept as long as the books.
    keys
        The folder that gets `keys-ID`, which is kept for 30 days, and the list of erasures.
    dsn
        The database, as the owner of the schema or as a superuser.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        with backup_output.progress() as progress:
            found, folder, keys_folder = dumps.take(
                dsn, log_folder=to, keys_folder=keys, keys=secrets, progress=progress
            )
        assert found.figures is not None
        taken = Taken(
            id=found.id,
            folder=str(folder),
            keys_folder=str(keys_folder),
            position=found.figures.position,
            head_hash=found.figures.hashes["ledger.event"],
            bytes=found.files[0].size,
            expires_at=None,
        )
        backup_output.print_result(taken, _lines(taken), as_json=as_json)
        return 0

    return backup_output.run("backup log", work)


@backup.command(name="base")
def back_up_base(*, to: To, keys: KeyStore, dsn: OwnerDsn, as_json: AsJson = False) -> int:
    """Back up the cluster's files, keys included, as the beginning for points in time.

    Sales go on. Exit codes: 0 done, 1 failed, 2 a wrong call or setting.

    Parameters
    ----------
    to
        The folder that gets `base-ID`, which is kept for 30 days.
    keys
        The folder that has the list of erasures.
    dsn
        The database, as a login with REPLICATION that owns the schema, or as a superuser.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        with backup_output.progress() as progress:
            found, folder = cluster_copy.take(
                dsn, folder=to, keys_folder=keys, keys=secrets, progress=progress
            )
        assert found.figures is not None
        taken = Taken(
            id=found.id,
            folder=str(folder),
            keys_folder=None,
            position=found.figures.position,
            head_hash=found.figures.hashes["ledger.event"],
            bytes=found.files[0].size,
            expires_at=found.expires_at,
        )
        backup_output.print_result(taken, _lines(taken), as_json=as_json)
        return 0

    return backup_output.run("backup base", work)


@backup.command(name="wal")
def follow_wal(*, to: To, keys: KeyStore, dsn: OwnerDsn, once: bool = False) -> int:
    """Receive the write-ahead log and encrypt it each second, until SIGTERM; with the erasures.

    Run one, under supervision. While none runs, the server keeps its log for it. Exit codes:
    0 ended as asked, 1 failed, 2 a wrong call or setting.

    Parameters
    ----------
    to
        The folder of the archive: one for each cluster.
    keys
        The folder that has the list of erasures, which is written each minute.
    dsn
        The database, as a login with REPLICATION that owns the schema, or as a superuser.
    once
        End when everything that was written before the start is in the archive.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def work(secrets: BackupKeys) -> int:
        with psycopg.connect(dsn) as connection:
            system = figures.cluster(connection).system
            row = connection.execute("SELECT (pg_current_wal_flush_lsn() - 1)::text").fetchone()
        assert row is not None
        archive = WalArchive(to, secrets, system=system)

        def each_minute() -> None:
            erasure_list.write(dsn, keys, secrets)

        archive.follow(dsn, stop, each_minute=each_minute, until=row[0] if once else None)
        return 0

    return backup_output.run("backup wal", work)


@backup.command(name="erasures")
def write_erasures(*, keys: KeyStore, dsn: OwnerDsn, as_json: AsJson = False) -> int:
    """Write the list of erasures beside the backups of keys, in place of the earlier one.

    Exit codes: 0 done, 1 failed, 2 a wrong call or setting.

    Parameters
    ----------
    keys
        The folder with the backups of keys.
    dsn
        The database, as the owner of the schema or as a superuser.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        found = erasure_list.write(dsn, keys, secrets)
        lines = [f"{len(found.destroyed)} destroyed keys, {len(found.erasures)} erasures"]
        counted = Listed(destroyed_keys=len(found.destroyed), erasures=len(found.erasures))
        backup_output.print_result(counted, lines, as_json=as_json)
        return 0

    return backup_output.run("backup erasures", work)


@backup.command(name="prune")
def prune(*folders: Path, as_json: AsJson = False) -> int:
    """Delete the backups in these folders that contain keys and are older than 30 days.

    Exit codes: 0 done, 1 failed, 2 a wrong call or setting.

    Parameters
    ----------
    folders
        What was given as --to and --keys.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        now = dt.datetime.now(dt.UTC)
        deleted = [name for folder in folders for name in retention.prune(folder, secrets, now)]
        lines = [f"deleted {name}" for name in deleted] or ["nothing has expired"]
        backup_output.print_result(Pruned(deleted=deleted), lines, as_json=as_json)
        return 0

    return backup_output.run("backup prune", work)


@backup.command(name="key")
def key() -> int:
    """Print a fresh key for AIS_BACKUP_KEY; without it no backup can be read. Exit code 0."""
    print(master_key.generated())
    return 0


class Listed(msgspec.Struct, frozen=True):
    """What the list of erasures contains."""

    destroyed_keys: int
    erasures: int


class Pruned(msgspec.Struct, frozen=True):
    """The folders that were deleted."""

    deleted: list[str]


def _lines(taken: Taken) -> list[str]:
    lines = [f"log up to position {taken.position}, head hash {taken.head_hash}"]
    lines.append(f"written: {taken.folder}, {taken.bytes} bytes")
    if taken.keys_folder is not None:
        lines.append(f"written: {taken.keys_folder}, its keys")
    if taken.expires_at is not None:
        lines.append(f"expires: {taken.expires_at:%Y-%m-%d}")
    return lines
