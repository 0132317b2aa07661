"""Known defects of other booking systems that show only from outside, each with its number.

The others stand in `tests/unit/test_known_defects.py`.
"""

import copy
import json
import secrets
import time
from typing import Any

import httpx
import pytest
import stripe

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System


async def test_defect_08_nobody_chooses_how_much_comes_back(
    system: System, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=2)])
    quote = await customer.on(booking["id"], "cancellation-quote", {})
    for wish in ({"amount": 1}, {"refund": {"amount": 9_999_999, "currency": "SAR"}}, {"fee": 0}):
        with pytest.raises(customers.Refused, match="VALIDATION_ERROR"):
            await customer.on(booking["id"], "cancel", {"quoteId": quote["quoteId"], **wish})
    with pytest.raises(customers.Refused, match="FORBIDDEN"):
        await customer.post(
            f"/api/admin/bookings/{booking['id']}/refund", {"amount": 1, "reason": "I wish"}
        )
    assert (await customer.booking(booking["id"]))["status"] == "confirmed"


async def test_defect_12_a_body_that_differs_deep_inside_is_another_request(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    body = customers.booking_body(flight, passengers=2)
    headers = {**customer.headers, "Idempotency-Key": secrets.token_hex(8)}
    first = await client.post("/api/bookings", json=body, headers=headers)
    other = copy.deepcopy(body)
    other["passengers"][1]["lastName"] = "Alotaibi"
    answer = await client.post("/api/bookings", json=other, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_CONFLICT")
    again = await client.post("/api/bookings", json=body, headers=headers)
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("currency", "fare", "shown"),
    [("KWD", 45_120, 45_120), ("JPY", 38_000, 38_000), ("SAR", 40_000, 48_300)],
)
async def test_defect_15_amounts_are_in_the_minor_units_of_their_own_currency(
    system: System,
    customer: Customer,
    currency: str,
    fare: int,
    shown: int,
) -> None:
    """Fault row 40: three decimals and none."""
    flight = running_system.schedule(system, seats=2, fare=fare, currency=currency)
    made = (await customer.send_booking(flight)).json()
    assert made["total"] == {"amount": shown, "currency": currency}
    session = (await customer.send_checkout(made["id"])).json()
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    await customer.becomes(made["id"], "confirmed")
    assert stored_log.balances(system.owner_dsn, made["id"])["1010", currency] == shown


def _event(name: str) -> str:
    intent = {"id": "pi_none", "object": "payment_intent", "status": "succeeded"}
    return json.dumps(
        {
            "id": name,
            "object": "event",
            "type": "payment_intent.succeeded",
            "api_version": stripe.api_version,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": intent},
        }
    )


async def test_defect_17_no_name_of_an_event_opens_the_door(
    system: System, client: httpx.AsyncClient
) -> None:
    for name in ("evt_test_webhook", "evt_00000000000000", "test_evt_1"):
        for signature in (
            {},
            {"Stripe-Signature": "t=1,v1=00"},
            {
                "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(
                    _event(name), "whsec_test"
                )
            },
        ):
            headers = {"Content-Type": "application/json", **signature}
            answer = await client.post(
                "/api/webhooks/stripe", content=_event(name), headers=headers
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_defect_21_webhooks_are_received_at_one_place(
    system: System, client: httpx.AsyncClient
) -> None:
    schema: dict[str, Any] = (await client.get("/schema/openapi.json")).json()
    hooks = [path for path in schema["paths"] if "webhook" in path]
    assert hooks == ["/api/webhooks/stripe"]


async def test_defect_23_the_page_takes_the_amount_due_and_no_code_lowers_it(
    system: System, customer: Customer
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=2)])
    with pytest.raises(customers.Refused, match="VALIDATION_ERROR"):
        await customer.on(booking["id"], "checkout", {"amount": 1})
    session = await customer.on(booking["id"], "checkout")
    async with httpx.AsyncClient(verify=False) as browser:
        page = await browser.get(session["checkoutUrl"])
    assert "483.00" in page.text
    assert "promotion" not in page.text.lower()


async def test_defect_25_there_is_no_way_to_say_that_one_has_paid(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = (await customer.reserved([running_system.schedule(system, seats=2)]))["id"]
    for path in (
        "/api/payments",
        f"/api/bookings/{booking}/payments",
        f"/api/bookings/{booking}/pay",
        f"/api/bookings/{booking}/confirm",
    ):
        answer = await client.post(
            path,
            json={"bookingId": booking, "amount": 48_300, "status": "paid"},
            headers={**customer.headers, "Idempotency-Key": secrets.token_hex(8)},
        )
        assert answer.status_code in {404, 405}, path
    assert (await customer.booking(booking))["status"] == "reserved"
