"""The cases that the customer named, each from the search on, over HTTP against every process."""

import asyncio
import datetime as dt
import secrets
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

ON_A_DAY_WITH_FEW_FLIGHTS = dt.timedelta(days=45)


async def _found(system: System, customer: Customer) -> dict[str, Any]:
    """A flight as the search shows it; the read model may be a moment behind."""
    flight = running_system.schedule(system, seats=2, leaves_in=ON_A_DAY_WITH_FEW_FLIGHTS)
    wish = {"from": "RUH", "to": "JED", "date": flight[-10:], "passengers": 1}
    for _ in range(int(stored_log.WAIT_SECONDS / 0.05)):
        for each in (await customer.post("/api/flights/search", wish))["flights"]:
            if each["id"] == flight:
                found: dict[str, Any] = each
                return found
        await asyncio.sleep(0.05)
    raise AssertionError("the search never showed the flight")


async def _booked(system: System, customer: Customer) -> dict[str, Any]:
    flight = await _found(system, customer)
    wanted = {"flightIds": [flight["id"]], "passengers": [_ADULT]}
    quote = await customer.post("/api/quotes", wanted)
    body = {
        "quoteId": quote["quoteId"],
        "passengers": [{"firstName": "Noura", "lastName": "Alharbi", **_ADULT}],
        "contact": {"email": "noura@example.com"},
    }
    made = await customer.post("/api/bookings", body)
    assert made["total"] == quote["total"]
    return made


_ADULT = {"type": "ADT"}


async def test_search_book_pay_confirm(system: System, customer: Customer) -> None:
    booking = await _booked(system, customer)
    assert booking["status"] == "reserved"
    await customer.pay(booking["id"])
    confirmed = await customer.becomes(booking["id"], "confirmed")
    assert len(confirmed["passengers"][0]["ticketNumber"]) == 13
    stored_log.assert_invariants(system.owner_dsn)


async def test_cancel_and_refund(system: System, customer: Customer) -> None:
    booking = await _booked(system, customer)
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")
    await customer.cancelled(booking["id"])
    refunded = await customer.becomes(booking["id"], "refunded")
    assert refunded["refund"] == booking["total"]
    assert set(stored_log.balances(system.owner_dsn, booking["id"]).values()) == {0}


async def test_the_same_request_again_is_one_booking(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=2)
    headers = {**customer.headers, "Idempotency-Key": secrets.token_hex(8)}
    body = customers.booking_body(flight)
    first = await client.post("/api/bookings", json=body, headers=headers)
    again = await client.post("/api/bookings", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert stored_log.tags(system.owner_dsn, flight).count("flight.seats_held.1") == 1


async def test_a_failed_payment_keeps_the_hold_and_costs_nothing(
    system: System, customer: Customer
) -> None:
    booking = await _booked(system, customer)
    await customer.pay(booking["id"], button="decline")
    found = await customer.booking(booking["id"])
    assert found["status"] == "reserved"
    assert "checkout" in found["availableActions"]
    assert stored_log.balances(system.owner_dsn, booking["id"]) == {}
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")


async def test_seats_are_back_on_sale_after_a_cancellation(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    booking = await customer.confirmed([flight])
    with pytest.raises(customers.Refused, match="SEATS_UNAVAILABLE"):
        await customer.reserved([flight])
    await customer.cancelled(booking["id"])
    assert (await customer.reserved([flight]))["status"] == "reserved"
