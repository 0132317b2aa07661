"""`ais bench soak`: a hundred thousand journeys, for twenty minutes at least, and what grew.

Every role is a process of its own, and all is durable. Travellers search, book and pay as in
`bench journey`, on as many flights as their bookings need. Memory, open files and connections of
each process after all bookings are compared with those after a tenth of them, and each table that
grew must be one that may (`soak_growth`). In the end the oracles of the log are checked.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec
from rich.console import Console
from rich.table import Table

from interfaces.cli import demo_stage
from tests.bench import bench_setup, journey, journey_stage, soak_growth
from tests.bench.journey_clients import Plan
from tests.bench.result import Case
from tests.bench.soak_growth import MEBIBYTE, Sample, Watch
from tests.support import ports, servers, stored_log

BOOKINGS, MINUTES = 100_000, 20.0
QUICK_BOOKINGS, QUICK_MINUTES = 60, 0.3
CLIENTS, USERS = 48, 8
DAYS, FLIGHTS_A_DAY, SEATS = 50, 12, 1_000_000
ROUND_SECONDS, QUICK_ROUND_SECONDS = 30.0, 4.0
SAMPLE_SECONDS, QUICK_SAMPLE_SECONDS = 5.0, 0.5
# What there is after this share of the bookings is compared with what there is in the end.
FIRST_SHARE = 0.1
SHOWN_MOMENTS = 10
CONFIRMED = "SELECT count(*) FROM ledger.event WHERE tag = 'booking.confirmed.1'"


class Lengths(msgspec.Struct, frozen=True):
    """The run ends when it has both so many bookings and so many minutes."""

    bookings: int
    minutes: float
    round_seconds: float
    sample_seconds: float


def lengths_of(*, quick: bool, minutes: float | None, bookings: int | None) -> Lengths:
    """Return how long a run is; what is not chosen is as in the docs."""
    if quick:
        return Lengths(QUICK_BOOKINGS, QUICK_MINUTES, QUICK_ROUND_SECONDS, QUICK_SAMPLE_SECONDS)
    return Lengths(bookings or BOOKINGS, minutes or MINUTES, ROUND_SECONDS, SAMPLE_SECONDS)


def run(
    *,
    as_json: bool,
    quick: bool = False,
    minutes: float | None = None,
    bookings: int | None = None,
) -> int:
    """Run, print, and return 0 when nothing grew that may not."""
    console = Console(stderr=as_json)
    lengths = lengths_of(quick=quick, minutes=minutes, bookings=bookings)
    cases = measured(lengths, console)
    if as_json:
        print(json.dumps(msgspec.to_builtins({"bench": "soak", "cases": cases})))
    return 0 if quick or all(case.holds for case in cases) else 1


def measured(lengths: Lengths, console: Console) -> list[Case]:
    """Travel until there are enough bookings and minutes; show and return what grew.

    It is shown before the oracles are asked: whoever mends what these found has to know it, too.
    """
    first = int(lengths.bookings * FIRST_SHARE)
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
        flights = _scheduled(stage.owner_dsn)
        bench_setup.sign_in(port, USERS)
        with Watch(stage.owner_dsn, root=os.getpid(), seconds=lengths.sample_seconds) as watch:
            _travel(lengths, console, port=port, dsn=stage.owner_dsn, flights=flights)
            # Letters and read models come after the last ticket.
            time.sleep(2 * soak_growth.AT_ONCE * lengths.sample_seconds)
        for process in stage.processes.values():
            assert process.poll() is None, "a process has ended"
        cases = soak_growth.cases_of(watch.samples, first_bookings=first)
        show(console, watch.samples, cases, first_bookings=first)
        stored_log.assert_invariants(stage.owner_dsn)
        return cases


def _scheduled(dsn: str) -> list[str]:
    """Put flights of several days on sale: as many for each day as a search may show."""
    flights: list[str] = []
    for day in range(DAYS):
        names = bench_setup.flight_names("SK", FLIGHTS_A_DAY, days_later=day)
        bench_setup.schedule(dsn, names, seats=SEATS, days_later=day)
        flights += names
    return flights


def _travel(
    lengths: Lengths, console: Console, *, port: int, dsn: str, flights: Sequence[str]
) -> None:
    began, bookings = time.monotonic(), 0
    while bookings < lengths.bookings or time.monotonic() - began < lengths.minutes * 60:
        plan = Plan(
            ports=[port],
            dsn=dsn,
            confirmed_query=CONFIRMED,
            # A token is valid for fifteen minutes.
            tokens=bench_setup.tokens_of(port, USERS),
            day=bench_setup.departure().date().isoformat(),
            flights=list(flights),
            clients=CLIENTS,
            warmup_seconds=0.0,
            seconds=lengths.round_seconds,
            run=secrets.token_hex(4),
        )
        found = journey.travel(plan)
        assert found.confirmed == found.paid, f"{found.paid} paid, {found.confirmed} confirmed"
        assert found.paid > 0, "nobody could book"
        bookings += found.confirmed
        console.print(
            f"{(time.monotonic() - began) / 60:5.1f} min  {bookings:9,} bookings  "
            f"{found.rate:6,.1f}/s"
        )


def show(
    console: Console, samples: Sequence[Sample], cases: Sequence[Case], *, first_bookings: int
) -> None:
    """Print memory over time, what each table grew by for a booking, and the cases."""
    step = max(1, len(samples) // SHOWN_MOMENTS)
    parts = sorted({part for each in samples for part in each.parts} - soak_growth.NOT_JUDGED)
    table = Table(title="soak: resident MiB, connections")
    for heading in ("minutes", "bookings", *parts, "connections"):
        table.add_column(heading, justify="right")
    for each in [*samples[::step], samples[-1]]:
        held = (each.parts[part].memory / MEBIBYTE if part in each.parts else 0.0 for part in parts)
        table.add_row(
            f"{each.seconds / 60:.1f}",
            f"{each.bookings:,}",
            *(f"{memory:,.0f}" for memory in held),
            str(each.connections),
        )
    console.print(table)
    first = next(each for each in samples if each.bookings >= first_bookings)
    for name, size in sorted(soak_growth.grown(first, samples[-1]).items()):
        why = soak_growth.GROWING.get(name, "a read model, rebuilt from the log")
        said = why if soak_growth.may_grow(name) else "MAY NOT GROW"
        console.print(f"{name}: {size:,.0f} bytes a booking; {said}")
    for case in cases:
        console.print(
            f"{case.case}: {case.ours:,.1f}{case.unit and ' ' + case.unit} against "
            f"{case.reference:,.1f}: {'holds' if case.holds else 'MISSED'}"
        )


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv, quick="--quick" in sys.argv))
