"""`ais bench replay --events N`: one process against several, over the database and over archives.

Every run must come to the same balances byte for byte, by account and by booking, or it fails.
Below `COUNTS_FROM` events the start of the processes is most of the time: no figure counts.
"""

import json
import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psycopg
from rich.console import Console

from infrastructure.archive import stretches, writing
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from projections import parallel_replay
from projections.parallel_replay import Replayed, Stretch
from tests.bench import replay_log, replay_table
from tests.bench.result import Case
from tests.support.servers import private_folder

COUNTS_FROM = 5_000_000
PARTS = 16
BAR = 1.0


def run(*, as_json: bool, events: int) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    processes = max(2, os.cpu_count() or 1)
    with private_folder() as folder, EmbeddedPostgres(folder / "server", durable=True) as server:
        dsn = server.dsn()
        migrate.migrate(dsn)
        roles.create_logins(dsn)
        with console.status(f"writing {events:,} events"):
            replay_log.fill(dsn, events)
        archives = _archived(dsn, folder / "archives", events, console)
        plain = _replay(dsn, [], 1, console)
        cases = []
        for name, source in (("database", []), ("archives", archives)):
            one = plain if not source else _replay(dsn, source, 1, console)
            several = _replay(dsn, source, processes, console)
            assert one.sums == several.sums == plain.sums, "the results differ"
            cases.append(_case(name, several, one, counts=events >= COUNTS_FROM))
    console.print(f"every run: {plain.sums.digest()}, {processes} processes")
    replay_table.show(console, cases)
    if as_json:
        found = {"bench": "replay", "events": events, "digest": plain.sums.digest()}
        print(json.dumps({**found, "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def _archived(dsn: str, folder: Path, events: int, console: Console) -> list[Stretch]:
    began = time.perf_counter()
    with psycopg.connect(dsn, autocommit=True) as connection:
        written = writing.write(
            connection, folder, positions=max(1, events // PARTS), progress=lambda *_: None
        )
        found = stretches.of(folder, connection)
    size = sum(each.size for each in written)
    console.print(
        f"{len(written)} archives up to {written[-1].last:,}, {size / 1e6:,.1f} MB, "
        f"in {time.perf_counter() - began:.1f} s"
    )
    return list(found)


def _replay(dsn: str, archives: Sequence[Stretch], processes: int, console: Console) -> Replayed:
    here, others = time.process_time(), _seconds_of_others()
    found = parallel_replay.replay_all(
        dsn, archives, processes=processes, progress=lambda _done, _end: None
    )
    here, others = time.process_time() - here, _seconds_of_others() - others
    console.print(
        f"{found.position:,} events, {found.archived:,} from archives, {processes} processes: "
        f"{found.seconds:.2f} s; processor time {here:.2f} s in this process and "
        f"{others / processes:.2f} s in each of the others"
    )
    return found


def _seconds_of_others() -> float:
    """Return the processor time of the processes that have ended; the server has not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _case(name: str, ours: Replayed, one: Replayed, *, counts: bool) -> Case:
    ratio = one.seconds / ours.seconds
    return Case(
        case=name,
        ours=round(ours.position / ours.seconds),
        reference=round(one.position / one.seconds),
        ratio=round(ratio, 2),
        bar=BAR,
        holds=ratio >= BAR or not counts,
        unit="events/s",
    )
