"""Limits of two web processes with one Redis: by address, account and kind of route, whatever
becomes of Redis."""

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import httpx
import msgspec
import pytest

from infrastructure.embedded.valkey_server import EmbeddedValkey
from interfaces.cli import demo_stage
from interfaces.http.rate_limit import STORE_PAUSE_SECONDS
from tests.support import customers, ports, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System
from tests.support.servers import private_folder

pytestmark = running_system.SEPARATE

LIMITS = {"ANONYMOUS": 40, "SIGNED_IN": 30, "BOOKING": 7, "AUTHENTICATION": 12}
SEARCHED = {"from": "RUH", "to": "JED", "date": "2030-01-01"}


class Two(msgspec.Struct, frozen=True):
    """Clients of the two processes, the system behind them, and the Redis between."""

    clients: tuple[httpx.AsyncClient, httpx.AsyncClient]
    system: System
    valkey: EmbeddedValkey

    async def at_once(
        self, count: int, method: str, path: str, who: Customer | None = None, body: object = None
    ) -> list[httpx.Response]:
        """So many requests at the same time, at each process in turn."""
        headers = {} if who is None else who.headers
        turns = itertools.islice(itertools.cycle(self.clients), count)
        asked = [
            each.request(method, path, json=body, headers={**headers, "Idempotency-Key": f"k{n}"})
            for n, each in enumerate(turns)
        ]
        return await asyncio.gather(*asked)


@pytest.fixture
def webs(system: System) -> Iterator[tuple[System, EmbeddedValkey, list[str]]]:
    """Two more web processes of the system, with limits, and a Redis of their own."""
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder())
        (folder / "logs").mkdir()
        valkey = stack.enter_context(EmbeddedValkey(folder / "valkey"))
        urls = []
        for _ in range(2):
            port = str(ports.free_port())
            limits = {f"AIS_LIMIT_{name}": str(count) for name, count in LIMITS.items()}
            own = {**limits, "AIS_PORT": port, "AIS_REDIS_URL": valkey.url}
            web = msgspec.structs.replace(
                system,
                environment={**system.environment, **own},
                processes={},
                folder=folder,
                metrics_ports={"web": ports.free_port()},
            )
            demo_stage.restart(web, "web")
            stack.callback(_end, web)
            urls.append(f"http://127.0.0.1:{port}")
        yield system, valkey, urls


def _end(web: System) -> None:
    web.processes["web"].kill()
    web.processes["web"].wait()


@pytest.fixture
async def two(webs: tuple[System, EmbeddedValkey, list[str]]) -> AsyncIterator[Two]:
    system, valkey, (first, second) = webs
    async with (
        httpx.AsyncClient(base_url=first, timeout=30) as one,
        httpx.AsyncClient(base_url=second, timeout=30) as other,
    ):
        for each in (one, other):
            await running_system.await_ready(each)
        yield Two((one, other), system, valkey)


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    """How often each status was answered; every refusal says how long to wait."""
    for each in answers:
        if each.status_code == 429:
            assert each.json()["code"] == "RATE_LIMITED"
            assert int(each.headers["retry-after"]) > 0
            assert each.headers["ratelimit-remaining"] == "0"
    return Counter(each.status_code for each in answers)


async def test_one_window_of_an_address_an_account_and_a_kind_of_route(
    two: Two, client: httpx.AsyncClient
) -> None:
    one, other = [await customers.register(client) for _ in range(2)]
    found = statuses(await two.at_once(100, "POST", "/api/flights/search", body=SEARCHED))
    assert found == {200: LIMITS["ANONYMOUS"], 429: 100 - LIMITS["ANONYMOUS"]}
    # The address is used up for strangers, and not for a user.
    flight = running_system.schedule(two.system, seats=100)
    body = customers.booking_body(flight)
    booked = statuses(await two.at_once(20, "POST", "/api/bookings", one, body))
    assert booked == {201: LIMITS["BOOKING"], 429: 20 - LIMITS["BOOKING"]}
    # Booking is used up for this user, reading is not; for the other user neither.
    left = LIMITS["SIGNED_IN"] - 20
    read = statuses(await two.at_once(30, "GET", "/api/auth/me", one))
    assert read == {200: left, 429: 30 - left}
    theirs = statuses(await two.at_once(20, "POST", "/api/bookings", other, body))
    assert theirs == {201: LIMITS["BOOKING"], 429: 20 - LIMITS["BOOKING"]}
    account = {"email": "nobody@example.com", "password": "not the password"}
    guesses = statuses(await two.at_once(30, "POST", "/api/auth/mobile-login", None, account))
    assert guesses == {401: LIMITS["AUTHENTICATION"], 429: 30 - LIMITS["AUTHENTICATION"]}


async def _searching(two: Two, ended: asyncio.Event) -> list[httpx.Response]:
    """Searches at both processes until the event, each within some seconds."""
    answers: list[httpx.Response] = []
    while not ended.is_set():
        began = time.monotonic()
        answers += await two.at_once(4, "POST", "/api/flights/search", body=SEARCHED)
        assert time.monotonic() - began < stored_log.WAIT_SECONDS / 4
        await asyncio.sleep(0.05)
    return answers


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
async def test_without_redis_requests_are_slower_and_limits_are_those_of_each_process(
    two: Two, client: httpx.AsyncClient, how: signal.Signals
) -> None:
    customer = await customers.register(client)
    flight = running_system.schedule(two.system, seats=100)
    body = customers.booking_body(flight)
    ended = asyncio.Event()
    searching = asyncio.create_task(_searching(two, ended))
    first = await two.at_once(2, "POST", "/api/bookings", customer, body)
    assert [each.status_code for each in first] == [201, 201]
    os.kill(two.valkey.pid, how)
    try:
        without = await two.at_once(40, "POST", "/api/bookings", customer, body)
        repeated = await two.at_once(2, "POST", "/api/bookings", customer, body)
    finally:
        if how is signal.SIGSTOP:
            os.kill(two.valkey.pid, signal.SIGCONT)
        ended.set()
    answers = await searching
    found = statuses(without)
    # Each process counts for itself from here on, and never beyond its own window; the first two
    # requests have made two of the bookings.
    assert set(found) <= {201, 429}
    assert LIMITS["BOOKING"] - 2 <= found[201] <= 2 * LIMITS["BOOKING"]
    assert {each.status_code for each in repeated} <= {201, 429}
    assert set(statuses(answers)) <= {200, 429}
    made = [each.json()["id"] for each in (*first, *without) if each.status_code == 201]
    held = stored_log.tags(two.system.owner_dsn, flight).count("flight.seats_held.1")
    assert held == len(set(made))
    stored_log.assert_invariants(two.system.owner_dsn)


async def test_a_redis_that_answers_again_counts_for_both_again(
    two: Two, client: httpx.AsyncClient
) -> None:
    os.kill(two.valkey.pid, signal.SIGSTOP)
    try:
        alone = await two.at_once(2, "POST", "/api/flights/search", body=SEARCHED)
        assert statuses(alone) == {200: 2}
    finally:
        os.kill(two.valkey.pid, signal.SIGCONT)
    await asyncio.sleep(STORE_PAUSE_SECONDS + 1)
    customer = await customers.register(client)
    read = statuses(await two.at_once(60, "GET", "/api/auth/me", customer))
    assert read == {200: LIMITS["SIGNED_IN"], 429: 60 - LIMITS["SIGNED_IN"]}
