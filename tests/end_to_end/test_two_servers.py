"""Two `ais serve` beside each other: one leads, the other takes over; no booking is done twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import psycopg

from application.coordination import Lock
from interfaces.cli import demo_stage
from tests.support import customers, ports, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = running_system.ONE_PROCESS


@asynccontextmanager
async def _through(second: System, customer: Customer) -> AsyncIterator[Customer]:
    """The same customer at the other process."""
    async with httpx.AsyncClient(verify=False, base_url=second.base_url, timeout=30) as client:
        await running_system.await_ready(client)
        yield Customer(client, customer.headers, customer.email)


async def _paid(customer: Customer, flight: str) -> str:
    booking = (await customer.send_booking(flight)).json()["id"]
    session = (await customer.send_checkout(booking)).json()
    await customers.press(session["checkoutUrl"], "pay")
    return str(booking)


def _leader(system: System) -> int | None:
    """The database's process of the connection that leads as scheduler."""
    held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute(held, (Lock.SCHEDULER_LEADER,)).fetchone()
    return None if row is None else int(row[0])


async def _another_leads(system: System, first: int | None) -> None:
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        while True:
            if _leader(system) not in (None, first):
                return
            await asyncio.sleep(0.05)


async def test_a_second_process_takes_over_background_work_when_the_first_is_killed(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=20)
    bookings = []
    with running_system.second_process(system) as second:
        async with _through(second, customer) as elsewhere:
            for _ in range(2):
                bookings += [await _paid(customer, flight), await _paid(elsewhere, flight)]
            first = _leader(system)
            system.processes["serve"].kill()
            system.processes["serve"].wait()
            await _another_leads(system, first)
            # Stripe's webhooks go to the first one.
            demo_stage.restart(system, "serve")
            for booking in bookings:
                await elsewhere.becomes(booking, "confirmed")
            running_system.await_rest(system)
            letters = [len(list(system.mailbox.glob(f"*{each[8:]}*.eml"))) for each in bookings]
            assert letters == [1] * len(bookings)
    await running_system.await_ready(client)
    for booking in bookings:
        assert stored_log.tags(system.owner_dsn, booking).count("booking.confirmed.1") == 1
    stored_log.assert_invariants(system.owner_dsn)


async def _ended(second: System) -> list[dict[str, Any]]:
    """What the process `serve` logged until it ended by itself."""
    log = second.folder / "logs" / "serve.log"
    before = len(log.read_text().splitlines())
    demo_stage.restart(second, "serve")
    ended = await asyncio.to_thread(second.processes["serve"].wait, stored_log.WAIT_SECONDS)
    assert ended == 1
    lines = [json.loads(line) for line in log.read_text().splitlines()[before:]]
    return [each for each in lines if each["pid"] == second.processes["serve"].pid]


async def test_a_process_that_cannot_listen_ends_whole_with_its_reason(system: System) -> None:
    ports_of_metrics = {"serve": ports.free_port()}
    second = msgspec.structs.replace(system, processes={}, metrics_ports=ports_of_metrics)
    logged = [each["event"] for each in await _ended(second)]
    assert any("address already in use" in each for each in logged), logged
    assert "the web ended by itself: the whole process ends" in logged
    assert logged[-1] == "the process ends by an error"


async def test_a_process_whose_port_for_metrics_is_taken_says_so(system: System) -> None:
    elsewhere = {**system.environment, "AIS_PORT": str(ports.free_port())}
    second = msgspec.structs.replace(system, processes={}, environment=elsewhere)
    taken = f"127.0.0.1:{system.metrics_ports['serve']}"
    (line,) = await _ended(second)
    assert line["event"] == f"the process ends: no metrics on {taken}: Address already in use"


async def test_a_session_that_ends_at_one_process_ends_at_the_other(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    with running_system.second_process(system) as second:
        async with _through(second, customer) as elsewhere:
            path = "/api/auth/me"
            assert (await elsewhere.client.get(path, headers=customer.headers)).status_code == 200
            ended = await client.post("/api/auth/logout", headers=customer.headers)
            assert ended.json() == {"ended": 1}
            assert (await client.get(path, headers=customer.headers)).status_code == 401
            # By NOTIFY, a moment later; far sooner than the token expires.
            async with asyncio.timeout(stored_log.WAIT_SECONDS):
                while True:
                    answer = await elsewhere.client.get(path, headers=customer.headers)
                    if answer.status_code == 401:
                        return
                    await asyncio.sleep(0.01)
