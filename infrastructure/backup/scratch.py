"""A cluster from a base backup: unpacked, recovered to a moment, and serving at the end.

It runs with settings of its own: nothing that the original's files say about archives, standbys,
certificates or addresses counts here.
"""

import datetime as dt
import re
import shutil
import time
from pathlib import Path

import psycopg

from infrastructure.backup import cluster_copy, programs, wal_archive
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.dumps import Progress
from infrastructure.backup.manifest import BackupRefused, Manifest
from infrastructure.embedded import account, server_files
from infrastructure.embedded.child import ServerFailed
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.server_files import ServerFiles

RECOVERY_SECONDS = 12 * 3600.0
POLL_SECONDS = 0.05
_EMPTY = (
    *("archive_command", "archive_library", "primary_conninfo", "primary_slot_name"),
    *("synchronous_standby_names", "shared_preload_libraries", "external_pid_file"),
    *("recovery_target_xid", "recovery_target_name", "recovery_target_lsn"),
    *("recovery_target", "recovery_target_time"),
    *("recovery_end_command", "archive_cleanup_command"),
)
_NEUTRAL = {
    **dict.fromkeys(_EMPTY, ""),
    "archive_mode": "off",
    "ssl": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "recovery_target_action": "promote",
}
_NOT_REACHED = "recovery ended before configured recovery target was reached"
_LAST_COMMIT = re.compile(r"last completed transaction was at log time ([^\n]+)")


def require_version(found: Manifest) -> None:
    """Raise BackupRefused where the programs are of another major version than the backup."""
    assert found.cluster is not None
    here = programs.version()
    if found.cluster.server != here:
        raise BackupRefused(
            cluster_copy.BASE_FILE,
            f"it is of PostgreSQL {found.cluster.server}, the programs here are of {here}: "
            "name the folder of the others in AIS_PG_BIN",
        )


def empty(directory: Path, found: Manifest) -> EmbeddedPostgres:
    """Return a new cluster with an empty database for a logical backup, not started yet."""
    assert found.cluster is not None
    return EmbeddedPostgres(
        directory,
        durable=False,
        superuser=found.cluster.superuser,
        database=found.cluster.database,
    )


def remove(directory: Path) -> None:
    """Remove a stopped cluster, wherever its server's account could reach it."""
    record = directory / server_files.RECORD
    if record.exists():
        shutil.rmtree(record.read_text("utf-8").strip(), ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)


def recovered(
    directory: Path,
    *,
    backup: tuple[Path, Manifest],
    archive: Path | None,
    until: dt.datetime | None,
    keys: BackupKeys,
    progress: Progress,
    durable: bool = True,
) -> EmbeddedPostgres:
    """Return the running server of a cluster that was restored into a new directory.

    Without an archive it is as at the end of the base backup; without `until` as at the end of
    the archive; else with exactly what was committed by then. Raises BackupRefused, ServerFailed;
    then nothing runs and nothing was left in the directory.
    """
    found = backup[1]
    assert found.cluster is not None
    require_version(found)
    runs_as = account.unprivileged()
    if directory.exists() and any(directory.iterdir()):
        raise BackupRefused(str(directory), "it is not empty: name a new folder")
    server_files.make_folder(directory, runs_as)
    files = server_files.prepare(directory, runs_as)
    server = EmbeddedPostgres(
        directory,
        durable=durable,
        settings=_settings(files, found, until=until, follows_archive=archive is not None),
        superuser=found.cluster.superuser,
        database=found.cluster.database,
        start_seconds=RECOVERY_SECONDS,
    )
    try:
        _unpack(files, backup, archive, keys, progress)
        for path in (files.home, *files.home.rglob("*")):
            runs_as.own(path)
        server.start()
        _await_promotion(server)
    except (ServerFailed, psycopg.OperationalError) as error:
        server.stop()
        refused = _refused(files, until)
        remove(directory)
        raise refused or error from None
    except BaseException:
        server.stop()
        remove(directory)
        raise
    shutil.rmtree(files.home / "wal", ignore_errors=True)
    return server


def _unpack(
    files: ServerFiles,
    backup: tuple[Path, Manifest],
    archive: Path | None,
    keys: BackupKeys,
    progress: Progress,
) -> None:
    folder, found = backup
    assert found.cluster is not None
    unfinished = files.home / "data.restoring"
    unfinished.mkdir(mode=0o700)
    cluster_copy.unpack(folder, found, unfinished, keys, progress)
    wal = files.home / "wal"
    wal.mkdir(mode=0o700)
    if archive is not None:
        names = wal_archive.unpack(archive, wal, keys, system=found.cluster.system)
        wal_archive.require_whole(
            [path.name for path in (unfinished / "pg_wal").iterdir()],
            names,
            segment_bytes=found.cluster.segment_bytes,
        )
    (files.home / "server.conf").write_text("")
    (files.home / "hba.conf").write_text("local all all trust\n")
    (files.home / "ident.conf").write_text("")
    (unfinished / "recovery.signal").touch()
    (unfinished / "standby.signal").unlink(missing_ok=True)
    unfinished.rename(files.data)


def _settings(
    files: ServerFiles, found: Manifest, *, until: dt.datetime | None, follows_archive: bool
) -> dict[str, str]:
    assert found.cluster is not None
    # The server runs this in a shell: the folder's name is ours and has no quote in it.
    restore = f"cp '{files.home}/wal/%f' '%p'"
    # The server accepts one target, and nothing about another one after it, not even its absence.
    target = {}
    if until is not None:
        target["recovery_target_time"] = until.isoformat()
    elif not follows_archive:
        target["recovery_target"] = "immediate"
    return {
        **{name: value for name, value in _NEUTRAL.items() if name not in target},
        **found.cluster.settings,
        "config_file": str(files.home / "server.conf"),
        "hba_file": str(files.home / "hba.conf"),
        "ident_file": str(files.home / "ident.conf"),
        "restore_command": restore,
        **target,
    }


def _await_promotion(server: EmbeddedPostgres) -> None:
    end = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < end:
        with psycopg.connect(server.dsn(), connect_timeout=5) as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if row is not None and not row[0]:
            return
        time.sleep(POLL_SECONDS)
    raise ServerFailed(f"the recovery did not end within {RECOVERY_SECONDS:.0f} s")


def _refused(files: ServerFiles, until: dt.datetime | None) -> BackupRefused | None:
    """Return why the server refused the log, where its own log says so."""
    text = files.log.read_text(errors="replace") if files.log.exists() else ""
    if until is None or _NOT_REACHED not in text:
        return None
    last = _LAST_COMMIT.findall(text)
    ends = f"; its last commit is of {last[-1]}" if last else ""
    return BackupRefused("the archive", f"it ends before {until.isoformat()}{ends}")
