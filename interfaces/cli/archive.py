"""`ais archive`: writes ranges of the log into Parquet files, verifies and lists them."""

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import psycopg
from cyclopts import App, Parameter, validators

from infrastructure.archive import detaching, manifest, verifying, writing
from infrastructure.archive.detaching import Detached, DetachRefused
from infrastructure.archive.manifest import Archive, ArchiveRefused
from infrastructure.archive.verifying import Verified
from infrastructure.parquet.row_file import ParquetMissing
from interfaces.cli import backup_output
from interfaces.cli.backup_output import AsJson, OwnerDsn

RANGE_POSITIONS = 1_000_000

archive = App(name="archive", help="Keep ranges of the log as Parquet files, linked by hashes.")

Positions = Annotated[int, Parameter(validator=validators.Number(gte=1))]
Dsn = Annotated[
    str | None, Parameter(name="--dsn", env_var=["AIS_ADMIN_DATABASE_URL", "AIS_DATABASE_URL"])
]


class Listed(msgspec.Struct, frozen=True):
    """The archives of a folder, in order."""

    archives: list[Archive]


@archive.command(name="write")
def write(
    folder: Path,
    /,
    *,
    dsn: OwnerDsn,
    positions: Positions = RANGE_POSITIONS,
    as_json: AsJson = False,
) -> int:
    """Write each full range of the log that the folder has not. Sales go on; repeat it at will.

    Exit codes: 0 done, 1 failed, 2 a wrong call or setting.

    Parameters
    ----------
    folder
        The folder that has the earlier archives; a new one gets all of them.
    dsn
        The database, as the owner of the schema or as a superuser.
    positions
        How many events a new range has. Ranges that were archived before keep theirs.
    as_json
        Print one line of JSON.
    """

    def work() -> int:
        with (
            backup_output.progress() as progress,
            psycopg.connect(dsn, autocommit=True, options="-c timezone=UTC") as connection,
        ):
            found = writing.write(connection, folder, positions=positions, progress=progress)
        lines = [_line(each) for each in found] or ["every full range is archived"]
        backup_output.print_result(Listed(found), lines, as_json=as_json)
        return 0

    return _run("write", work)


class Taken(msgspec.Struct, frozen=True):
    """The partitions that left the database."""

    detached: list[Detached]


@archive.command(name="detach")
def detach(folder: Path, /, *, before: Positions, dsn: OwnerDsn, as_json: AsJson = False) -> int:
    """Take whole partitions from the database whose archives are whole; this cannot be undone.

    Every stream in them must have been silent for ten years. Appends wait for milliseconds.
    Afterwards `ais check` and `ais rebuild` need the folder, as `--archives FOLDER`.

    Exit codes: 0 done, 1 refused (the reason is printed), 2 a wrong call or setting.

    Parameters
    ----------
    folder
        The folder with all archives; it is verified first.
    before
        Partitions that end before this position.
    dsn
        The database, as the owner of the schema or as a superuser.
    as_json
        Print one line of JSON.
    """

    def work() -> int:
        silent_since = dt.datetime.now(dt.UTC) - dt.timedelta(days=366 * detaching.SILENT_YEARS)
        with (
            backup_output.progress() as progress,
            psycopg.connect(dsn, autocommit=True) as connection,
        ):
            found = detaching.detach(
                connection, folder, before=before, silent_since=silent_since, progress=progress
            )
        lines = [f"positions {each.first} to {each.last} left the database" for each in found]
        backup_output.print_result(Taken(found), lines, as_json=as_json)
        return 0

    return _run("detach", work)


@archive.command(name="verify")
def verify(folder: Path, /, *, dsn: Dsn = None, as_json: AsJson = False) -> int:
    """Read every byte of the archives and compare: hashes, chain, database, events in the log.

    Exit codes: 0 all are whole, 1 one is refused (the file and the reason are printed), 2 a wrong
    call.

    Parameters
    ----------
    folder
        The folder with the archives.
    dsn
        The database that they are of, as its owner or with the login of the application or of the
        projector; without one only the archives are read, and whoever changed both a file and its
        manifest goes unnoticed.
    as_json
        Print one line of JSON.
    """

    def work() -> int:
        with backup_output.progress() as progress:
            if dsn is None:
                found = verifying.verify(folder, None, progress)
            else:
                with psycopg.connect(dsn, autocommit=True) as connection:
                    found = verifying.verify(folder, connection, progress)
        backup_output.print_result(found, _lines(found), as_json=as_json)
        return 0

    return _run("verify", work)


@archive.command(name="list")
def list_archives(folder: Path, /, *, as_json: AsJson = False) -> int:
    """Print the archives of a folder by their manifests; reads none of their events.

    Exit codes: 0 done, 1 a manifest is refused or a range is missing, 2 a wrong call.

    Parameters
    ----------
    folder
        The folder with the archives.
    as_json
        Print one line of JSON.
    """

    def work() -> int:
        found = manifest.listed(folder)
        lines = [_line(each) for each in found] or ["no archive"]
        backup_output.print_result(Listed(found), lines, as_json=as_json)
        return 0

    return _run("list", work)


def _line(found: Archive) -> str:
    return (
        f"{found.file}: {found.last - found.first + 1} events, {found.size} bytes, "
        f"events {found.events_sha256}"
    )


def _lines(found: Verified) -> list[str]:
    lines = [f"{found.archives} archives up to position {found.last}, chain {found.chain}"]
    if found.compared:
        lines.append(f"{found.compared} events are the same in the database")
    return [*lines, "the archives are whole"]


def _run(command: str, work: Callable[[], int]) -> int:
    try:
        return work()
    except (ArchiveRefused, DetachRefused, ParquetMissing, psycopg.Error, OSError) as error:
        print(f"ais archive {command}: {error}", file=sys.stderr)
        return 1
