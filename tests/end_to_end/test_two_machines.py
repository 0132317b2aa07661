"""Two machines with every role on each: one dies with all it has, and the other finishes the work.

A machine is a set of processes with ports of its own. They share nothing but PostgreSQL and Redis.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from interfaces.roles import ALL_ROLES
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.front_doors import front_doors
from tests.support.running_system import System

pytestmark = running_system.SEPARATE
# What the dead worker had taken, the other one gets once it is known to be gone: after a minute,
# and then with one of its next commands to Redis.
LETTER_SECONDS = 4 * stored_log.WAIT_SECONDS


@pytest.fixture
def other(system: System) -> Iterator[System]:
    """The second machine; the first one is whole again afterwards."""
    with ExitStack() as stack:
        machines = [
            stack.enter_context(running_system.second_process(system, role)) for role in ALL_ROLES
        ]
        yield machines[ALL_ROLES.index("web")]
        running_system.restart(system, *ALL_ROLES)
        running_system.await_web(system)


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _letters(system: System, booking: str) -> list[Path]:
    return list(system.mailbox.glob(f"*{booking[8:]}*.eml"))


async def _unpaid(customer: Customer, flight: str) -> tuple[str, str]:
    """A booking and the address of its payment page."""
    booking = (await customer.send_booking(flight)).json()["id"]
    return booking, (await customer.send_checkout(booking)).json()["checkoutUrl"]


async def test_a_machine_dies_with_all_its_roles_and_the_other_finishes_every_booking(
    system: System, other: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=20)
    first, second = _port(system.base_url), _port(other.base_url)
    async with httpx.AsyncClient(verify=False, base_url=other.base_url, timeout=30) as client:
        await running_system.await_ready(client)
    with front_doors([[first, second]]) as (door,):
        # A connection for each request, so that requests take turns between the machines.
        limits = httpx.Limits(max_keepalive_connections=0)
        url = f"http://127.0.0.1:{door.port}"
        async with httpx.AsyncClient(
            verify=False, base_url=url, timeout=30, limits=limits
        ) as client:
            traveller = Customer(client, customer.headers, customer.email)
            begun = [await _unpaid(traveller, flight) for _ in range(4)]
            await customers.press(begun[0][1], "pay")
            await traveller.becomes(begun[0][0], "confirmed")
            for role in ALL_ROLES:
                running_system.process(system, role).kill()
                running_system.process(system, role).wait()
            # The other machine takes the address over: Stripe goes on sending its webhooks there.
            with front_doors([[second]], port=first):
                begun += [await _unpaid(traveller, flight) for _ in range(2)]
                for _, page in begun[1:]:
                    await customers.press(page, "pay")
                for booking, _ in begun:
                    await traveller.becomes(booking, "confirmed")
                await asyncio.to_thread(running_system.await_rest, system)
    end = time.monotonic() + LETTER_SECONDS
    while missing := [booking for booking, _ in begun if not _letters(system, booking)]:
        assert time.monotonic() < end, missing
        await asyncio.sleep(0.2)
    for booking, _ in begun:
        assert len(_letters(system, booking)) == 1
        assert stored_log.tags(system.owner_dsn, booking).count("booking.confirmed.1") == 1
    stored_log.assert_invariants(system.owner_dsn)
