"""`ais bench journey`: whole journeys per second, from the search to the ticket, all durable.

Everything of the demo runs: `ais serve` with all roles, the Stripe simulator with its signed
webhooks, Postgres with fsync. Where the bar is missed, the table of processor time by process shows
the bottleneck.
"""

import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from interfaces.cli import demo_stage
from tests.bench import bench_setup, journey_clients
from tests.bench.journey_clients import JourneyResult, Plan
from tests.support import ports, servers, stored_log

ROUNDS = 3
SECONDS = 10.0
WARMUP_SECONDS = 4.0
CLIENTS = 48
USERS = 8
# The flights of a busy route in a day: each search shows all of them.
FLIGHTS = 12
SEATS = 100_000
BAR = 300.0
UNLIMITED = {
    f"AIS_LIMIT_{name}": "100000000"
    for name in (
        *("ANONYMOUS", "SIGNED_IN", "STAFF", "AUTHENTICATION", "BOOKING", "PAYMENT"),
        *("UNPAID_FLIGHT", "UNPAID_ACCOUNT", "UNPAID_ADDRESS"),
    )
}
TICKS = os.sysconf("SC_CLK_TCK")


class Round(msgspec.Struct, frozen=True):
    """One measured round: journeys per second, milliseconds from reserved to confirmed by the
    log's own clock, by stage, and milliseconds of processor time for each journey by process."""

    rate: float
    confirmed_p50_ms: float
    confirmed_p99_ms: float
    stage_ms: dict[str, float]
    cpu_ms: dict[str, float]


def run(*, as_json: bool) -> int:
    """Measure, print, and return 0 when the bar holds."""
    console = Console(stderr=as_json)
    with servers.private_folder() as folder:
        console.print("starting every process of the demo")
        port = ports.free_port()
        with demo_stage.stage(folder, port=port, overrides=UNLIMITED) as stage:
            durability = bench_setup.durability(stage.owner_dsn)
            console.print(f"durability: {durability}")
            assert set(durability.values()) == {"on"}
            rounds = [_round(stage, port, number, console) for number in range(ROUNDS)]
            stored_log.assert_invariants(stage.owner_dsn)
    rate = statistics.median(each.rate for each in rounds)
    typical = sorted(rounds, key=lambda each: each.rate)[len(rounds) // 2]
    _show(console, rate, typical)
    if as_json:
        result = {"bench": "journey", "rate": round(rate, 1), "bar": BAR, "holds": rate >= BAR}
        print(json.dumps({**result, "rounds": msgspec.to_builtins(rounds)}))
    return 0 if rate >= BAR else 1


def _round(stage: demo_stage.Stage, port: int, number: int, console: Console) -> Round:
    flights = bench_setup.flight_names(f"J{number}", FLIGHTS)
    bench_setup.schedule(stage.owner_dsn, flights, seats=SEATS)
    plan = Plan(
        ports=[port],
        dsn=stage.owner_dsn,
        tokens=bench_setup.sign_in(port, USERS),
        day=bench_setup.departure().date().isoformat(),
        flights=flights,
        clients=CLIENTS,
        warmup_seconds=WARMUP_SECONDS,
        seconds=SECONDS,
        run=secrets.token_hex(4),
    )
    result, spent = _travel(stage, plan)
    assert result.confirmed == result.paid, (
        f"{result.paid} were paid and {result.confirmed} confirmed"
    )
    p50, p99 = _latency(stage.owner_dsn, result)
    journeys = max(1.0, result.rate * SECONDS)
    found = Round(
        rate=round(result.rate, 1),
        confirmed_p50_ms=p50,
        confirmed_p99_ms=p99,
        stage_ms={name: round(ms, 1) for name, ms in result.median_ms.items()},
        cpu_ms={name: round(1e3 * s / journeys, 2) for name, s in spent.items()},
    )
    console.print(
        f"round {number + 1}: {found.rate:,.0f} journeys/s, confirmed after p50 {p50:,.0f} ms, "
        f"p99 {p99:,.0f} ms; processor ms a journey {found.cpu_ms}"
    )
    return found


def _travel(stage: demo_stage.Stage, plan: Plan) -> tuple[JourneyResult, dict[str, float]]:
    """Run a round; return its result and each process's processor seconds in the measured time."""
    clients = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.journey_clients"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=bench_setup.REPOSITORY,
    )
    assert clients.stdin is not None
    clients.stdin.write(msgspec.json.encode(plan))
    clients.stdin.close()
    clients.stdin = None
    processes = {name: process.pid for name, process in stage.processes.items()}
    processes["clients"] = clients.pid
    time.sleep(plan.warmup_seconds)
    before = _spent(processes, stage)
    time.sleep(plan.seconds)
    after = _spent(processes, stage)
    output, _ = clients.communicate(timeout=journey_clients.DRAIN_SECONDS + 60)
    assert clients.returncode == 0
    result = msgspec.json.decode(output, type=JourneyResult)
    return result, {name: after[name] - before[name] for name in after}


def _spent(processes: Mapping[str, int], stage: demo_stage.Stage) -> dict[str, float]:
    """Return the processor seconds so far of our processes and of Postgres with its children."""
    found = {name: _seconds(pid) for name, pid in processes.items()}
    found["postgres"] = sum(_seconds(pid) for pid in _family(stage.postgres.pid))
    return found


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _family(parent: int) -> list[int]:
    children = [
        pid for pid in _all() if Path(f"/proc/{pid}/stat").exists() and _parent(pid) == parent
    ]
    return [parent, *children]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _latency(dsn: str, result: JourneyResult) -> tuple[float, float]:
    """Return milliseconds from `booking.initiated` to `booking.confirmed`: p50 and p99."""
    query = (
        "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY "
        "extract(epoch FROM c.recorded_at - i.recorded_at) * 1000) "
        "FROM ledger.event i JOIN ledger.event c USING (stream) "
        "WHERE i.tag = 'booking.initiated.1' AND c.tag = 'booking.confirmed.1' "
        "AND i.recorded_at BETWEEN to_timestamp(%s) AND to_timestamp(%s)"
    )
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query, (result.began_at, result.ended_at)).fetchone()
    assert row is not None
    assert row[0] is not None
    return round(float(row[0][0]), 1), round(float(row[0][1]), 1)


def _show(console: Console, rate: float, typical: Round) -> None:
    verdict = "holds" if rate >= BAR else "MISSED"
    console.print(f"journey: {rate:,.0f} whole journeys/s, bar {BAR:,.0f}: {verdict}")
    _table(console, "processor time of one journey, milliseconds", typical.cpu_ms)
    _table(console, "waiting time by stage, milliseconds (median)", typical.stage_ms)


def _table(console: Console, title: str, rows: Mapping[str, float]) -> None:
    table = Table(title=title)
    table.add_column("part")
    table.add_column("ms", justify="right")
    ordered: Sequence[tuple[str, float]] = sorted(rows.items(), key=lambda row: -row[1])
    for name, ms in ordered:
        table.add_row(name, f"{ms:.2f}")
    table.add_row("sum", f"{sum(rows.values()):.2f}")
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv))
