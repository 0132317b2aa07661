"""`ais bench webhook`: signed deliveries of Stripe carried to their effect, per second.

Bookings wait for their payment; Stripe's `payment_intent.succeeded` for each is delivered as fast
as it is answered; the effect is the confirmed booking. Ours is every process that the demo runs.
The reference is one transaction for each delivery behind the same edge: event id, payment,
booking, tickets, seats. In turns, on one durable server, medians of the rounds.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import msgspec
import psycopg
import uvloop
from rich.console import Console

from infrastructure.postgres import roles
from infrastructure.stripe_simulator import snapshot
from interfaces.cli import demo_catch_up, main
from projections import runner
from tests.bench import (
    bench_setup,
    crud_stage,
    journey_sides,
    journey_stage,
    stored_bytes,
    webhook_sales,
)
from tests.bench.result import Case
from tests.bench.webhook_clients import Delivered, Delivering
from tests.bench.webhook_sales import StripeSales
from tests.support import ports, servers

CLIENTS = 64
# Flights of several days: no row of the reference is much hotter than another.
FLIGHTS = 48
SEATS = 100_000
BAR = 3.0
# Limit of the time from the first delivery to the last effect.
EFFECT_SECONDS = 180.0
POLL_SECONDS = 0.1
NO_EVENTS = "none"
TEMPLATE, DATABASE = "webhook_template", "webhook"
ALL_ROLES = "serve"
SEPARATE_ROLES = ("web", "worker", "scheduler", "projector")


class Lengths(msgspec.Struct, frozen=True):
    """How many rounds of how many deliveries, after how many that are not counted."""

    rounds: int = 3
    warmup: int = 300
    deliveries: int = 3_000


QUICK = Lengths(rounds=1, warmup=20, deliveries=100)


class Side(msgspec.Struct, frozen=True):
    """Sells so many bookings of these flights, and serves with the Stripe that has their money."""

    product: journey_sides.Side
    sell: Callable[[bench_setup.Stage, Sequence[str], int], StripeSales]
    serve: Callable[[bench_setup.Stage, StripeSales, int], AbstractContextManager[None]]


def run(*, as_json: bool, quick: bool = False) -> int:
    """Measure, print, and return 0 when the bar holds."""
    console = Console(stderr=as_json)
    lengths = QUICK if quick else Lengths()
    with bench_setup.stage() as bare:
        console.print(f"durability: {bare.durability}")
        assert set(bare.durability.values()) == {"on"}
        flights = bench_setup.flight_names("WH", FLIGHTS)
        _fill(bench_setup.with_database(bare, TEMPLATE), flights)
        rates: dict[str, list[float]] = {"ours": [], "reference": []}
        for number in range(lengths.rounds):
            for name, side in _sides().items():
                # Anew: Stripe's account of this round knows nothing of an earlier one's captures.
                rate = _rate(_copied(bare), side, flights, lengths)
                rates[name].append(rate)
                console.print(
                    f"round {number + 1} {name}: {rate:,.0f} deliveries/s to their effect"
                )
    case = case_of(rates)
    console.print(
        f"webhook: ours {case.ours:,.0f}/s, reference {case.reference:,.0f}/s, ratio "
        f"{case.ratio:.2f}, bar {case.bar:.1f}: {'holds' if case.holds else 'MISSED'}"
    )
    if as_json:
        print(json.dumps({"bench": "webhook", "cases": [msgspec.to_builtins(case)]}))
    return 0 if case.holds else 1


def case_of(rates: Mapping[str, Sequence[float]]) -> Case:
    """Return the case; its ratio is the median of the rounds' own."""
    ours, reference = rates["ours"], rates["reference"]
    ratio = statistics.median(a / b for a, b in zip(ours, reference, strict=True))
    return Case(
        case="webhook",
        ours=round(statistics.median(ours), 1),
        reference=round(statistics.median(reference), 1),
        ratio=round(ratio, 2),
        bar=BAR,
        holds=ratio >= BAR,
        unit="1/s",
    )


def _fill(stage: bench_setup.Stage, flights: Sequence[str]) -> None:
    """Prepare the read models, the flights, and the tables of the reference."""
    runner.prepare_all(stage.server.dsn(TEMPLATE, roles.PROJECTOR_LOGIN))
    bench_setup.schedule(stage.owner_dsn, flights, seats=SEATS)
    crud_stage.make_tables(stage.owner_dsn, flights, seats=SEATS)


def _copied(bare: bench_setup.Stage) -> bench_setup.Stage:
    """Return the stage on a copy of the template, with the settings of all processes."""
    stage = bench_setup.with_database(bare, DATABASE, template=TEMPLATE)
    projector = stage.server.dsn(DATABASE, roles.PROJECTOR_LOGIN)
    more = {
        **journey_stage.without_limits(),
        "AIS_PROJECTOR_DATABASE_URL": projector,
        "AIS_LOG_LEVEL": "error",
    }
    return msgspec.structs.replace(stage, environment={**stage.environment, **more})


def _sides() -> dict[str, Side]:
    return {
        "ours": Side(
            product=journey_sides.product("ours", bench_setup.REPOSITORY),
            sell=lambda stage, flights, count: uvloop.run(
                webhook_sales.sell_ours(stage, flights, count=count)
            ),
            serve=_serve_ours,
        ),
        "reference": Side(
            product=journey_sides.reference(),
            sell=lambda stage, flights, count: webhook_sales.sell_reference(
                stage.owner_dsn, flights, count=count
            ),
            serve=lambda stage, _, port: crud_stage.served(stage, port),
        ),
    }


@contextmanager
def _serve_ours(stage: bench_setup.Stage, stripe: StripeSales, port: int) -> Iterator[None]:
    """Run the product's processes, and the simulator with the account that was paid."""
    # Their webhooks were never sent: nobody asks for these events, and there are many.
    stripe.account.events.objects.clear()
    with servers.private_folder() as folder, ExitStack() as stack:
        state = folder / "stripe.json"
        snapshot.save(snapshot.encoded(stripe.account), state)
        known = stack.enter_context(
            bench_setup.stripe_simulator(
                stage, port=ports.free_port(), web_port=port, events=NO_EVENTS, state=state
            )
        )
        environment = {**known.environment, "AIS_PORT": str(port)}
        for role in _processes():
            stack.enter_context(bench_setup.child(["-m", "interfaces.cli.main", role], environment))
        bench_setup.await_live(port)
        demo_catch_up.wait(stage.owner_dsn, say=lambda _: None)
        stored_bytes.await_quiet(stage.owner_dsn)
        yield


def environment_of(process: str, stage: bench_setup.Stage, port: int) -> dict[str, str]:
    """Return the settings of a process as the demo has them: one for all roles needs no Valkey."""
    settings = {**stage.environment, "AIS_PORT": str(port)}
    if process == ALL_ROLES:
        settings.pop("AIS_REDIS_URL")
    return settings


def _processes() -> tuple[str, ...]:
    """Return the processes that the demo runs: one for all roles, where there is such."""
    has_one = any(verb == ALL_ROLES for verb, _, _ in main.VERBS)
    return (ALL_ROLES,) if has_one else SEPARATE_ROLES


def _rate(stage: bench_setup.Stage, side: Side, flights: Sequence[str], lengths: Lengths) -> float:
    """Sell, deliver, and return the deliveries per second until the last had its effect."""
    stripe = side.sell(stage, flights, lengths.warmup + lengths.deliveries)
    port = ports.free_port()
    warmup, counted = stripe.deliveries[: lengths.warmup], stripe.deliveries[lengths.warmup :]
    with side.serve(stage, stripe, port), servers.private_folder() as folder:
        for bodies in (warmup, counted):
            before = _count(stage.owner_dsn, side.product)
            delivered = _deliver(stage, bodies, port, folder / "deliveries.jsonl")
            assert set(delivered.statuses) == {"200"}, delivered.statuses
            _await_confirmed(stage.owner_dsn, side.product, before + len(bodies))
        last = _last_confirmed_at(stage.owner_dsn, side.product)
    return lengths.deliveries / (last - delivered.began_at)


def _deliver(stage: bench_setup.Stage, bodies: Sequence[bytes], port: int, file: Path) -> Delivered:
    file.write_bytes(b"\n".join(bodies))
    plan = Delivering(
        port=port,
        secret=stage.environment["AIS_STRIPE_WEBHOOK_SECRETS"],
        file=str(file),
        clients=CLIENTS,
        limit_seconds=EFFECT_SECONDS,
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.webhook_clients"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        cwd=bench_setup.REPOSITORY,
        timeout=EFFECT_SECONDS + 30,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Delivered)


def _count(dsn: str, product: journey_sides.Side) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(product.confirmed_query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _await_confirmed(dsn: str, product: journey_sides.Side, wanted: int) -> None:
    """Wait until so many bookings are confirmed; raises TimeoutError."""
    end = time.monotonic() + EFFECT_SECONDS
    while (found := _count(dsn, product)) < wanted:
        if time.monotonic() > end:
            raise TimeoutError(f"{found} of {wanted} bookings were confirmed")
        time.sleep(POLL_SECONDS)
    assert found == wanted


def _last_confirmed_at(dsn: str, product: journey_sides.Side) -> float:
    """Return the moment of the last confirmation, in seconds since the epoch."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(product.confirmed_at_query.encode()).fetchall()
    return max(float(at) for _, at in rows)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv, quick="--quick" in sys.argv))
