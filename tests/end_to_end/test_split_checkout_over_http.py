"""Two and three payers pay a booking together at Stripe; what is not complete goes back."""

import asyncio
import secrets
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, shared_bookings, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System


async def shared(
    system: System, customer: Customer, currency: str, payers: int
) -> tuple[str, dict[str, Any]]:
    """A booking and its shares."""
    case = await shared_bookings.shared(system, customer, currency, payers)
    return case.id, {"paymentId": case.payment, "shares": case.shares}


@pytest.mark.parametrize(("currency", "payers"), [("SAR", 2), ("KWD", 3), ("JPY", 3)])
async def test_a_booking_is_confirmed_when_each_payer_has_paid_at_a_link_of_their_own(
    system: System, customer: Customer, currency: str, payers: int
) -> None:
    booking, found = await shared(system, customer, currency, payers)
    links = [each["checkoutUrl"] for each in found["shares"]]
    assert len(set(links)) == payers
    for link in links[1:]:
        assert await customers.press(link, "pay") == 303
    waiting = await customer.call("GET", f"/api/bookings/{booking}/split-checkout")
    await asyncio.to_thread(running_system.await_rest, system)
    waiting = await customer.call("GET", f"/api/bookings/{booking}/split-checkout")
    assert [each["status"] for each in waiting["shares"]] == ["open", *["paid"] * (payers - 1)]
    assert waiting["outstanding"] == found["shares"][0]["amount"]
    assert await customers.press(links[0], "pay") == 303
    await customer.becomes(booking, "confirmed")
    done = await customer.call("GET", f"/api/bookings/{booking}/split-checkout")
    assert {each["status"] for each in done["shares"]} == {"paid"}
    assert done["outstanding"]["amount"] == 0


async def test_the_shares_that_were_paid_go_back_when_the_booking_is_cancelled(
    system: System, customer: Customer
) -> None:
    booking, found = await shared(system, customer, "SAR", 2)
    assert await customers.press(found["shares"][0]["checkoutUrl"], "pay") == 303
    await asyncio.to_thread(running_system.await_rest, system)
    await customer.cancelled(booking)
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event WHERE tag = 'payment.refund_settled.1' "
        f"AND stream = '{found['paymentId']}'",
        lambda settled: settled == 1,
    )
    after = await customer.call("GET", f"/api/bookings/{booking}/split-checkout")
    assert [each["status"] for each in after["shares"]] == ["returned", "expired"]


async def test_one_checkout_for_the_rest_replaces_the_open_shares(
    system: System, customer: Customer
) -> None:
    booking, found = await shared(system, customer, "SAR", 2)
    assert await customers.press(found["shares"][0]["checkoutUrl"], "pay") == 303
    await asyncio.to_thread(running_system.await_rest, system)
    session = await customer.on(booking, "checkout")
    assert await customers.press(found["shares"][1]["checkoutUrl"], "pay") != 303
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    await customer.becomes(booking, "confirmed")


async def test_wrong_shares_name_their_field_and_strangers_see_nothing(
    system: System, customer: Customer, client: httpx.AsyncClient
) -> None:
    booking, found = await shared(system, customer, "SAR", 2)
    path = f"/api/bookings/{booking}/split-checkout"
    amounts = [each["amount"]["amount"] for each in found["shares"]]
    for field, body in (
        ("shares", {"shares": [amounts[0]], "currency": "SAR"}),
        ("shares", {"shares": [*amounts, 500], "currency": "SAR"}),
        ("currency", {"shares": amounts, "currency": "KWD"}),
        ("shares", {"shares": [0, sum(amounts)], "currency": "SAR"}),
        ("shares", {"shares": [500] * 10, "currency": "SAR"}),
    ):
        headers = {**customer.headers, "idempotency-key": secrets.token_hex(8)}
        refused = await client.post(path, json=body, headers=headers)
        assert refused.status_code == 400, refused.text
        assert refused.json()["details"]["field"].startswith(field)
    stranger = await customers.register(client)
    assert (await client.get(path, headers=stranger.headers)).status_code == 404
    body = {"shares": amounts, "currency": "SAR"}
    answer = await client.post(
        path, json=body, headers={**stranger.headers, "idempotency-key": "a"}
    )
    assert answer.status_code == 404
