"""`ais bench stripe-away`: Stripe's API is out of reach while its webhooks go on arriving.

Every process of the demo runs, with the limits of a sandbox on its calls to Stripe. For half of
the outage a call is lost or refused at once, for the other half it hangs. Bookings are paid
meanwhile: each must be confirmed within seconds. When Stripe is back, what was left is done by few
calls, never more in a second than the limits allow, and in the end nothing is lost.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from interfaces import settings
from interfaces.cli import demo_stage
from interfaces.worker.timers import check_signed_captures
from tests.bench import away_calls, away_checks, bench_setup, journey_stage
from tests.bench.away_calls import Call, CallLog
from tests.bench.away_checks import Left
from tests.bench.away_travellers import Plan, Travellers
from tests.bench.result import Case
from tests.support import customers, ports, servers

MINUTES = 10.0
QUICK = Plan(
    outage_seconds=30.0,
    watch_seconds=30.0,
    paid=20,
    confirmed=8,
    late=2,
    checkout_every_seconds=2.0,
)
FLIGHTS = 12
SEATS = 1_000
# From the button of the payment page to the confirmation.
CONFIRMED_SECONDS = 10.0
# Calls that a refund, an interrupted checkout or an event may cost when Stripe is back: a refund is
# looked up and created after its capture was checked.
CALLS_A_PIECE = 3
# Retries have waited longer the longer the outage was, but five minutes at most.
DONE_SECONDS = 600.0
# Of a sandbox and of an endpoint, https://docs.stripe.com/rate-limits. We send fewer: requests
# arrive closer together than they were sent.
STRIPE_LIMIT = 25
# A call ends before: what hangs is known to have no answer.
HANG_SECONDS = 15.0
FOR_EVER = 10**9
SLICE_SECONDS = 5.0


class Measured(msgspec.Struct, frozen=True):
    """What a run gave: seconds to the confirmation of each booking that was paid, and to each
    letter of the outage; the calls during and after it; what was left to do when Stripe was back,
    after how many seconds it was done; and everything that should not be."""

    confirmed_seconds: list[float]
    paid: int
    letter_seconds: list[float]
    during: list[Call]
    after: list[Call]
    back_at: float
    done_seconds: float
    watched_seconds: float
    left: Left
    came_back: int
    faults: list[str]


def run(*, as_json: bool, quick: bool = False, minutes: float = MINUTES) -> int:
    """Run, print, and return 0 when everything holds."""
    console = Console(stderr=as_json)
    plan = QUICK if quick else Plan(outage_seconds=60.0 * minutes)
    measured = measure(plan)
    cases = cases_of(measured)
    show(console, measured, cases)
    if as_json:
        print(json.dumps({"bench": "stripe-away", "cases": msgspec.to_builtins(cases)}))
    return 0 if all(case.holds for case in cases) else 1


def limits() -> dict[str, str]:
    """Return settings without limits for clients, and with those of a sandbox on calls to Stripe;
    the one process that makes all calls has the whole of them."""
    return {
        **journey_stage.without_limits(),
        "AIS_STRIPE_LIMIT_ACCOUNT": str(settings.STRIPE_LIMIT_SANDBOX),
        "AIS_STRIPE_LIMIT_ENDPOINT": str(settings.STRIPE_LIMIT_ENDPOINT),
        "AIS_STRIPE_SHARE_PERCENT": "100",
    }


def measure(plan: Plan) -> Measured:
    """Start everything, let Stripe be away, and stop everything."""
    with (
        servers.private_folder() as folder,
        demo_stage.stage(folder, port=ports.free_port(), overrides=limits()) as stage,
    ):
        flights = bench_setup.flight_names("SA", FLIGHTS)
        bench_setup.schedule(stage.owner_dsn, flights, seats=SEATS)
        return asyncio.run(_measured(stage, plan, flights))


async def _measured(stage: demo_stage.Stage, plan: Plan, flights: Sequence[str]) -> Measured:
    async with (
        httpx.AsyncClient(base_url=stage.base_url, timeout=60) as client,
        away_calls.collecting(stage.stripe_url) as calls,
    ):
        customer = await customers.register(client)
        travellers = Travellers(customer, stripe_url=stage.stripe_url, flights=flights)
        await travellers.prepare(plan)
        outage = asyncio.create_task(_be_away(client, stage, plan.outage_seconds))
        await travellers.live_through(plan)
        left, away_at, back_at = await outage
        await travellers.come_back()
        faults, done = await _ended(stage, plan, back_at=back_at)
        watched = time.time() - back_at
        await calls.collect(client)
        customer = await customers.signed_in_again(customer)
        finance = await customers.staff(stage, client, "finance")
        faults += travellers.unexpected + await _not_refunded(customer, travellers.cancelled)
        faults += await _worklists(finance)
        faults += _refunds_created(stage.owner_dsn, calls)
    confirmed = away_checks.confirmed_after(stage.owner_dsn, travellers.paid_at)
    return Measured(
        confirmed_seconds=sorted(confirmed.values()),
        paid=len(travellers.paid_at),
        letter_seconds=away_checks.letter_seconds(stage.owner_dsn, away_at, back_at),
        during=calls.between(away_at, back_at),
        after=calls.between(back_at, back_at + watched),
        back_at=back_at,
        done_seconds=done,
        watched_seconds=watched,
        left=left,
        came_back=travellers.opened_later,
        faults=faults,
    )


async def _be_away(
    client: httpx.AsyncClient, stage: demo_stage.Stage, seconds: float
) -> tuple[Left, float, float]:
    """Lose calls for a quarter of the time, refuse them for a quarter, let them hang for a half.

    Pages of checkouts and webhooks go on. Return what is left to do in the end, and from when until
    when no call could succeed.
    """
    url = f"{stage.stripe_url}/_control/faults"
    parts = (
        (0.25, {"kind": "lost_before"}),
        (0.25, {"kind": "refuse", "status": 503}),
        (0.5, {"kind": "lost_before", "seconds": HANG_SECONDS}),
    )
    away_at = 0.0
    for share, fault in parts:
        armed = await client.put(url, json={**fault, "times": FOR_EVER})
        assert armed.status_code == 200, armed.text
        away_at = away_at or time.time()
        await asyncio.sleep(seconds * share)
    left = await asyncio.to_thread(away_checks.left, stage.owner_dsn)
    back_at = time.time()
    await client.delete(url)
    return left, away_at, back_at


async def _ended(stage: demo_stage.Stage, plan: Plan, *, back_at: float) -> tuple[list[str], float]:
    """Watch for the time of the plan and until nothing is left.

    Return what is left or lost, and the seconds until all was done.
    """
    left = await away_checks.until_done(stage.owner_dsn, seconds=DONE_SECONDS)
    done = time.time() - back_at
    await asyncio.sleep(max(0.0, plan.watch_seconds - done))
    found = [] if left.is_done else [f"not done in the end: {left}"]
    return found + await asyncio.to_thread(away_checks.lost, stage.owner_dsn), done


async def _not_refunded(customer: customers.Customer, cancelled: Sequence[str]) -> list[str]:
    found = {booking: (await customer.booking(booking))["status"] for booking in cancelled}
    return [f"{booking} is {status}" for booking, status in found.items() if status != "refunded"]


async def _worklists(finance: customers.Customer) -> list[str]:
    """Return the worklists that are not empty; finance sees all that are about money."""
    found = await finance.call("GET", "/api/admin/worklists")
    return [
        f"{each['count']} in the worklist {each['name']}"
        for each in found["worklists"]
        if each["count"]
    ]


def _refunds_created(dsn: str, calls: CallLog) -> list[str]:
    """Each refund of the log must have been created at Stripe by one call."""
    requested = away_checks.refunds_requested(dsn)
    created = sum(
        call.endpoint == "POST /v1/refunds" and call.succeeded
        for call in calls.between(0.0, time.time())
    )
    return [] if created == requested else [f"{requested} refunds requested, {created} created"]


def cases_of(measured: Measured) -> list[Case]:
    """Return what must hold; every bar is a most."""
    slowest = max(measured.confirmed_seconds, default=0.0)
    unconfirmed = measured.paid - len(measured.confirmed_seconds)
    everything = [*measured.during, *measured.after]
    return [
        _most("paid and not confirmed", unconfirmed, 0, unit="bookings"),
        _most("slowest confirmation", slowest, CONFIRMED_SECONDS, unit="s"),
        _most(
            "calls in a second",
            away_calls.most_in_a_second(everything),
            STRIPE_LIMIT,
            unit="1/s",
        ),
        _most(
            "calls in a second to an endpoint",
            away_calls.most_to_an_endpoint(everything),
            STRIPE_LIMIT,
            unit="1/s",
        ),
        _most("calls afterwards", len(measured.after), calls_allowed(measured), unit="calls"),
        _most("faults", len(measured.faults), 0, unit="faults"),
    ]


def calls_allowed(measured: Measured) -> int:
    """Return how many calls the work that was left may cost, captures a hundred to a call."""
    left = measured.left
    pieces = left.refunds + left.attempts + left.events + measured.came_back
    pages = -(-left.captures // check_signed_captures.TASK_SIZE)
    rounds = int(measured.watched_seconds // check_signed_captures.PERIOD_SECONDS) + 1
    return CALLS_A_PIECE * (pieces + pages) + rounds


def _most(name: str, ours: float, bar: float, *, unit: str) -> Case:
    return Case(
        case=name,
        ours=round(ours, 2),
        reference=bar,
        ratio=round(ours / bar, 2) if bar else ours,
        bar=bar,
        holds=ours <= bar,
        unit=unit,
    )


def show(console: Console, measured: Measured, cases: Sequence[Case]) -> None:
    """Print the calls after the outage by slices of time, what was left, and the cases."""
    slices = away_calls.by_slice(measured.after, since=measured.back_at, seconds=SLICE_SECONDS)
    _show_calls(console, slices)
    during = Counter(call.endpoint for call in measured.during)
    console.print(f"calls during the outage: {len(measured.during)}, {dict(during)}")
    console.print(
        f"left when Stripe was back: {measured.left}; {measured.came_back} travellers came back; "
        f"all was done after {measured.done_seconds:.0f} s"
    )
    for what, seconds in (
        ("bookings were confirmed after", measured.confirmed_seconds),
        ("letters of the outage were sent after", measured.letter_seconds),
    ):
        p50, p99 = (away_checks.percentile(seconds, percent) for percent in (50, 99))
        console.print(f"{len(seconds)} {what} p50 {1e3 * p50:,.0f} ms, p99 {1e3 * p99:,.0f} ms")
    for fault in measured.faults:
        console.print(f"fault: {fault}")
    for case in cases:
        console.print(
            f"{case.case}: {case.ours:,.2f} {case.unit}, at most {case.bar:,.0f}: "
            f"{'holds' if case.holds else 'MISSED'}"
        )


def _show_calls(console: Console, slices: Mapping[int, Counter[str]]) -> None:
    endpoints = sorted({endpoint for found in slices.values() for endpoint in found})
    table = Table(title=f"calls to Stripe afterwards, in {SLICE_SECONDS:.0f} s each")
    table.add_column("second", justify="right")
    for endpoint in [*endpoints, "all"]:
        table.add_column(endpoint.replace("/v1/", ""), justify="right", overflow="fold")
    for index in range(max(slices, default=-1) + 1):
        found = slices.get(index, Counter())
        counts = [str(found[endpoint] or "") for endpoint in endpoints]
        table.add_row(f"{index * SLICE_SECONDS:.0f}", *counts, str(found.total()))
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(run(as_json="--json" in sys.argv, quick="--quick" in sys.argv))
