"""`ais bench reserve`: one seat over HTTP through the full edge, ours against good CRUD.

Both sides run the same web process (token, fingerprint, limiter, sealing, JSON), one process
each, on one durable server; in turns, medians of three. The load comes from a third process.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from tests.bench import bench_setup, reserve_reference
from tests.bench.load import LoadPlan, LoadResult

ROUNDS = 3
SECONDS = 4.0
USERS = 4
SEATS = 10_000_000
GROWTH_SMALL, GROWTH_LARGE = 10_000, 1_000_000


class Case(msgspec.Struct, frozen=True):
    """One line of the result; `bar` is what the ratio must reach."""

    case: str
    ours: float
    reference: float
    ratio: float
    bar: float
    holds: bool
    unit: str


class Load(msgspec.Struct, frozen=True):
    """A shape of load."""

    name: str
    clients: int
    flights: int
    bar: float


LOADS = (
    Load("hot-64", clients=64, flights=1, bar=4.0),
    Load("spread-64", clients=64, flights=200, bar=1.8),
    Load("lone-1", clients=1, flights=1, bar=1.0),
)


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when every bar holds."""
    console = Console(stderr=as_json)
    with bench_setup.stage() as stage:
        console.print(f"durability: {stage.durability}")
        assert set(stage.durability.values()) == {"on"}
        _make_reference(stage)
        cases: list[Case] = []
        for load in LOADS:
            cases.append(_compare(stage, load, console))
    _show(console, cases)
    if as_json:
        print(json.dumps({"bench": "reserve", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def _make_reference(stage: bench_setup.Stage) -> None:
    with psycopg.connect(stage.owner_dsn, autocommit=True) as connection:
        connection.execute(reserve_reference.SCHEMA.encode())


def _flights(stage: bench_setup.Stage, load: Load) -> list[str]:
    flights = bench_setup.flight_names(f"B{load.clients % 10}{load.flights % 7}", load.flights)
    bench_setup.schedule(stage.owner_dsn, flights, seats=SEATS)
    rows = [
        reserve_reference.flight_row(
            flight, SEATS, departs_at=bench_setup.departure(), fare=bench_setup.FARE
        )
        for flight in flights
    ]
    with psycopg.connect(stage.owner_dsn, autocommit=True) as connection:
        connection.cursor().executemany(
            "INSERT INTO crud.flight (id, cabin, number, departs_at, domestic, fare, currency, "
            "authorised) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
    return flights


def _compare(stage: bench_setup.Stage, load: Load, console: Console) -> Case:
    flights = _flights(stage, load)
    results: dict[str, list[LoadResult]] = {"ours": [], "reference": []}
    for number in range(ROUNDS):
        for side, found in results.items():
            result = measure(stage, side, load, flights, console)
            found.append(result)
            console.print(
                f"{load.name} round {number + 1} {side}: {result.rate:,.0f}/s, "
                f"p50 {result.p50_ms:.1f} ms, p99 {result.p99_ms:.1f} ms, {result.statuses}"
            )
    ours = statistics.median(result.rate for result in results["ours"])
    reference = statistics.median(result.rate for result in results["reference"])
    ratio = ours / reference
    return Case(
        case=load.name,
        ours=round(ours, 1),
        reference=round(reference, 1),
        ratio=round(ratio, 2),
        bar=load.bar,
        holds=ratio >= load.bar,
        unit="1/s",
    )


def measure(
    stage: bench_setup.Stage, side: str, load: Load, flights: Sequence[str], console: Console
) -> LoadResult:
    """One round of one side in a fresh web process."""
    port = bench_setup.free_port()
    arguments = ["-m", "tests.bench.reserve_server", side, str(port)]
    with bench_setup.child(arguments, stage.environment) as printed:
        bench_setup.await_live(port)
        tokens = bench_setup.sign_in(port, USERS)
        result = generate(
            LoadPlan(
                ports=[port],
                path="/api/bookings",
                tokens=tokens,
                bodies=[body(flight) for flight in flights],
                clients=load.clients,
                seconds=SECONDS,
                run=reserve_reference.new_run(),
            )
        )
    if side == "ours" and printed:
        console.print(f"  batches: {printed[-1]}")
    assert set(result.statuses) == {"201"}, result.samples[:3]
    return result


def body(flight: str) -> str:
    """One adult on the flight."""
    return json.dumps(
        {
            "flightId": flight,
            "passengers": [{"firstName": "Noura", "lastName": "Traveller{n}", "type": "ADT"}],
            "contact": {"email": "noura{n}@example.com", "phone": "+966500000000"},
        }
    )


def generate(plan: LoadPlan) -> LoadResult:
    """Run the load in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        cwd=bench_setup.REPOSITORY,
        timeout=plan.seconds + 60,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=LoadResult)


def _show(console: Console, cases: Sequence[Case]) -> None:
    table = Table(title="reserve: one seat over HTTP, durable")
    columns: Sequence[tuple[str, Callable[[Case], Any]]] = (
        ("case", lambda case: case.case),
        ("ours", lambda case: f"{case.ours:,.0f} {case.unit}"),
        ("reference", lambda case: f"{case.reference:,.0f} {case.unit}"),
        ("ratio", lambda case: f"{case.ratio:.2f}"),
        ("bar", lambda case: f"{case.bar:.1f}"),
        ("holds", lambda case: "yes" if case.holds else "NO"),
    )
    for name, _ in columns:
        table.add_column(name)
    for case in cases:
        table.add_row(*(str(cell(case)) for _, cell in columns))
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv))
