"""How many requests to Stripe a journey costs: Stripe's limits are reached by these alone.

Counted in the request log of the Stripe simulator, by the ids of the journey's own objects.
"""

import asyncio
from typing import Any

import httpx

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

# One creates the session: what the signed webhooks say is not read again.
PAID = 1
# The open session is read before it is handed out again.
DECLINED_THEN_PAID = PAID + 1
# One creates the refund. The intent is read before it, unless the timer has checked the capture.
PAID_THEN_REFUNDED = {PAID + 1, PAID + 2}


async def test_a_paid_booking_in_good_order_costs_these_calls_to_stripe(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    session = await customer.on(booking, "checkout")
    await _pay(customer, booking, session)
    assert len(found := await _calls(system, session)) == PAID, found


async def test_a_declined_card_before_costs_these_calls_to_stripe(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    session = await customer.on(booking, "checkout")
    await customers.press(session["checkoutUrl"], "decline")
    await _at_rest(system)
    session = await customer.on(booking, "checkout")
    await _pay(customer, booking, session)
    assert len(found := await _calls(system, session)) == DECLINED_THEN_PAID, found


async def test_a_booking_that_is_refunded_costs_these_calls_to_stripe(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    session = await customer.on(booking, "checkout")
    await _pay(customer, booking, session)
    await customer.cancelled(booking)
    await customer.becomes(booking, "refunded")
    assert len(found := await _calls(system, session)) in PAID_THEN_REFUNDED, found


async def _reserved(system: System, customer: Customer) -> str:
    made = await customer.send_booking(running_system.schedule(system, seats=5))
    return str(made.json()["id"])


async def _pay(customer: Customer, booking: str, session: dict[str, Any]) -> None:
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    await customer.becomes(booking, "confirmed")


async def _at_rest(system: System) -> None:
    """Wait until every webhook has its effect."""
    await asyncio.to_thread(running_system.await_rest, system)
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        "SELECT count(*) FROM inbox.stripe_event WHERE state = 'new'",
        lambda count: count == 0,
    )


async def _calls(system: System, session: dict[str, Any]) -> list[str]:
    """Return the journey's requests once nothing is under way: those about its payment's keys,
    its session, its intent and its refunds."""
    await _at_rest(system)
    logged = running_system.control(system, "requests", "GET")["data"]
    key = system.settings.stripe_api_key.reveal()
    async with httpx.AsyncClient(verify=False, base_url=system.stripe_url, auth=(key, "")) as api:
        known = (await api.get(f"/v1/checkout/sessions/{session['sessionId']}")).json()
        intent = known["payment_intent"]
        refunds = (await api.get("/v1/refunds", params={"payment_intent": intent})).json()["data"]
    objects = [session["sessionId"], intent, *(refund["id"] for refund in refunds)]
    return [
        f"{each['method']} {each['path']}"
        for each in logged
        if session["paymentId"] in (each["key"] or "")
        or any(each_id in each["path"].split("/") for each_id in objects)
    ]
