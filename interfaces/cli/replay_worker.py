"""`ais ledger replay-worker`: sums stretches of the log for a replay of another machine.

The queue names positions only: database and archives are those that this process was started with.
"""

import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import psycopg

from infrastructure.archive import stretches
from infrastructure.archive.manifest import ArchiveRefused
from infrastructure.redis import part_queue
from infrastructure.redis.part_queue import PartFailed
from interfaces.cli import running
from projections import generations, parallel_replay
from projections.parallel_replay import LiveStretch, Stretch, Sums
from projections.projection import ProjectionStopped


class Positions(msgspec.Struct, frozen=True):
    """Which stretch to sum, and whether it is one whole archive."""

    first: int
    last: int
    is_archived: bool


def replay_worker(
    *, dsn: running.ProjectorDsn, redis_url: running.RedisUrl = None, archives: Path | None = None
) -> int:
    """Sum stretches for `ais ledger replay --workers` until SIGTERM or SIGINT, one after the other.

    Start one for each processor, on as many machines as you have.

    Parameters
    ----------
    dsn
        The database, or a standby of it, as a login that is a member of ais_projector.
    redis_url
        Where the replay and its workers meet.
    archives
        Where the archives are on this machine.
    """
    if redis_url is None:
        print("ais ledger replay-worker: AIS_REDIS_URL is missing", file=sys.stderr)
        return 2
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, ask_to_stop)
    print("ais ledger replay-worker: ready", file=sys.stderr, flush=True)
    part_queue.serve(redis_url, lambda part: summed(part, dsn, archives), stop)
    return 0


def sums_of_workers(redis_url: str, wanted: Sequence[Stretch]) -> Iterator[Sums]:
    """Yield the sums of the stretches as workers end them.

    Raises PartFailed, NobodyWorks and Unavailable.
    """
    parts = [
        msgspec.to_builtins(Positions(each.first, each.last, not isinstance(each, LiveStretch)))
        for each in wanted
    ]
    for found in part_queue.results(redis_url, parts):
        yield msgspec.json.decode(found, type=Sums)


def summed(part: Mapping[str, Any], dsn: str, archives: Path | None) -> str:
    """Return the sums of one part as JSON; raises PartFailed."""
    try:
        stretch = _stretch(msgspec.convert(part, Positions), dsn, archives)
        return msgspec.json.encode(parallel_replay.sum_stretch(stretch)).decode()
    except (ArchiveRefused, ProjectionStopped, msgspec.ValidationError, OSError) as error:
        raise PartFailed(f"{type(error).__name__}: {error}") from None
    except psycopg.Error as error:
        raise PartFailed(f"database: {type(error).__name__}") from None


def _stretch(wanted: Positions, dsn: str, archives: Path | None) -> Stretch:
    if not wanted.is_archived:
        return LiveStretch(dsn, wanted.first, wanted.last)
    if archives is None:
        raise PartFailed(f"positions from {wanted.first} are archived: this worker has no archives")
    with generations.connect(dsn) as connection:
        for found in stretches.of(archives, connection):
            if (found.first, found.last) == (wanted.first, wanted.last):
                return found
    raise PartFailed(f"{archives} has no archive of positions {wanted.first} to {wanted.last}")
