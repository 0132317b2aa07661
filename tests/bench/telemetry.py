"""`ais bench telemetry`: what log lines, traces and metrics cost a reservation.

One web process on durable PostgreSQL switches its telemetry off and on: two slices lie parts of a
second apart, so that the machine's own changes fall on both. What counts is the processor time of
the web process for a booking; the threads that export spans and answer Prometheus count for the
slices with telemetry alone. PostgreSQL's part of a booking has none: of a whole one it is less. So
the same slices are compared by the clock, too: that is what telemetry costs of `bench reserve`.
"""

import json
import statistics
import threading
import urllib.request

import msgspec
from rich.console import Console

from tests.bench import bench_setup, reserve, reserve_reference
from tests.bench.load import LoadPlan
from tests.bench.reserve import Load
from tests.bench.result import Case
from tests.bench.telemetry_server import Found, Slice
from tests.support import ports

SECONDS = 30.0
# Seven times as often as Prometheus reads.
READ_SECONDS = 2.0
BAR = 1.05
LOADS = (
    Load("telemetry hot-64", clients=64, flights=1, bar=BAR),
    Load("telemetry lone-1", clients=1, flights=1, bar=BAR),
)


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    with bench_setup.stage() as stage:
        cases = [
            case
            for number, load in enumerate(LOADS)
            for case in _measured(stage, load, number, console)
        ]
    if as_json:
        print(json.dumps({"bench": "telemetry", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def _measured(
    stage: bench_setup.Stage, load: Load, number: int, console: Console
) -> tuple[Case, Case]:
    flights = bench_setup.flight_names(f"T{number}", load.flights)
    bench_setup.schedule(stage.owner_dsn, flights, seats=reserve.SEATS)
    found = _sold(stage, load, flights)
    pairs = list(zip(found.slices[::2], found.slices[1::2], strict=False))
    assert len(pairs) >= 10, f"{len(pairs)} pairs are too few for a median"
    reporting = sum(each.commands for each in found.slices if each.reports)
    exported = 1e6 * found.others_seconds / reporting
    silent = statistics.median(_cost(each) for _, each in pairs)
    inline = statistics.median(_cost(ours) / _cost(silent) for ours, silent in pairs)
    processor = _case(load.name, silent, inline + exported / silent, load.bar)
    clock = _case(
        f"{load.name} by the clock",
        statistics.median(_clock(each) for _, each in pairs),
        statistics.median(_clock(ours) / _clock(silent) for ours, silent in pairs),
        load.bar,
    )
    for case in (processor, clock):
        console.print(
            f"{case.case}: {len(pairs)} pairs, {case.ours} instead of {case.reference} "
            f"{case.unit}; ratio {case.ratio}, bar {case.bar}: {'holds' if case.holds else 'FAILS'}"
        )
    console.print(f"{load.name}: {exported:.1f} µs of the processor time in other threads")
    return processor, clock


def _case(name: str, silent: float, ratio: float, bar: float) -> Case:
    return Case(
        case=name,
        ours=round(silent * ratio, 1),
        reference=round(silent, 1),
        ratio=round(ratio, 3),
        bar=bar,
        holds=ratio <= bar,
        unit="µs a booking",
    )


def _clock(part: Slice) -> float:
    """Return the microseconds from one booking to the next."""
    return 1e6 * part.clock_seconds / part.commands


def _cost(part: Slice) -> float:
    """Return the microseconds of the processor for a booking."""
    return 1e6 * part.seconds / part.commands


def _sold(stage: bench_setup.Stage, load: Load, flights: list[str]) -> Found:
    port, metrics_port = ports.free_port(), ports.free_port()
    environment = {**stage.environment, "AIS_OPERATIONS_PORT": str(metrics_port)}
    command = ["-m", "tests.bench.telemetry_server", str(port)]
    over = threading.Event()
    prometheus = threading.Thread(target=_read_metrics, args=(metrics_port, over))
    with bench_setup.child(command, environment) as printed:
        bench_setup.await_live(port)
        tokens = bench_setup.sign_in(port, reserve.USERS)
        prometheus.start()
        try:
            result = reserve.generate(
                LoadPlan(
                    ports=[port],
                    path="/api/bookings",
                    tokens=tokens,
                    bodies=[reserve.body(flight) for flight in flights],
                    clients=load.clients,
                    seconds=SECONDS,
                    run=reserve_reference.new_run(),
                )
            )
        finally:
            over.set()
            prometheus.join()
    assert set(result.statuses) == {"201"}, result.samples[:3]
    return msgspec.json.decode(printed[-1], type=Found)


def _read_metrics(port: int, over: threading.Event) -> None:
    while not over.wait(READ_SECONDS):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            answer.read()
