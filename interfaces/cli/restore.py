"""`ais restore`: restores a backup, compares it with its manifest and prepares it for serving."""

import datetime as dt
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from infrastructure.backup import afterwards, checking, erasure_list, restoring
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.manifest import BackupRefused
from infrastructure.backup.restoring import Restored
from interfaces.cli import backup_output
from interfaces.cli.backup_output import AsJson, OwnerDsn

restore = App(name="restore", help="Restore a backup; nothing serves before erasures are repeated.")

KeyStore = Annotated[Path, Parameter(name="--keys")]


@restore.command(name="log")
def restore_log(
    folder: Path,
    /,
    *,
    dsn: Annotated[str, Parameter(name="--into")],
    keys: Annotated[Path | None, Parameter(name="--keys")] = None,
    without_keys: Annotated[bool, Parameter(name="--without-keys", negative="")] = False,
    as_json: AsJson = False,
) -> int:
    """Restore a logical backup into an empty database.

    Exit codes: 0 restored and equal to what was backed up, 1 refused or failed, 2 a wrong call.

    Parameters
    ----------
    folder
        The folder `log-ID`.
    dsn
        The empty database, as a superuser.
    keys
        The folder with `keys-ID` of the same backup and the list of erasures.
    without_keys
        Restore the books only: all personal data stays unreadable for ever.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        if (keys is None) != without_keys:
            raise BackupRefused("--keys", "name the folder of the keys, or say --without-keys")
        found = restoring.read_log(folder, secrets)
        with backup_output.progress() as progress:
            checking.check_files(folder, found, secrets, progress)
            restored = restoring.restore_log(
                dsn, log=(folder, found), keys_folder=keys, keys=secrets, progress=progress
            )
        backup_output.print_result(restored, lines_of(restored), as_json=as_json)
        return 0

    return backup_output.run("restore log", work)


@restore.command(name="base")
def restore_base(
    folder: Path,
    /,
    *,
    into: Annotated[Path, Parameter(name="--into")],
    keys: KeyStore,
    archive: Annotated[Path | None, Parameter(name="--wal")] = None,
    until: Annotated[dt.datetime | None, Parameter(name="--until")] = None,
    as_json: AsJson = False,
) -> int:
    """Restore a physical backup into a new folder, to the end of the archive or to a moment.

    The cluster is in INTO/postgres/data, stopped, when this ends. Exit codes: 0 restored, 1
    refused or failed, which leaves no cluster, 2 a wrong call.

    Parameters
    ----------
    folder
        The folder `base-ID`.
    into
        The new folder.
    keys
        The folder with the list of erasures.
    archive
        The archive of the write-ahead log; without it, the moment at which the backup ended.
    until
        Only what was committed by this time of UTC; without it, everything in the archive.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        found = restoring.read_log(folder, secrets)
        if until is not None and archive is None:
            raise BackupRefused("--wal", "a moment needs the archive of the write-ahead log")
        with backup_output.progress() as progress:
            restored, server = restoring.restore_base(
                into,
                backup=(folder, found),
                archive=archive,
                until=in_utc(until),
                keys_folder=keys,
                keys=secrets,
                progress=progress,
            )
        data = server.data_directory
        server.stop()
        lines = [*lines_of(restored), f"the cluster is in {data}"]
        backup_output.print_result(restored, lines, as_json=as_json)
        return 0

    return backup_output.run("restore base", work)


@restore.command(name="consumers")
def set_consumers_back(
    *,
    dsn: OwnerDsn,
    keys: Annotated[Path | None, Parameter(name="--keys")] = None,
    as_json: AsJson = False,
) -> int:
    """Set back what is ahead of the log: processes and deliveries; name read models to rebuild.

    For a database that was restored by other means; `ais restore` does the same by itself. Stop
    every process before. Exit codes: 0 done, 1 failed, 2 a wrong call or setting.

    Parameters
    ----------
    dsn
        The restored database, as the owner of the schema.
    keys
        The folder with the list of erasures, which are applied again.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        now = dt.datetime.min.replace(tzinfo=dt.UTC)
        found = None if keys is None else erasure_list.read(keys, secrets, taken_at=now)
        settled = afterwards.settle(dsn, found)
        backup_output.print_result(settled, _settled_lines(settled), as_json=as_json)
        return 0

    return backup_output.run("restore consumers", work)


def lines_of(restored: Restored) -> list[str]:
    """Return in words what was restored, and what of it was compared."""
    listed = restored.listed
    currencies = sorted({each.currency for each in listed.trial_balance})
    last = restored.last_recorded_at
    first = restored.found.first
    compared = listed.hashes if first == listed.first else ["ledger.command"]
    balances = len(listed.trial_balance) if first == listed.first else 0
    return [
        f"restored in {restored.seconds:.1f} s: backup {restored.id} of {restored.taken_at:%FT%TZ}",
        f"compared up to position {listed.position}: schema {listed.schema}, hashes of "
        f"{', '.join(sorted(compared))}, {balances} balances "
        f"({', '.join(currencies) or 'none'})",
        *_detached_lines(first, listed.first),
        f"the log ends at position {restored.found.position}"
        + ("" if last is None else f", recorded {last:%FT%TZ}")
        + f", head hash {restored.found.hashes['ledger.event']}",
        *_settled_lines(restored.settled),
    ]


def in_utc(instant: dt.datetime | None) -> dt.datetime | None:
    """Return the instant with a time zone: UTC where it has none."""
    return None if instant is None else instant.replace(tzinfo=instant.tzinfo or dt.UTC)


def _detached_lines(first: int, listed: int) -> list[str]:
    if first == 1:
        return []
    when = " after the backup" if first > listed else ""
    return [
        f"positions 1 to {first - 1} were detached{when}: "
        "`ais archive verify` compares their archives"
    ]


def _settled_lines(settled: afterwards.Settled) -> list[str]:
    return [
        f"{settled.destroyed_keys} keys destroyed again, {settled.erasures} erasures on the list",
        *(f"ahead of the log: `ais rebuild {name}`" for name in settled.to_rebuild),
    ]
