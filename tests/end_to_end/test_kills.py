"""`kill -9` under load, again and again, in both forms of processes: whatever was acknowledged is
there, once."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable

import httpx
import psycopg

from tests.support import running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = running_system.EACH_FORM
KILLS = 10
# Of separate processes: each start of one takes seconds.
SEPARATE_KILLS = 5
CLIENTS = 16
READY_SECONDS = 120.0


async def test_killing_the_web_process_loses_and_doubles_nothing(
    system: System, customer: Customer
) -> None:
    async def kill() -> None:
        running_system.restart(system, "web")

    await _under_load(system, customer, kill)


async def test_killing_postgres_loses_and_doubles_nothing(
    system: System, customer: Customer
) -> None:
    async def kill() -> None:
        os.killpg(system.postgres.pid, signal.SIGKILL)
        await asyncio.to_thread(system.postgres.restart_after_kill)

    await _under_load(system, customer, kill)


async def _under_load(
    system: System,
    customer: Customer,
    kill: Callable[[], Awaitable[None]],
) -> None:
    flight = running_system.schedule(system, seats=1_000_000)
    acknowledged: dict[str, str] = {}
    asked: set[str] = set()
    stop = asyncio.Event()

    async def one_client() -> None:
        while not stop.is_set():
            key = secrets.token_hex(8)
            asked.add(key)
            while not stop.is_set():
                try:
                    answer = await customer.send_booking(flight, key=key)
                except httpx.TransportError:
                    await asyncio.sleep(0.5)
                    continue
                if answer.status_code == 201:
                    acknowledged[key] = answer.json()["id"]
                    break
                assert answer.status_code == 503, answer.text
                await asyncio.sleep(0.05)

    clients = [asyncio.create_task(one_client()) for _ in range(CLIENTS)]
    for _ in range(KILLS if "serve" in system.processes else SEPARATE_KILLS):
        before = len(acknowledged)
        await _until(lambda known=before: len(acknowledged) > known + 20)
        await kill()
    before = len(acknowledged)
    await _until(lambda: len(acknowledged) > before + 20)
    stop.set()
    await asyncio.gather(*clients)
    _assert_all_there(system, flight, acknowledged, asked)


def _assert_all_there(
    system: System, flight: str, acknowledged: dict[str, str], asked: set[str]
) -> None:
    with psycopg.connect(system.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT payload FROM ledger.event WHERE stream = %s AND tag = 'flight.seats_held.1'",
            (flight,),
        ).fetchall()
        held = [row[0].decode().split('"booking":"', 1)[1].split('"', 1)[0] for row in rows]
    assert len(held) == len(set(held))
    assert set(acknowledged.values()) <= set(held)
    assert len(set(acknowledged.values())) == len(acknowledged)
    assert len(held) <= len(asked), "a key made more than one booking"
    stored_log.assert_invariants(system.owner_dsn)


async def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + READY_SECONDS
    while not holds():
        assert time.monotonic() < end, "no progress"
        await asyncio.sleep(0.02)
