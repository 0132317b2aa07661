"""Every process of the product on servers of its own, as `ais demo` starts them."""

import asyncio
import datetime as dt
import itertools
import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import httpx
import msgspec
import psycopg
import pytest

from application.coordination import Channel
from domain.inventory.events import CabinLayout, CapacityMove, FareClass, FlightScheduled, Residue
from domain.kernel import ids, money
from infrastructure.postgres import timer_requests
from infrastructure.postgres.timer_requests import TimerRequest
from interfaces.cli import demo_stage
from interfaces.worker.timers.timer import Timer
from tests.support import ports, servers, stored_log
from tests.support.stored_log import WAIT_SECONDS

System = demo_stage.Stage
# `hurried` of a running system, which takes timers.
Hurried = Callable[..., AbstractContextManager[None]]
TOMORROW = dt.timedelta(hours=30)
LATER = dt.timedelta(days=33)
# Check-in closes an hour before; brought forward to GATE_CLOSED_IN the flight moves by less than
# an hour, which is no reason to ask the passengers.
SOON = dt.timedelta(minutes=68)
GATE_CLOSED_IN = dt.timedelta(minutes=10)
UNLIMITED = {
    f"AIS_LIMIT_{name}": "1000000"
    for name in (
        *("ANONYMOUS", "SIGNED_IN", "STAFF", "AUTHENTICATION", "BOOKING", "PAYMENT"),
        "CLIENT",
        *("UNPAID_FLIGHT", "UNPAID_ACCOUNT", "UNPAID_ADDRESS", "FIND_ADDRESS", "FIND_REFERENCE"),
    )
}
# A start of the system, and each test in it, registers users and signs them in.
OVERRIDES = {**UNLIMITED, "AIS_CHEAP_PASSWORDS": "true"}
# Marks of the tests whose `system` is both forms in turn, or always the same one.
EACH_FORM = pytest.mark.parametrize("system", ["one_process", "separate_processes"], indirect=True)
ONE_PROCESS = pytest.mark.parametrize("system", ["one_process"], indirect=True)
SEPARATE = pytest.mark.parametrize("system", ["separate_processes"], indirect=True)
# Separate processes, and a second PostgreSQL that can take over.
STANDBY = pytest.mark.parametrize("system", ["standby"], indirect=True)
# Letters about new accounts, which the next test does not have to wait for, nor to be afraid of.
ACCOUNT_LETTER = "mail.account_link"
HURRY_SECONDS = 1.0
# Other messages that are not sent, and refunds that Stripe has not answered.
UNFINISHED = (
    "SELECT (SELECT count(*) FROM ledger.outbox WHERE sent_at IS NULL "
    f"AND topic <> '{ACCOUNT_LETTER}') + count(*) "
    "FROM ledger.event AS asked WHERE tag = 'payment.refund_requested.1' "
    "AND NOT EXISTS (SELECT FROM ledger.event AS answered "
    "WHERE answered.stream = asked.stream "
    "AND answered.tag IN ('payment.refund_accepted.1', 'payment.refund_refused.1', "
    "'payment.refund_postponed.1', 'payment.refund_charged_back.1', "
    "'payment.refund_covered.1') "
    "AND convert_from(answered.payload, 'UTF8')::jsonb ->> 'refund' "
    "= convert_from(asked.payload, 'UTF8')::jsonb ->> 'refund')"
)
# The schedule of the demo has numbers of three digits.
_flight_numbers = itertools.count(1_000)


@contextmanager
def running_system(separate: bool = False, standby: bool = False) -> Iterator[System]:
    """Everything that `ais demo` starts, with limits raised and the limiter running, and passwords
    that cost next to nothing.

    All roles are one process, or `separate` ones with Valkey between them. Commits wait for the
    `standby`, if there is one.
    """
    with servers.quick_folder() as folder:
        port = ports.free_port()
        with demo_stage.stage(
            folder, port=port, overrides=OVERRIDES, separate=separate, standby=standby
        ) as ready:
            yield ready


@contextmanager
def second_process(system: System, role: str = "serve") -> Iterator[System]:
    """One more process, of all roles or of one, on the same database, at another port."""
    port = str(ports.free_port())
    second = msgspec.structs.replace(
        system,
        base_url=f"http://127.0.0.1:{port}",
        environment={**system.environment, "AIS_PORT": port},
        processes={},
        metrics_ports={role: ports.free_port()},
    )
    demo_stage.restart(second, role)
    try:
        yield second
    finally:
        second.processes[role].kill()
        second.processes[role].wait()


def process(system: System, role: str) -> "subprocess.Popen[bytes]":
    """The process that has this role."""
    return system.processes[demo_stage.process_of(system.processes, role)]


def restart(system: System, *roles: str) -> None:
    """Kill the processes that have these roles hard and start them again."""
    for name in sorted({demo_stage.process_of(system.processes, role) for role in roles}):
        system.processes[name].kill()
        system.processes[name].wait()
        demo_stage.restart(system, name)


@contextmanager
def other_settings(system: System, **changed: str) -> Iterator[None]:
    """Run the web process with these AIS_* settings meanwhile."""
    changes = {f"AIS_{name.upper()}": value for name, value in changed.items()}
    changed_system = msgspec.structs.replace(system, environment={**system.environment, **changes})
    restart(changed_system, "web")
    try:
        await_web(system)
        yield
    finally:
        restart(system, "web")
        await_web(system)


def await_web(system: System) -> None:
    """Wait until the web process of the system, which was started again, answers."""
    end = time.monotonic() + WAIT_SECONDS
    with httpx.Client(verify=False) as client:
        while time.monotonic() < end:
            try:
                if client.get(f"{system.base_url}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    raise AssertionError("the web process does not answer")


def fresh_number(carrier: str = "ZZ") -> str:
    """A flight number that nothing else in this process has."""
    return f"{carrier}{next(_flight_numbers)}"


class Owned(Protocol):
    """What has a database."""

    @property
    def owner_dsn(self) -> str:
        """The owner's address of the database."""


def schedule(
    system: Owned,
    *,
    seats: int,
    fare: int = 40_000,
    currency: str = "SAR",
    business: int = 0,
    leaves_in: dt.timedelta = dt.timedelta(days=30),
    route: tuple[str, str] = ("RUH", "JED"),
    residue: Residue = "cash",
    carrier: str = "ZZ",
    **facts: Any,
) -> str:
    """Put a fresh flight on sale straight through the append, with these facts; return its id."""
    departs_at = dt.datetime.now(dt.UTC).replace(microsecond=0) + leaves_in
    number = fresh_number(carrier)
    local = departs_at.astimezone(ZoneInfo("Asia/Riyadh")).date()
    flight = ids.flight_stream(number, local.isoformat())
    cabins = [("Y", fare, seats), *([("J", fare * 3, business)] if business else [])]
    event = FlightScheduled(
        number=number,
        origin=route[0],
        destination=route[1],
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=departs_at,
        arrives_at=departs_at + dt.timedelta(minutes=105),
        domestic=currency == "SAR",
        fares=tuple(
            FareClass(cabin, cabin, money.Money(amount, currency), residue=residue)
            for cabin, amount, _ in cabins
        ),
        moves=tuple(CapacityMove(cabin, authorised=count) for cabin, _, count in cabins),
        layouts=tuple(
            CabinLayout(cabin, count, 1 if cabin == "J" else 11, "ABCDEF")
            for cabin, _, count in cabins
        ),
    )
    stored_log.append(system.owner_dsn, flight, 1, msgspec.structs.replace(event, **facts))
    return flight


def control(system: System, name: str, verb: str = "POST", /, **body: Any) -> Any:
    """Ask the control path of the Stripe simulator; returns its answer."""
    request = urllib.request.Request(
        f"{system.stripe_url}/_control/{name}", json.dumps(body).encode(), method=verb
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def stripe_list(system: System, kind: str) -> list[dict[str, Any]]:
    """Everything of a kind (`refunds`, `payment_intents`, …) that Stripe lists, newest first."""
    found: list[dict[str, Any]] = []
    params: dict[str, str] = {"limit": "100"}
    headers = {"Authorization": f"Bearer {system.settings.stripe_api_key.reveal()}"}
    with httpx.Client(verify=False, base_url=system.stripe_url, headers=headers, timeout=30) as api:
        while True:
            answer = api.get(f"/v1/{kind}", params=params)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["data"]
            if not page["has_more"]:
                return found
            params["starting_after"] = found[-1]["id"]


@contextmanager
def hurried(system: System, *timers: Timer) -> Iterator[None]:
    """Meanwhile these timers look each second for what is due, whatever their period.

    What is not due yet by the rules stays so: only the wait for the next look is shorter.
    """
    over = threading.Event()
    thread = threading.Thread(target=_ask_for_timers, args=(system, timers, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _ask_for_timers(system: System, timers: Sequence[Timer], over: threading.Event) -> None:
    asked = [timer_requests.encoded_request(TimerRequest("", each.name)) for each in timers]
    with psycopg.connect(system.owner_dsn, autocommit=True) as connection:
        while not over.is_set():
            for payload in asked:
                connection.execute("SELECT pg_notify(%s, %s)", (Channel.TIMER, payload))
            over.wait(HURRY_SECONDS)


def disarm(system: System) -> None:
    """Forget every fault, rule and plan of the Stripe simulator."""
    for armed in ("faults", "rules", "refund_plans"):
        control(system, armed, "DELETE")


async def await_ready(client: httpx.AsyncClient) -> None:
    """Wait until a web process that was started again answers."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            if (await client.get("/health/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, "the web process does not answer"
        await asyncio.sleep(0.05)


def await_rest(system: System) -> None:
    """Wait until no message about bookings is unsent, no refund unanswered, no webhook under way,
    and processes and all read models have followed; nothing was appended meanwhile.
    """
    end = time.monotonic() + WAIT_SECONDS
    seen = None
    # One connection for all questions: each new one costs the server a process.
    with psycopg.connect(system.owner_dsn, autocommit=True) as database:
        while seen != (head := stored_log.head(database)):
            assert time.monotonic() < end, "events are appended without end"
            seen = head
            _await_followers(system, database)


def await_letters(system: System) -> None:
    """Wait until no message at all is unsent."""
    unsent = "SELECT count(*) FROM ledger.outbox WHERE sent_at IS NULL"
    stored_log.await_row(system.owner_dsn, unsent, lambda count: count == 0)


def _await_followers(system: System, database: psycopg.Connection) -> None:
    stored_log.assert_processes_follow(database)
    stored_log.await_row(database, UNFINISHED, lambda count: count == 0)
    end = time.monotonic() + WAIT_SECONDS
    while under_way := [
        each for each in control(system, "deliveries", "GET")["data"] if each["state"] == "waiting"
    ]:
        assert time.monotonic() < end, under_way
        time.sleep(0.05)
    stored_log.assert_read_models_follow(database)
