"""`ais ledger replay`: sums the whole log again, from archives too, and compares with the books."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated

import msgspec
import psycopg
from cyclopts import Parameter, validators

from application.ports import Unavailable
from infrastructure.archive import stretches
from infrastructure.archive.manifest import ArchiveRefused
from infrastructure.parquet.row_file import ParquetMissing
from infrastructure.postgres import primary
from infrastructure.redis.part_queue import NobodyWorks, PartFailed
from interfaces.cli import replay_worker, running
from projections import generations, parallel_replay
from projections import replay as replaying
from projections.parallel_replay import PROCESSES_LIMIT, Stretch, Sums
from projections.projection import ProjectionStopped

Processes = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=PROCESSES_LIMIT))]


def replay(
    *,
    dsn: running.ProjectorDsn,
    redis_url: running.RedisUrl = None,
    archives: Path | None = None,
    processes: Processes = 1,
    workers: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Sum the whole log again and compare with the live books; exit code 1 if they differ.

    Progress goes to standard error. An append between the two readings is a difference: run it
    again, or while nothing is sold. Exit code 1 too for an archive that is refused.

    Parameters
    ----------
    dsn
        The database, as a login that is a member of ais_projector.
    archives
        A folder of `ais archive write`: what is in it is read from there, the rest from the log.
    processes
        How many processes sum at the same time; the result is that of one.
    redis_url
        Only with `workers`: where they are met.
    workers
        Have the processes of `ais ledger replay-worker` sum, on whatever machines they run.
    """
    if workers and redis_url is None:
        print("ais ledger replay: AIS_REDIS_URL is missing", file=sys.stderr)
        return 2
    elsewhere = _by_workers(redis_url) if workers and redis_url is not None else None
    try:
        dsn = primary.newest_address(dsn)
        with generations.connect(dsn) as connection:
            folder = [] if archives is None else stretches.of(archives, connection)
        found = parallel_replay.replay_all(
            dsn, folder, processes=processes, progress=_progress, elsewhere=elsewhere
        )
        with generations.connect(dsn) as connection:
            live = replaying.live_trial_balance(connection)
    except (
        *(ArchiveRefused, BrokenProcessPool, ParquetMissing, ProjectionStopped),
        *(NobodyWorks, PartFailed, Unavailable),
        *(msgspec.ValidationError, psycopg.Error, OSError),
    ) as error:
        print(f"ais ledger replay: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    differences = replaying.differences(found.sums.trial_balance(), live)
    for difference in differences:
        print(difference)
    if archives is not None:
        print(f"{found.archived} events from archives, {found.position - found.archived} others")
    print(f"all balances: {found.sums.digest()}")
    print(
        f"{found.sums.money_events} entries up to position {found.position}: "
        f"{len(differences)} differences"
    )
    return 1 if differences else 0


def _by_workers(redis_url: str) -> Callable[[Sequence[Stretch]], Iterator[Sums]]:
    return lambda wanted: replay_worker.sums_of_workers(redis_url, wanted)


def _progress(done: int, end: int) -> None:
    print(f"replayed {done} of {end} stretches", file=sys.stderr)
