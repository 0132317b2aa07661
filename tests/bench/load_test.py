"""`ais bench load`: the customer's load test, with users who think between their steps.

50 users, then 100, search a flight, book a seat and pay for it at the Stripe simulator, or only
search. Every role is a process of its own, and all is durable. `--ramp` adds users until it breaks,
and says where and why: with one web process, then with two.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import msgspec
from rich.console import Console
from rich.table import Table

from interfaces.cli import demo_stage
from tests.bench import bench_setup, journey_stage, load_cause
from tests.bench.load_cause import Sampler, Strain
from tests.bench.load_plan import (
    MINUTES,
    LoadTestPlan,
    LoadTestResult,
    Stage,
    customer_stages,
)
from tests.bench.result import Case
from tests.support import ports, running_system, servers

FLIGHTS, SEATS = 12, 1_000_000
ACCOUNTS = 20
QUICK_MINUTES = 0.4
THINK_SECONDS = (1.0, 3.0)
# Of the ramp: users who think for a second.
RAMP_THINK_SECONDS = (0.8, 1.2)
RAMP_FIRST, RAMP_FACTOR, RAMP_LIMIT = 100, 1.5, 20_000
RAMP_SECONDS = 20.0
QUICK_RAMP_SECONDS, QUICK_RAMP_LIMIT = 5.0, 150
FLOOR_P95_MS, FLOOR_ERROR_PERCENT = 500.0, 1.0
GOAL_P95_MS, GOAL_ERROR_PERCENT = 50.0, 0.0
UNFINISHED_SECONDS = 120.0


class Running(msgspec.Struct, frozen=True):
    """The product, its web processes and accounts of customers."""

    stage: demo_stage.Stage
    ports: list[int]
    accounts: list[str]


class Level(msgspec.Struct, frozen=True):
    """One step of the ramp: so many users, what they measured, and what was short."""

    users: int
    rate: float
    p95_ms: float
    error_percent: float
    errors: dict[str, int]
    cause: str

    @property
    def is_broken(self) -> bool:
        """Whether it misses the floor."""
        return self.p95_ms >= FLOOR_P95_MS or self.error_percent >= FLOOR_ERROR_PERCENT


def run(
    *,
    as_json: bool,
    quick: bool = False,
    minutes: float | None = None,
    search_only: bool = False,
    ramp: bool = False,
) -> int:
    """Run, print, and return 0 when the floor holds; a ramp measures only, and returns 0."""
    console = Console(stderr=as_json)
    if ramp:
        ramps = {
            f"{webs} web": raised(console, webs, quick=quick, search_only=search_only)
            for webs in (1, 2)
        }
        show_ramps(console, ramps)
        if as_json:
            print(json.dumps({"bench": "load", "ramps": msgspec.to_builtins(ramps)}))
        return 0
    length = minutes or (QUICK_MINUTES if quick else MINUTES)
    with started() as running:
        plan = plan_of(running, customer_stages(length), THINK_SECONDS, search_only=search_only)
        with Sampler(running.stage.owner_dsn) as sampler:
            result = travel(plan)
    cases = cases_of(result)
    show(console, result, cases, sampler.strain())
    if as_json:
        found = {"bench": "load", "cases": cases, "result": result, "strain": sampler.strain()}
        print(json.dumps(msgspec.to_builtins(found)))
    return 0 if all(case.holds for case in cases if case.case.startswith("floor")) else 1


@contextmanager
def started(webs: int = 1) -> Iterator[Running]:
    """Start every role as a process of its own, with so many web processes, and sell flights."""
    with ExitStack() as stack:
        folder = stack.enter_context(servers.private_folder())
        port = ports.free_port()
        overrides = journey_stage.without_limits()
        stage = stack.enter_context(
            demo_stage.stage(
                folder,
                port=port,
                overrides=overrides,
                separate=True,
                stripe_objects=journey_stage.STRIPE_OBJECTS,
            )
        )
        assert set(bench_setup.durability(stage.owner_dsn).values()) == {"on"}
        more = [
            stack.enter_context(running_system.second_process(stage, "web"))
            for _ in range(webs - 1)
        ]
        flights = bench_setup.flight_names("LT", FLIGHTS)
        bench_setup.schedule(stage.owner_dsn, flights, seats=SEATS)
        bench_setup.sign_in(port, ACCOUNTS)
        found = [port, *(int(each.environment["AIS_PORT"]) for each in more)]
        for each in found:
            bench_setup.await_live(each)
        accounts = [bench_setup.email_of(port, number) for number in range(ACCOUNTS)]
        yield Running(stage, found, accounts)


def plan_of(
    running: Running,
    stages: Sequence[Stage],
    think_seconds: tuple[float, float],
    *,
    search_only: bool = False,
    tokens: Sequence[str] = (),
) -> LoadTestPlan:
    """Return a plan for the travellers of a running product."""
    return LoadTestPlan(
        ports=running.ports,
        stages=list(stages),
        accounts=running.accounts,
        password=bench_setup.PASSWORD,
        day=bench_setup.departure().date().isoformat(),
        think_seconds=think_seconds,
        search_only=search_only,
        tokens=list(tokens),
    )


def travel(plan: LoadTestPlan) -> LoadTestResult:
    """Run the travellers in a process of their own; their progress goes to standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load_travellers"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        cwd=bench_setup.REPOSITORY,
        timeout=sum(stage.seconds for stage in plan.stages) + UNFINISHED_SECONDS,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=LoadTestResult)


def raised(console: Console, webs: int, *, quick: bool, search_only: bool) -> list[Level]:
    """Add users until the floor is missed, on a product started for it; return every level."""
    seconds = QUICK_RAMP_SECONDS if quick else RAMP_SECONDS
    limit = QUICK_RAMP_LIMIT if quick else RAMP_LIMIT
    levels: list[Level] = []
    users = float(RAMP_FIRST)
    with started(webs) as running:
        while users <= limit and not (levels and levels[-1].is_broken):
            # The users arrive within a fifth of the time, signed in: a hundred passwords at once
            # would be what breaks.
            stages = [Stage(seconds / 5, int(users)), Stage(seconds, int(users))]
            tokens = bench_setup.tokens_of(running.ports[0], ACCOUNTS)
            plan = plan_of(
                running, stages, RAMP_THINK_SECONDS, search_only=search_only, tokens=tokens
            )
            with Sampler(running.stage.owner_dsn) as sampler:
                result = travel(plan)
            levels.append(level_of(int(users), result, sampler.strain()))
            console.print(f"{webs} web: {_line(levels[-1])}")
            users *= RAMP_FACTOR
    return levels


def level_of(users: int, result: LoadTestResult, strain: Strain) -> Level:
    """Return what so many users measured."""
    return Level(
        users=users,
        rate=result.total.rate,
        p95_ms=result.total.p95_ms,
        error_percent=round(100 * result.error_share, 2),
        errors=result.errors,
        cause=load_cause.cause(strain),
    )


def _line(level: Level) -> str:
    return (
        f"{level.users:,} users, {level.rate:,.0f}/s, p95 {level.p95_ms:,.0f} ms, "
        f"{level.error_percent:.2f} % errors; {level.cause}"
    )


def cases_of(result: LoadTestResult) -> list[Case]:
    """Return the floor, which must hold, and the goal."""
    p95, percent = result.total.p95_ms, round(100 * result.error_share, 3)
    # No request at all is no result.
    any_request = result.total.requests > 0
    return [
        _below("floor p95", p95, FLOOR_P95_MS, any_request and p95 < FLOOR_P95_MS, "ms"),
        _below(
            "floor errors",
            percent,
            FLOOR_ERROR_PERCENT,
            any_request and percent < FLOOR_ERROR_PERCENT,
            "%",
        ),
        _below("goal p95", p95, GOAL_P95_MS, any_request and p95 < GOAL_P95_MS, "ms"),
        _below("goal errors", percent, GOAL_ERROR_PERCENT, any_request and percent == 0, "%"),
    ]


def _below(name: str, ours: float, bar: float, holds: bool, unit: str) -> Case:
    ratio = round(ours / bar, 2) if bar else ours
    return Case(case=name, ours=ours, reference=bar, ratio=ratio, bar=bar, holds=holds, unit=unit)


def show(console: Console, result: LoadTestResult, cases: Sequence[Case], strain: Strain) -> None:
    """Print each step, the errors, what was strained, and the bars."""
    table = Table(title="load: users who search, book and pay; milliseconds")
    for heading in ("step", "requests", "failed", "p50", "p95", "p99", "per second"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for step in result.steps:
        table.add_row(
            step.name,
            f"{step.requests:,}",
            f"{step.failures:,}",
            *(f"{ms:,.0f}" for ms in (step.p50_ms, step.p95_ms, step.p99_ms)),
            f"{step.rate:,.1f}",
        )
    console.print(table)
    for error, count in sorted(result.errors.items(), key=lambda item: -item[1]):
        console.print(f"{count:,} times: {error}")
    processors = ", ".join(f"{part} {share:.0%}" for part, share in strain.processors.items())
    console.print(f"processors: {processors}")
    console.print(f"short: {load_cause.cause(strain)}")
    for case in cases:
        bar = f"below {case.bar:,.0f}" if case.bar else "none"
        console.print(
            f"{case.case}: {case.ours:,.2f} {case.unit}, {bar}: "
            f"{'holds' if case.holds else 'MISSED'}"
        )


def show_ramps(console: Console, ramps: Mapping[str, Sequence[Level]]) -> None:
    """Print where each ramp broke, or that it did not."""
    for name, levels in ramps.items():
        held = [level for level in levels if not level.is_broken]
        most = max((level.rate for level in held), default=0.0)
        last = levels[-1]
        if last.is_broken:
            console.print(f"{name}: held {most:,.0f}/s; broke at {_line(last)}")
            for error, count in sorted(last.errors.items(), key=lambda item: -item[1])[:5]:
                console.print(f"  {count:,} times: {error}")
        else:
            console.print(f"{name}: did not break at {last.users:,} users, {most:,.0f}/s")


if __name__ == "__main__":
    raise SystemExit(
        run(
            as_json="--json" in sys.argv,
            quick="--quick" in sys.argv,
            search_only="--search-only" in sys.argv,
            ramp="--ramp" in sys.argv,
        )
    )
