"""Maintenance of the whole system, as its runbook has it: reading goes on, nothing is changed, and
afterwards everything that waited is done.
"""

import asyncio
import datetime as dt

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.modes import until_modes_are
from tests.support.operator_shell import printed
from tests.support.running_system import System

# That of the session, and that of its capture, which would have been a fact at once.
STORED = "SELECT count(*) FROM inbox.stripe_event WHERE state = 'new'"
PATH = "/api/admin/modes/maintenance"
pytestmark = running_system.EACH_FORM


async def test_during_maintenance_all_is_read_nothing_is_changed_and_no_payment_is_lost(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    booking = (await customer.send_booking(flight)).json()["id"]
    session = (await customer.send_checkout(booking)).json()
    await asyncio.to_thread(running_system.await_rest, system)

    until = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
    planned = f"{until:%Y-%m-%dT%H:%M:%S}"
    wanted = ("maintenance", "on", "--reason", "a drill", "--until", planned)
    shown = await printed(system, "modes", *wanted)
    assert "by operator: a drill" in shown
    await until_modes_are(client, ["maintenance"])
    before = stored_log.tags(system.owner_dsn, booking)

    refused = await customer.send_booking(flight)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert problem["retryable"] is True
    assert problem["details"]["reason"] == "maintenance"
    assert problem["details"]["until"] == f"{planned}Z"
    assert 0 < int(refused.headers["retry-after"]) <= 300
    for path in (f"/api/bookings/{booking}/cancel", "/api/auth/register"):
        assert (await client.post(path, json={})).status_code == 503
    assert (await client.get(f"/api/flights/{flight}")).status_code == 200
    again = await customers.signed_in_again(customer)
    assert (await again.booking(booking))["status"] == "reserved"

    # The simulated Stripe sends its events again where one is not answered with 2xx.
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    await asyncio.to_thread(stored_log.await_row, system.owner_dsn, STORED, lambda new: new >= 2)
    # Stripe's page leads back to this one, which would ask Stripe in normal operation.
    assert (await client.get(f"/paid/{booking}?again=0")).status_code == 200
    assert "maintenance since" in await printed(system, "doctor")
    assert stored_log.tags(system.owner_dsn, booking) == before

    assert await printed(system, "modes", "maintenance", "off") == ("maintenance ended\n")
    await customer.becomes(booking, "confirmed")
    assert (await customer.send_booking(flight)).status_code == 201


async def test_operations_begin_and_end_maintenance_over_http_and_nobody_else_does(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    with pytest.raises(customers.Refused, match="403"):
        await customer.post(PATH, {"reason": "a drill"})
    ops = await customers.fresh_staff(system, client, "ops")
    with pytest.raises(customers.Refused) as refused:
        await ops.post(PATH, {"reason": "a drill", "until": "2020-01-01T00:00:00Z"})
    assert refused.value.body["details"] == {"field": "until", "reason": "not_ahead"}
    started = await ops.post(PATH, {"reason": "a drill"})
    assert (started["mode"], started["until"]) == ("maintenance", None)
    assert started["actor"].startswith("ops:")
    await until_modes_are(client, ["maintenance"])
    assert await ops.call("GET", "/api/admin/modes") == {"modes": [started]}
    assert await ops.call("DELETE", PATH) == {"ended": True}
    await until_modes_are(client, [])
    assert await ops.call("DELETE", PATH) == {"ended": False}
