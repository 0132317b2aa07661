"""`ais verify-backup`: restores a backup into a scratch cluster, replays it and compares."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from infrastructure.backup import checking, figures, restoring, scratch
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.dumps import Progress
from infrastructure.backup.figures import Balance
from infrastructure.backup.manifest import BackupRefused, Manifest
from infrastructure.backup.restoring import Restored
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from interfaces.cli import backup_output
from interfaces.cli.backup_output import AsJson
from interfaces.cli.restore import in_utc, lines_of
from projections import replay as replaying
from projections.projection import ProjectionStopped


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that can be restored: what was compared. `unsealed_bytes` were authenticated."""

    restored: Restored
    unsealed_bytes: int
    replayed_entries: int
    replay_seconds: float


class Asked(msgspec.Struct, frozen=True):
    """What to verify a backup with."""

    keys: Path | None
    archive: Path | None
    until: dt.datetime | None


def verify_backup(
    folder: Path,
    /,
    *,
    keys: Annotated[Path | None, Parameter(name="--keys")] = None,
    archive: Annotated[Path | None, Parameter(name="--wal")] = None,
    until: Annotated[dt.datetime | None, Parameter(name="--until")] = None,
    as_json: AsJson = False,
) -> int:
    """Restore a backup into a scratch cluster, replay its entries, compare, remove the cluster.

    Positions, hashes and trial balance are compared with the manifest, and the trial balance with
    the replay. Exit codes: 0 it can be restored, 1 it is refused (the file and the reason are
    printed) or could not be tried, 2 a wrong call or setting.

    Parameters
    ----------
    folder
        The folder `log-ID` or `base-ID`.
    keys
        The folder with the backups of keys and the list of erasures; a base backup needs it.
    archive
        For a base backup: the archive of the write-ahead log.
    until
        For a base backup with an archive: the moment to restore, in UTC.
    as_json
        Print one line of JSON.
    """

    def work(secrets: BackupKeys) -> int:
        asked = Asked(keys, archive, in_utc(until))
        with backup_output.progress() as progress:
            verified = verify(folder, asked, secrets, progress)
        lines = [
            f"{verified.unsealed_bytes} bytes decrypted and authenticated",
            *lines_of(verified.restored),
            f"replayed {verified.replayed_entries} entries in {verified.replay_seconds:.1f} s: "
            "the same trial balance",
            "the backup can be restored",
        ]
        backup_output.print_result(verified, lines, as_json=as_json)
        return 0

    return backup_output.run("verify-backup", work)


def verify(folder: Path, asked: Asked, secrets: BackupKeys, progress: Progress) -> Verified:
    """Verify one backup; raises BackupRefused and what restoring raises."""
    found = restoring.read_log(folder, secrets)
    unsealed = checking.check_files(folder, found, secrets, progress)
    with _restored(folder, found, asked, secrets, progress) as (restored, server):
        try:
            replayed = replaying.replay(server.dsn(), lambda done, _: progress("replay", done))
        except (ProjectionStopped, msgspec.ValidationError) as error:
            raise BackupRefused("the restored log", f"it cannot be replayed: {error}") from None
    sums = msgspec.json.decode(replayed.trial_balance, type=list[Balance])
    replayed_figures = msgspec.structs.replace(restored.found, trial_balance=sums)
    if differences := figures.differences(restored.found, replayed_figures):
        raise BackupRefused("the replayed log", "; ".join(differences))
    return Verified(
        restored=restored,
        unsealed_bytes=unsealed,
        replayed_entries=replayed.money_events,
        replay_seconds=replayed.seconds,
    )


@contextmanager
def _restored(
    folder: Path, found: Manifest, asked: Asked, secrets: BackupKeys, progress: Progress
) -> Iterator[tuple[Restored, EmbeddedPostgres]]:
    """Restore into a scratch cluster, which is removed at the end with all that is in it."""
    place = Path(tempfile.mkdtemp(prefix="ais-verify-"))
    place.chmod(0o711)
    try:
        if found.kind == "base":
            if asked.keys is None:
                raise BackupRefused("--keys", "a base backup needs the list of erasures")
            restored, server = restoring.restore_base(
                place / "cluster",
                backup=(folder, found),
                archive=asked.archive,
                until=asked.until,
                keys_folder=asked.keys,
                keys=secrets,
                progress=progress,
                durable=False,
            )
            try:
                yield restored, server
            finally:
                server.stop()
            return
        with scratch.empty(place / "cluster", found) as server:
            restored = restoring.restore_log(
                server.dsn(),
                log=(folder, found),
                keys_folder=asked.keys,
                keys=secrets,
                progress=progress,
            )
            yield restored, server
    finally:
        scratch.remove(place / "cluster")
        place.rmdir()
