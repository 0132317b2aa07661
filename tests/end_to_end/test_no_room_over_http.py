"""A database without room: what is changed is refused at the edge, reading goes on, and the process
goes back to normal by itself. Fault row 6.
"""

import asyncio

import httpx

from tests.support import refusing_database, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = running_system.ONE_PROCESS


async def test_without_room_nothing_is_changed_and_with_room_everything_again(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    await asyncio.to_thread(running_system.await_rest, system)
    with refusing_database.without_room(system.owner_dsn):
        for _ in range(2):  # the first finds it out, the second is refused at the edge
            refused = await customer.send_booking(flight)
            assert (refused.status_code, refused.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert refused.json()["details"] == {"reason": "read_only"}
            assert int(refused.headers["retry-after"]) > 0
        health = (await client.get("/health/ready")).json()
        assert (health["status"], health["modes"]) == ("degraded", ["read_only"])
        assert health["components"]["room"] == "down"
        assert (await client.get(f"/api/flights/{flight}")).status_code == 200
        assert stored_log.tags(system.owner_dsn, flight).count("flight.seats_held.1") == 0
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        while True:
            health = (await client.get("/health/ready")).json()
            if not health["modes"]:
                break
            await asyncio.sleep(0.05)
    assert "room" not in health["components"]
    assert (await customer.send_booking(flight)).status_code == 201
