"""`ais bench search`: searches among ten thousand flights, from the cache and without one.

Both sides are the web process as in production, on one database whose read model the projector
keeps current. Ours has Redis, and the projector drops from it what a change makes old; the
reference has no Redis and asks the read model each time. In turns, medians of the rounds.
"""

import datetime as dt
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from domain.inventory.events import CapacityMove, FareClass, FlightScheduled
from domain.kernel import ids, money
from infrastructure.postgres import roles
from tests.bench import bench_setup
from tests.bench.load import LoadPlan, LoadResult
from tests.bench.reserve import generate
from tests.bench.result import Case
from tests.support import ports

PATH = "/api/flights/search"
AIRPORTS = ("RUH", "JED", "DMM", "MED", "AHB")
DAYS, DAILY = 50, 10
APPENDED_AT_ONCE = 500
CLIENTS = 64
USERS = 1
ROUNDS = 5
SECONDS = 3.0
WARM_UP_SECONDS = 3.0
BAR = 3.0


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    with bench_setup.stage() as stage:
        flights = list(_flights())
        with console.status(f"writing {len(flights):,} flights"):
            _schedule(stage.owner_dsn, flights)
        projector = stage.server.dsn(user=roles.PROJECTOR_LOGIN)
        redis_url = stage.environment["AIS_REDIS_URL"]
        arguments = ["-m", "interfaces.cli.main", "projector"]
        with bench_setup.child(
            [*arguments, "--dsn", projector, "--redis", redis_url], stage.environment
        ):
            _await_read_model(stage.owner_dsn, len(flights))
            results = _rounds(stage, flights, console)
    cases = _cases(results)
    _show(console, cases)
    if as_json:
        print(json.dumps({"bench": "search", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def _flights() -> Iterator[FlightScheduled]:
    """Ten departures a day on each route, for fifty days."""
    first = bench_setup.departure().replace(hour=4, minute=0, second=0)
    for number, (origin, destination) in enumerate(itertools.permutations(AIRPORTS, 2)):
        for day, hour in itertools.product(range(DAYS), range(DAILY)):
            leaves = first + dt.timedelta(days=day, hours=hour)
            yield FlightScheduled(
                number=f"SE{100 * number + hour + 1000}",
                origin=origin,
                destination=destination,
                origin_zone="Asia/Riyadh",
                destination_zone="Asia/Riyadh",
                departs_at=leaves,
                arrives_at=leaves + bench_setup.FLIGHT_TIME,
                domestic=True,
                fares=(FareClass("Y", "Y", money.Money(bench_setup.FARE + 500 * hour, "SAR")),),
                moves=(CapacityMove("Y", authorised=180),),
            )


def _schedule(dsn: str, flights: Sequence[FlightScheduled]) -> None:
    encode = msgspec.json.Encoder(order="deterministic").encode
    with psycopg.connect(dsn, autocommit=True) as connection:
        for start in range(0, len(flights), APPENDED_AT_ONCE):
            events = flights[start : start + APPENDED_AT_ONCE]
            streams = [ids.flight_stream(each.number, _local(each)) for each in events]
            connection.execute(
                "SELECT ledger.append(ARRAY[gen_random_uuid()], ARRAY[''::bytea], "
                "ARRAY['{}'::bytea], ARRAY['bench'], ARRAY['bench'], ARRAY[NULL::uuid], "
                "%s, %s, %s, %s::bytea[], %s, "
                "'{}'::text[], '{}'::int[], '{}'::uuid[], '{}', '{}', '{}', '{}'::bytea[])",
                (
                    streams,
                    [1] * len(events),
                    [each.tag for each in events],
                    [encode(each) for each in events],
                    [0] * len(events),
                ),
            )


def _local(flight: FlightScheduled) -> str:
    return (flight.departs_at + dt.timedelta(hours=3)).date().isoformat()


def _await_read_model(dsn: str, count: int) -> None:
    """Wait until the read model has all flights; raises TimeoutError."""
    end = time.monotonic() + bench_setup.READY_SECONDS
    shown = "SELECT count(*) FROM read_model.flight_availability"
    with psycopg.connect(dsn, autocommit=True) as connection:
        while time.monotonic() < end:
            try:
                row = connection.execute(shown).fetchone()
            except psycopg.errors.UndefinedTable:
                row = None
            if row is not None and row[0] == count:
                connection.execute("ANALYZE")
                return
            time.sleep(0.1)
    raise TimeoutError("the read model")


def _questions(flights: Sequence[FlightScheduled]) -> list[str]:
    asked = dict.fromkeys((each.origin, each.destination, _local(each)) for each in flights)
    return [
        json.dumps({"from": origin, "to": destination, "date": date, "passengers": 1})
        for origin, destination, date in asked
    ]


def _rounds(
    stage: bench_setup.Stage, flights: Sequence[FlightScheduled], console: Console
) -> dict[str, list[LoadResult]]:
    without = {name: each for name, each in stage.environment.items() if name != "AIS_REDIS_URL"}
    sides = {"cached": stage.environment, "uncached": without}
    results: dict[str, list[LoadResult]] = {side: [] for side in sides}
    bodies = _questions(flights)
    # Not counted: every question is asked, so that what is measured comes from the cache.
    _measured(stage.environment, bodies)
    for number in range(ROUNDS):
        for side, environment in sides.items():
            found = _measured(environment, bodies)
            results[side].append(found)
            console.print(
                f"round {number + 1} {side}: {found.rate:,.0f}/s, p50 {found.p50_ms:.1f} ms, "
                f"p95 {found.p95_ms:.1f} ms"
            )
    return results


def _measured(environment: dict[str, str], bodies: list[str]) -> LoadResult:
    port = ports.free_port()
    arguments = ["-m", "tests.bench.reserve_server", "ours", str(port)]
    with bench_setup.child(arguments, environment):
        bench_setup.await_live(port)
        found = bench_setup.post(port, PATH, json.loads(bodies[-1]))
        assert len(found["flights"]) == DAILY
        result = generate(
            LoadPlan(
                ports=[port],
                path=PATH,
                tokens=bench_setup.sign_in(port, USERS),
                bodies=bodies,
                clients=CLIENTS,
                seconds=SECONDS,
                run="search",
                warmup_seconds=WARM_UP_SECONDS,
            )
        )
    assert set(result.statuses) == {"200"}, result.samples[:3]
    return result


def _cases(results: dict[str, list[LoadResult]]) -> list[Case]:
    cached, uncached = results["cached"], results["uncached"]
    pairs = list(zip(cached, uncached, strict=True))
    faster = statistics.median(ours.rate / theirs.rate for ours, theirs in pairs)
    sooner = statistics.median(theirs.p95_ms / ours.p95_ms for ours, theirs in pairs)
    rates = [round(statistics.median(each.rate for each in side)) for side in (cached, uncached)]
    tails = [
        round(statistics.median(each.p95_ms for each in side), 1) for side in (cached, uncached)
    ]
    return [
        Case("cached", *rates, round(faster, 2), BAR, faster >= BAR, "1/s"),
        Case("cached p95", *tails, round(sooner, 2), 1.0, sooner >= 1.0, "ms"),
    ]


def _show(console: Console, cases: Sequence[Case]) -> None:
    table = Table(title="search: from the cache against the read model, 10,000 flights")
    for column in ("case", "cached", "uncached", "ratio", "bar", "holds"):
        table.add_column(column)
    for case in cases:
        table.add_row(
            case.case,
            f"{case.ours:,} {case.unit}",
            f"{case.reference:,} {case.unit}",
            f"{case.ratio:.2f}",
            f"{case.bar}",
            "yes" if case.holds else "NO",
        )
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv))
