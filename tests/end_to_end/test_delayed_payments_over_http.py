"""Payment methods whose bank answers days later, where a setting allows them."""

import asyncio
from typing import Any

import httpx

from tests.support import running_system
from tests.support.customers import Customer
from tests.support.running_system import System


async def _debit(url: str) -> int:
    """Choose the bank debit on Stripe's page; return the status of its answer."""
    async with httpx.AsyncClient(verify=False, timeout=30) as browser:
        form = {"card": "pm_usBankAccount_processing"}
        return (await browser.post(f"{url}/pay", data=form)).status_code


def _intent(system: System, session: str) -> str:
    sessions = running_system.stripe_list(system, "checkout/sessions")
    (found,) = [each for each in sessions if each["id"] == session]
    return str(found["payment_intent"])


async def _waiting(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> tuple[str, dict[str, Any]]:
    """Return a booking whose payment a bank decides about, and its checkout."""
    made = await customer.send_booking(running_system.schedule(system, seats=5))
    booking = str(made.json()["id"])
    checkout: dict[str, Any] = (await customer.send_checkout(booking)).json()
    assert await _debit(checkout["checkoutUrl"]) == 303
    for _ in range(200):
        again = await customer.send_checkout(booking)
        if again.status_code == 409:
            break
        await asyncio.sleep(0.1)
    assert again.json()["code"] == "PAYMENT_PROCESSING"
    assert again.json()["details"]["reason"] == "bank_decides"
    page = await client.get(f"/paid/{booking}")
    assert "some days" in page.text
    held = await client.get(f"/api/bookings/{booking}", headers=customer.headers)
    assert held.json()["status"] == "reserved"
    return booking, checkout


async def test_a_delayed_payment_holds_the_seats_until_its_bank_has_answered(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 20: processing."""
    with running_system.other_settings(system, stripe_delayed_methods="us_bank_account"):
        accepted, refused = [await _waiting(system, client, customer) for _ in range(2)]
        for (_, checkout), succeeds in ((accepted, True), (refused, False)):
            intent = _intent(system, checkout["sessionId"])
            running_system.control(system, "bank_answers", intent=intent, succeeds=succeeds)
        await customer.becomes(accepted[0], "confirmed")
        booking, checkout = refused
        for _ in range(200):
            again = await customer.send_checkout(booking)
            if again.status_code != 409:
                break
            await asyncio.sleep(0.1)
        assert again.json()["sessionId"] != checkout["sessionId"]


async def test_without_the_setting_a_session_takes_cards_only(
    system: System, customer: Customer
) -> None:
    made = await customer.send_booking(running_system.schedule(system, seats=5))
    checkout = (await customer.send_checkout(str(made.json()["id"]))).json()
    assert await _debit(checkout["checkoutUrl"]) == 400
