"""`ais bench journey`: whole journeys per second, from the search to the ticket, all durable.

Three sides in turns: our tree, the commit before payments were confirmed in one append, and the
same journey as hand-written CRUD. Every process of a side runs: the product's, the Stripe
simulator with its signed webhooks, Postgres with fsync, Valkey where the side uses it.
"""

import json
import secrets
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from tests.bench import (
    bench_setup,
    journey_sides,
    processor_time,
    stored_bytes,
    tree_before,
)
from tests.bench import journey_clients as clients
from tests.bench.journey_clients import JourneyResult, Plan
from tests.bench.journey_sides import Running, Side
from tests.bench.result import Case
from tests.support import stored_log

CLIENTS = 48
USERS = 8
# The flights of a busy route in a day: each search shows all of them.
FLIGHTS = 12
# What two cores should give one day; printed, not a bar.
MOONSHOT = 300.0
BEFORE_BAR, CRUD_BAR, CONFIRM_BAR, CPU_BAR = 2.0, 1.5, 10.0, 2.0
UNFINISHED_SECONDS = 60.0


class Lengths(msgspec.Struct, frozen=True):
    """How many rounds of how many seconds."""

    rounds: int = 3
    warmup_seconds: float = 4.0
    seconds: float = 10.0


QUICK = Lengths(rounds=1, warmup_seconds=2.0, seconds=6.0)


class Round(msgspec.Struct, frozen=True):
    """One round of a side: confirmed journeys per second; milliseconds from the button of the
    payment page to the confirmation; and for one journey: milliseconds by stage, milliseconds of
    processor time by part, and bytes by kind."""

    rate: float
    confirmed_p50_ms: float
    confirmed_p99_ms: float
    stage_ms: dict[str, float]
    cpu_ms: dict[str, float]
    written: dict[str, float]

    @property
    def our_cpu_ms(self) -> float:
        """Processor time of our own processes and of Postgres."""
        return sum(ms for part, ms in self.cpu_ms.items() if part not in processor_time.NOT_OURS)


Rounds = dict[str, list[Round]]


def run(*, as_json: bool, quick: bool = False) -> int:
    """Measure, print, and return 0 when every bar holds, 2 without the commit before."""
    console = Console(stderr=as_json)
    lengths = QUICK if quick else Lengths()
    try:
        with tree_before.checked_out(bench_setup.REPOSITORY) as (commit, tree):
            sides = (
                journey_sides.product("before", tree),
                journey_sides.product("ours", bench_setup.REPOSITORY),
                journey_sides.reference(),
            )
            rounds = _in_turns(sides, lengths, console)
    except tree_before.CommitMissing as missing:
        print(f"ais bench: {missing}", file=sys.stderr)
        return 2
    cases = cases_of(rounds)
    show(console, rounds, cases)
    if as_json:
        print(json.dumps(result_of(rounds, cases, commit)))
    return 0 if all(case.holds for case in cases) else 1


def result_of(rounds: Rounds, cases: Sequence[Case], commit: str) -> dict[str, object]:
    """Return what `--json` prints."""
    return {
        "bench": "journey",
        "cases": msgspec.to_builtins(cases),
        "commit_before": commit,
        "moonshot": MOONSHOT,
        "bytes": {
            name: median_of([each.written for each in found]) for name, found in rounds.items()
        },
        "rounds": msgspec.to_builtins(rounds),
    }


def _in_turns(sides: Sequence[Side], lengths: Lengths, console: Console) -> Rounds:
    found: Rounds = {side.name: [] for side in sides}
    for number in range(lengths.rounds):
        for side in sides:
            last = number == lengths.rounds - 1
            measured = _round(side, lengths, check_log=last and side.name == "ours")
            found[side.name].append(measured)
            console.print(
                f"round {number + 1} {side.name}: {measured.rate:,.0f} journeys/s; confirmed "
                f"after p50 {measured.confirmed_p50_ms:,.0f} ms, "
                f"p99 {measured.confirmed_p99_ms:,.0f} ms; "
                f"{measured.our_cpu_ms:.2f} ms of processor time a journey"
            )
    return found


def _round(side: Side, lengths: Lengths, *, check_log: bool) -> Round:
    flights = bench_setup.flight_names("JN", FLIGHTS)
    with journey_sides.started(side, flights) as running:
        assert set(bench_setup.durability(running.dsn).values()) == {"on"}
        plan = Plan(
            ports=[running.port],
            dsn=running.dsn,
            confirmed_query=side.confirmed_query,
            tokens=bench_setup.sign_in(running.port, USERS),
            day=bench_setup.departure().date().isoformat(),
            flights=flights,
            clients=CLIENTS,
            warmup_seconds=lengths.warmup_seconds,
            seconds=lengths.seconds,
            run=secrets.token_hex(4),
        )
        found = _measured(side, running, plan)
        if check_log:
            stored_log.assert_invariants(running.dsn)
    return found


def _measured(side: Side, running: Running, plan: Plan) -> Round:
    """Run a round; count processor time and bytes until nothing more is written, since letters
    and read models come after the ticket."""
    stored, busy = stored_bytes.read(running.dsn), processor_time.below(running.root)
    result = travel(plan)
    stored_bytes.await_quiet(running.dsn)
    spent = processor_time.spent(busy, processor_time.below(running.root))
    assert result.confirmed == result.paid, (
        f"{side.name}: {result.paid} were paid and {result.confirmed} confirmed"
    )
    assert result.rate > 0, f"{side.name}: nothing was confirmed in the measured time"
    p50, p99 = _waited(running.dsn, side, result)
    journeys = max(1, result.confirmed)
    return Round(
        rate=round(result.rate, 1),
        confirmed_p50_ms=p50,
        confirmed_p99_ms=p99,
        stage_ms={name: round(ms, 1) for name, ms in result.median_ms.items()},
        cpu_ms={part: round(1e3 * seconds / journeys, 2) for part, seconds in spent.items()},
        written=stored_bytes.written(
            stored, stored_bytes.read(running.dsn), journeys=result.confirmed
        ),
    )


def travel(plan: Plan) -> JourneyResult:
    """Run the travellers in a process of their own."""
    longest = plan.warmup_seconds + plan.seconds + clients.DRAIN_SECONDS + UNFINISHED_SECONDS
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.journey_clients"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        cwd=bench_setup.REPOSITORY,
        timeout=longest,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=JourneyResult)


def _waited(dsn: str, side: Side, result: JourneyResult) -> tuple[float, float]:
    """Return milliseconds from the button of the payment page to the confirmation: p50, p99."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(side.confirmed_at_query.encode()).fetchall()
    waited = sorted(
        1e3 * (confirmed_at - result.paid_at[booking])
        for booking, confirmed_at in rows
        if booking in result.paid_at
    )
    assert waited, f"{side.name}: nothing was paid in the measured time"
    p50, p99 = waited[len(waited) // 2], waited[int(len(waited) * 0.99)]
    return round(p50, 1), round(p99, 1)


def cases_of(rounds: Rounds) -> list[Case]:
    """Return the four cases; each ratio is the median of the rounds' own, more is better."""
    ours, before, crud = rounds["ours"], rounds["before"], rounds["crud"]
    return [
        _more(
            "before", [r.rate for r in ours], [r.rate for r in before], bar=BEFORE_BAR, unit="1/s"
        ),
        _more("crud", [r.rate for r in ours], [r.rate for r in crud], bar=CRUD_BAR, unit="1/s"),
        _less(
            "confirm_p50",
            [r.confirmed_p50_ms for r in ours],
            [r.confirmed_p50_ms for r in before],
            bar=CONFIRM_BAR,
        ),
        _less("cpu", [r.our_cpu_ms for r in ours], [r.our_cpu_ms for r in before], bar=CPU_BAR),
    ]


def _more(
    name: str, ours: Sequence[float], reference: Sequence[float], *, bar: float, unit: str
) -> Case:
    """A case in which more is better: how many times the reference we reach."""
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, reference, strict=True))
    return Case(
        case=name,
        ours=round(statistics.median(ours), 2),
        reference=round(statistics.median(reference), 2),
        ratio=round(ratio, 2),
        bar=bar,
        holds=ratio >= bar,
        unit=unit,
    )


def _less(name: str, ours: Sequence[float], reference: Sequence[float], *, bar: float) -> Case:
    """A case of milliseconds: how many times more the reference needs."""
    turned = _more(name, reference, ours, bar=bar, unit="ms")
    return msgspec.structs.replace(turned, ours=turned.reference, reference=turned.ours)


def median_of(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure; one that a round lacks counts as zero."""
    names = dict.fromkeys(name for each in rounds for name in each)
    return {name: statistics.median(each.get(name, 0.0) for each in rounds) for name in names}


def show(console: Console, rounds: Rounds, cases: Sequence[Case]) -> None:
    """Print the cases, then for all sides the time, processor time and bytes of a journey."""
    table = Table(title="journey: from the search to the ticket, durable")
    for heading in ("case", "ours", "reference", "ratio", "bar", "holds"):
        table.add_column(heading)
    for case in cases:
        table.add_row(
            case.case,
            f"{case.ours:,.1f} {case.unit}",
            f"{case.reference:,.1f} {case.unit}",
            f"{case.ratio:.2f}",
            f"{case.bar:.1f}",
            "yes" if case.holds else "NO",
        )
    console.print(table)
    rate = cases[0].ours
    console.print(f"{rate:,.0f} whole journeys/s; two cores should one day give {MOONSHOT:,.0f}")
    figures: Sequence[tuple[str, Callable[[Round], Mapping[str, float]]]] = (
        ("processor time of one journey, milliseconds", lambda each: each.cpu_ms),
        ("waiting time by stage, milliseconds (median)", lambda each: each.stage_ms),
        ("bytes written for one journey", lambda each: each.written),
    )
    for title, figure in figures:
        _compare(console, title, {n: median_of([figure(r) for r in f]) for n, f in rounds.items()})


def _compare(console: Console, title: str, by_side: Mapping[str, Mapping[str, float]]) -> None:
    table = Table(title=title)
    table.add_column("part")
    for side in by_side:
        table.add_column(side, justify="right")
    for part in dict.fromkeys(part for found in by_side.values() for part in found):
        cells = (found.get(part) for found in by_side.values())
        table.add_row(part, *("" if cell is None else f"{cell:,.2f}" for cell in cells))
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv, quick="--quick" in sys.argv))
