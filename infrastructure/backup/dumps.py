"""The logical backup: the database without its keys in one folder, the keys in another.

Both and the figures are of one moment (an exported snapshot). The log is kept as long as the books
must be; the keys are kept for 30 days at most, so that an erased person stays erased.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from infrastructure.backup import erasure_list, figures, manifest, programs, sealed_file
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.manifest import BackupRefused, Manifest

LOG_FILE, KEYS_FILE = "log.dump.sealed", "keys.dump.sealed"
KEY_STORE = "vault"

Progress = Callable[[str, int], None]


def take(
    dsn: str, *, log_folder: Path, keys_folder: Path, keys: BackupKeys, progress: Progress
) -> tuple[Manifest, Path, Path]:
    """Back up log and key store; returns the manifest of the log and both new folders.

    The login must own the schema or be a superuser. `progress` is called with a file and the
    bytes read so far. Raises psycopg.Error, ProgramFailed, BinaryMissing, OSError.
    """
    now = dt.datetime.now(dt.UTC)
    backup_id = manifest.new_id(now)
    log_place, keys_place = log_folder / f"log-{backup_id}", keys_folder / f"keys-{backup_id}"
    for place in (log_place, keys_place):
        place.mkdir(parents=True, mode=0o700)
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        snapshot = ["--format=custom", "--compress=none", f"--snapshot={row[0]}"]
        without_keys = [*snapshot, f"--exclude-table-data={KEY_STORE}.*"]
        only_keys = [*snapshot, "--data-only", f"--schema={KEY_STORE}"]
        found = figures.read(connection, upto=figures.head(connection))
        cluster = figures.cluster(connection)
        log_rows = figures.rows(connection, of_keys=False)
        keys_rows = figures.rows(connection, of_keys=True)
        log_file = sealed_file.seal(
            counted(programs.output("pg_dump", without_keys, dsn=dsn), LOG_FILE, progress),
            log_place / LOG_FILE,
            keys,
            owner=backup_id,
        )
        keys_file = sealed_file.seal(
            counted(programs.output("pg_dump", only_keys, dsn=dsn), KEYS_FILE, progress),
            keys_place / KEYS_FILE,
            keys,
            owner=backup_id,
        )
    erasure_list.write(dsn, keys_folder, keys)
    written = Manifest(
        key_id=keys.newest_id.hex(),
        id=backup_id,
        kind="log",
        taken_at=now,
        files=(log_file,),
        figures=found,
        rows=log_rows,
        cluster=cluster,
    )
    of_keys = Manifest(
        key_id=keys.newest_id.hex(),
        id=backup_id,
        kind="keys",
        taken_at=now,
        expires_at=now + manifest.key_retention(now),
        files=(keys_file,),
        rows=keys_rows,
    )
    manifest.write(keys_place, of_keys, keys)
    manifest.write(log_place, written, keys)
    return written, log_place, keys_place


def restore(
    dsn: str,
    *,
    log: tuple[Path, Manifest],
    key_store: tuple[Path, Manifest] | None,
    keys: BackupKeys,
    progress: Progress,
) -> None:
    """Fill an empty database, as a superuser; without a key store, all personal data is erased.

    Roles that are missing in the cluster are made, without login. Raises BackupRefused,
    ProgramFailed, psycopg.Error.
    """
    folder, found = log
    assert found.cluster is not None
    if key_store is not None and key_store[1].id != found.id:
        raise BackupRefused(
            KEYS_FILE, f"it belongs to backup {key_store[1].id}, the log to {found.id}"
        )
    with psycopg.connect(dsn, autocommit=True) as connection:
        _require_empty(connection)
        for role in found.cluster.roles:
            exists = "SELECT FROM pg_roles WHERE rolname = %s"
            if connection.execute(exists, (role,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    _load(dsn, folder, found, keys, progress)
    if key_store is not None:
        _load(dsn, *key_store, keys, progress)


def incomplete(dsn: str, log: Manifest, key_store: Manifest | None) -> list[str]:
    """Return in words which tables of a restored database do not have their rows."""
    with psycopg.connect(dsn) as connection:
        have = figures.rows(connection, of_keys=False)
        have_keys = figures.rows(connection, of_keys=True)
    wanted = [(log.rows, have), *([] if key_store is None else [(key_store.rows, have_keys)])]
    return [
        f"{table} has {found.get(table, 0)} rows, {count} are listed"
        for rows, found in wanted
        for table, count in rows.items()
        if found.get(table) != count
    ]


def counted(pieces: Iterable[bytes], name: str, progress: Progress) -> Iterator[bytes]:
    """Yield the pieces, and report how many bytes they were so far."""
    done = 0
    for piece in pieces:
        done += len(piece)
        progress(name, done)
        yield piece


def _load(dsn: str, folder: Path, found: Manifest, keys: BackupKeys, progress: Progress) -> None:
    [file] = found.files
    pieces = sealed_file.opened(folder / file.name, keys, owner=found.id, expected=file)
    # One transaction: of a file that turns out damaged at its end nothing remains.
    arguments = ["--exit-on-error", "--single-transaction", f"--dbname={_name(dsn)}"]
    programs.feed("pg_restore", arguments, counted(pieces, file.name, progress), dsn=dsn)


def _name(dsn: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])


def _require_empty(connection: figures.Connection) -> None:
    found = connection.execute("SELECT FROM pg_namespace WHERE nspname = 'ledger'").fetchone()
    if found is not None:
        raise BackupRefused("the database", "it has a ledger already: restore into an empty one")
