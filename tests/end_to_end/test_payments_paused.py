"""Payments are paused: Stripe is not called, sales go on, and what waited is done afterwards."""

import asyncio
import secrets
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest

from infrastructure.stripe import breaker
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.modes import until_modes_are
from tests.support.operator_shell import printed
from tests.support.running_system import System

PATH = "/api/admin/modes/payments"
pytestmark = running_system.ONE_PROCESS


async def test_while_an_operator_pauses_payments_stripe_is_not_called_and_sales_go_on(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    shown = await printed(system, "modes", "payments", "pause", "--reason", "a test")
    assert "payments_paused on since" in shown
    assert "by operator: a test" in shown
    assert (await until_modes_are(client, ["payments_paused"]))["stripe"] == "down"
    booking = (await customer.send_booking(flight)).json()["id"]
    key = secrets.token_hex(8)
    refused = await customer.send_checkout(booking, key=key)
    assert (refused.status_code, refused.json()["retryable"]) == (502, True)
    assert int(refused.headers["retry-after"]) > 0

    ops = await customers.fresh_staff(system, client, "ops")
    with pytest.raises(customers.Refused, match="403"):
        await customer.call("DELETE", PATH)
    again = await ops.post(PATH, {"reason": "takes longer"})
    assert (again["mode"], again["reason"]) == ("payments_paused", "takes longer")
    assert await ops.call("DELETE", PATH) == {"ended": True}
    assert "stripe" not in await until_modes_are(client, [])
    opened = (await customer.send_checkout(booking, key=key)).json()
    assert await customers.press(opened["checkoutUrl"], "pay") == 303
    await customer.becomes(booking, "confirmed")


async def _letters(system: System, reference: str) -> list[Path]:
    """Return the letters with the link of a payment page, once there is one."""
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        while True:
            found = list(system.mailbox.glob(f"payment-link-{reference}*.eml"))
            if found:
                return found
            await asyncio.sleep(0.1)


# Takes as long as a traveller is left to wait before the attempt counts as delayed: 20 seconds.
async def test_a_checkout_while_stripe_is_away_is_opened_later_and_its_seats_stay_held(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    booking = (await customer.send_booking(flight)).json()
    key = secrets.token_hex(8)
    running_system.control(system, "faults", "PUT", kind="lost_before", times=10**6)
    for _ in range(breaker.OUTAGES):
        delayed = await customer.send_checkout(booking["id"], key=key)
        problem = delayed.json()
        assert (delayed.status_code, problem["code"]) == (504, "PROVIDER_TIMEOUT")
        assert problem["details"]["reason"] == "payment_delayed"
        assert problem["details"]["heldUntil"] == booking["holdUntil"]
        assert int(delayed.headers["retry-after"]) > 0
    assert (await until_modes_are(client, ["payments_paused"]))["stripe"] == "down"
    at_once = await customer.send_checkout(booking["id"], key=key)
    assert (at_once.status_code, at_once.json()["code"]) == (502, "PROVIDER_ERROR")
    assert at_once.json()["details"] == problem["details"]

    running_system.disarm(system)
    (letter,) = await _letters(system, booking["reference"])
    assert (await customer.booking(booking["id"]))["holdUntil"] > booking["holdUntil"]
    assert "stripe" not in await until_modes_are(client, [])
    opened = (await customer.send_checkout(booking["id"], key=key)).json()
    text = message_from_bytes(letter.read_bytes(), policy=policy.default)
    body = text.get_body(("plain",))
    assert body is not None
    assert opened["checkoutUrl"] in body.get_content()
    assert await customers.press(opened["checkoutUrl"], "pay") == 303
    await customer.becomes(booking["id"], "confirmed")
    assert await _letters(system, booking["reference"]) == [letter]
