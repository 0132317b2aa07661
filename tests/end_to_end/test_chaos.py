"""Break every part of the system while travellers book, pay and cancel; then nobody has lost
anything, and nothing is there twice.

`ops/ais test -m chaos` runs all of it. In every run of the tests is one pause of a server; kills,
lost replies, a full queue and disk, and clocks that disagree have short tests of their own.
"""

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from infrastructure.postgres import roles
from interfaces.roles import ALL_ROLES
from tests.bench.journey_clients import Connection
from tests.support import (
    broken_parts,
    customers,
    paying_travellers,
    running_system,
    stored_log,
)
from tests.support.broken_parts import POSTGRES, VALKEY
from tests.support.customers import Customer
from tests.support.lossy_line import LossyLine, lossy_tcp_line
from tests.support.paying_travellers import Travellers
from tests.support.running_system import System

PARTS = (*ALL_ROLES, POSTGRES, VALKEY)
TRAVELLERS, PAID_BEFORE, PAID_AFTER = 6, 4, 8
FAILOVER_TRAVELLERS = 64
# Longer than a call waits for Postgres.
PAUSE_SECONDS = 12.0
SHORT_PAUSE_SECONDS = 1.5
LOST_REPLIES = 10
# An append of a booking.
APPENDED = b"booking.initiated.1"
FLOOD = 2_500


@asynccontextmanager
async def travelling(
    system: System,
    customer: Customer,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    number: int = TRAVELLERS,
) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Let travellers pay during the block, which gets a function that waits until more have.

    Afterwards nobody has lost anything; a line says how long nobody paid at most.
    """
    travellers = Travellers(customer, running_system.schedule(system, seats=1_000_000))
    tasks = [
        asyncio.create_task(travellers.travel(cancels=each % 3 == 0)) for each in range(number)
    ]

    async def until_paid(count: int) -> None:
        await paying_travellers.more_have_paid(travellers, tasks, count)

    await until_paid(PAID_BEFORE)
    yield until_paid
    await until_paid(PAID_AFTER)
    travellers.stopped = True
    await asyncio.gather(*tasks)
    await paying_travellers.assert_none_lost(system, travellers)
    with capsys.disabled():
        print(
            f"\nchaos: {fault}: {len(travellers.paid)} paid, {len(travellers.cancelled)} "
            f"cancelled; nobody paid for {travellers.longest_pause():.1f} s at most"
        )


@pytest.mark.chaos
@pytest.mark.parametrize("part", PARTS)
@running_system.SEPARATE
async def test_a_part_that_is_killed_costs_nobody_anything(
    system: System, customer: Customer, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    async with travelling(system, customer, capsys, f"kill {part}"):
        await asyncio.to_thread(broken_parts.kill, system, part)


@pytest.mark.chaos
@pytest.mark.parametrize("part", PARTS)
@running_system.SEPARATE
async def test_a_part_that_stands_still_costs_nobody_anything(
    system: System, customer: Customer, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    async with travelling(system, customer, capsys, f"pause {part} for {PAUSE_SECONDS:.0f} s"):
        with broken_parts.paused(system, part):
            await asyncio.sleep(PAUSE_SECONDS)


@running_system.ONE_PROCESS
async def test_a_database_that_stands_still_for_a_moment_costs_nobody_anything(
    system: System, customer: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    async with travelling(system, customer, capsys, f"pause {POSTGRES} for a moment"):
        with broken_parts.paused(system, POSTGRES):
            await asyncio.sleep(SHORT_PAUSE_SECONDS)


@pytest.mark.chaos
@running_system.SEPARATE
async def test_replies_to_commits_that_are_lost_cost_nobody_anything(
    system: System, customer: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The web process reaches Postgres over a TCP line, which drops replies to appends."""
    dsn = system.postgres.dsn(user=roles.APPLICATION_LOGIN)
    async with lossy_tcp_line(dsn) as (line, over_line), _web_uses(system, over_line):
        fault = f"{LOST_REPLIES} lost replies to commits"
        async with travelling(system, customer, capsys, fault) as until_paid:
            for lost in range(1, LOST_REPLIES + 1):
                line.lose_reply_to(APPENDED)
                async with asyncio.timeout(stored_log.WAIT_SECONDS):
                    await _has_lost(line, lost)
                await until_paid(1)


@pytest.mark.chaos
@running_system.STANDBY
async def test_a_primary_that_is_lost_costs_64_travellers_nothing(
    system: System, customer: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert system.standby is not None
    fault = f"lose {POSTGRES} for ever and promote its standby, {FAILOVER_TRAVELLERS} travellers"
    async with travelling(system, customer, capsys, fault, FAILOVER_TRAVELLERS):
        await asyncio.to_thread(system.postgres.kill)
        await asyncio.to_thread(system.standby.promote)


async def _has_lost(line: LossyLine, count: int) -> None:
    while True:
        if line.lost >= count:
            return
        await asyncio.sleep(0.01)


@asynccontextmanager
async def _web_uses(system: System, dsn: str) -> AsyncIterator[None]:
    """Let the web process reach the database by this address; the event loop runs on meanwhile."""
    changed = running_system.other_settings(system, database_url=dsn)
    await asyncio.to_thread(changed.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(changed.__exit__, None, None, None)


@pytest.mark.chaos
@running_system.SEPARATE
async def test_a_flood_while_the_database_stands_still_is_refused_and_can_be_repeated(
    system: System, customer: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    flight = running_system.schedule(system, seats=1_000_000)
    keys = [secrets.token_hex(8) for _ in range(FLOOD)]
    began = time.monotonic()
    with broken_parts.paused(system, POSTGRES):
        statuses = Counter(await _booked_at_once(system, customer, flight, keys))
    took = time.monotonic() - began
    assert statuses.keys() <= {0, 503}, statuses
    assert statuses[503] > FLOOD // 2, statuses
    left = keys
    async with asyncio.timeout(4 * stored_log.WAIT_SECONDS):
        while left:
            found = await _booked_at_once(system, customer, flight, left)
            assert set(found) <= {0, 201, 409, 503}, Counter(found)
            left = [key for key, status in zip(left, found, strict=True) if status != 201]
    assert stored_log.tags(system.owner_dsn, flight).count("flight.seats_held.1") == FLOOD
    assert stored_log.seats(system.owner_dsn, flight) == (1_000_000, FLOOD, 0)
    stored_log.assert_invariants(system.owner_dsn)
    with capsys.disabled():
        print(f"\nchaos: {FLOOD} bookings while {POSTGRES} stands still: {dict(statuses)} ", end="")
        print(f"within {took:.1f} s, all carried out once when it went on")


async def _booked_at_once(
    system: System, customer: Customer, flight: str, keys: Sequence[str]
) -> list[int]:
    """The status of each, all under way together; 0 is no answer."""
    port = int(system.environment["AIS_PORT"])
    body = json.dumps(customers.booking_body(flight)).encode()

    async def one(key: str) -> int:
        headers = {
            **customer.headers,
            "Idempotency-Key": key,
            "Content-Type": "application/json",
            # A process may have no more files open than the system allows.
            "Connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        try:
            status, _ = await Connection(port).post("/api/bookings", lines, body)
        except (OSError, asyncio.IncompleteReadError):
            return 0
        return status

    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        return await asyncio.gather(*(one(key) for key in keys))
