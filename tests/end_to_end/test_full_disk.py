"""The database's disk is full while customers book: 503, an honest health page, and nothing that
was acknowledged is lost; with room it goes on.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from interfaces.cli import demo_stage
from tests.support import broken_parts, ports, running_system, servers, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = pytest.mark.chaos
DISK_MEGABYTES = 400
REFUSED_LONG_ENOUGH = 20


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """A system whose database has a small disk of its own."""
    with (
        servers.quick_folder() as folder,
        broken_parts.small_disk(folder / "postgres", DISK_MEGABYTES),
        demo_stage.stage(
            folder, port=ports.free_port(), overrides=running_system.OVERRIDES
        ) as ready,
    ):
        yield ready


async def test_a_full_disk_refuses_loudly_and_loses_nothing_acknowledged(
    system: System,
    customer: Customer,
    client: httpx.AsyncClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    flight = running_system.schedule(system, seats=1_000_000)
    acknowledged: dict[str, str] = {}
    refused = Counter[str]()

    async def book(key: str) -> None:
        try:
            answer = await customer.send_booking(flight, key=key)
        except httpx.TransportError as error:
            refused[type(error).__name__] += 1
            return
        if answer.status_code == 201:
            acknowledged[key] = answer.json()["id"]
        else:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            refused["503"] += 1

    keys: list[str] = []
    with broken_parts.filled(system.folder / "postgres"):
        end = time.monotonic() + 4 * stored_log.WAIT_SECONDS
        while refused.total() < REFUSED_LONG_ENOUGH:
            assert time.monotonic() < end, "the disk is never full"
            batch = [f"disk-{len(keys) + number}" for number in range(50)]
            keys += batch
            await asyncio.gather(*(book(key) for key in batch))
        health = await client.get("/health/ready")
        if health.status_code == 200:  # else the server has ended, for want of room for its log
            assert health.json()["modes"] == ["read_only"]
            assert health.json()["status"] == "degraded"
    await asyncio.to_thread(_restart_if_ended, system)
    began = time.monotonic()
    stored = stored_log.tags(system.owner_dsn, flight).count("flight.seats_held.1")
    assert stored >= len(acknowledged)
    before = dict(acknowledged)
    async with asyncio.timeout(4 * stored_log.WAIT_SECONDS):
        while left := [key for key in keys if key not in acknowledged]:
            await asyncio.gather(*(book(key) for key in left[:50]))
    took = time.monotonic() - began
    assert before.items() <= acknowledged.items()
    assert (await client.get("/health/ready")).json()["modes"] == []
    assert stored_log.tags(system.owner_dsn, flight).count("flight.seats_held.1") == len(keys)
    stored_log.assert_invariants(system.owner_dsn)
    with capsys.disabled():
        print(f"\nchaos: full disk: {len(before)} acknowledged, {dict(refused)}, ", end="")
        print(f"health {health.status_code}; all carried out {took:.1f} s after there was room")


def _restart_if_ended(system: System) -> None:
    """Without room for its log the server ends; the operator starts it again."""
    assert system.postgres._process is not None
    if system.postgres._process.poll() is not None:
        system.postgres.restart_after_kill()
