"""Limits on unpaid seats over HTTP, and people who are booked twice on a flight."""

import asyncio
import secrets

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System


async def test_a_burst_of_one_account_holds_one_party_of_a_flight_and_paying_frees_it(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=100)
    body = customers.booking_body(flight, passengers=3)
    with running_system.other_settings(system, limit_unpaid_flight="9"):
        answers = await asyncio.gather(
            *(
                client.post(
                    "/api/bookings",
                    json=body,
                    headers={**customer.headers, "Idempotency-Key": f"burst-{number}"},
                )
                for number in range(19)
            )
        )
        made = [each.json() for each in answers if each.status_code == 201]
        refused = [each for each in answers if each.status_code == 429]
        assert (len(made), len(refused)) == (3, 16)
        problem = refused[0].json()
        assert problem["code"] == "RATE_LIMITED"
        assert problem["details"] == {"reason": "unpaid_seats_flight", "limit": 9, "unpaid": 9}
        assert 0 < int(refused[0].headers["retry-after"]) <= 901
        await customer.pay(made[0]["id"])
        await customer.becomes(made[0]["id"], "confirmed")
        assert (await customer.post("/api/bookings", body, key="after"))["status"] == "reserved"


@pytest.mark.parametrize("limit", ["limit_unpaid_account", "limit_unpaid_address"])
async def test_seats_on_many_flights_are_limited_and_a_repeat_gets_its_stored_answer(
    system: System, client: httpx.AsyncClient, customer: Customer, limit: str
) -> None:
    flights = [running_system.schedule(system, seats=9) for _ in range(3)]
    # An address of its own: this machine's has held seats for other tests.
    client.headers["x-forwarded-for"] = f"2001:db8:{secrets.token_hex(2)}::1"
    settings = {limit: "8", "trusted_proxies": "127.0.0.0/8"}
    with running_system.other_settings(system, **settings):
        await customer.post("/api/bookings", customers.booking_body(flights[0], passengers=6))
        headers = {**customer.headers, "Idempotency-Key": "third"}
        body = customers.booking_body(flights[1], passengers=3)
        refused = await client.post("/api/bookings", json=body, headers=headers)
        assert (refused.status_code, refused.json()["details"]["limit"]) == (429, 8)
        small = customers.booking_body(flights[2], passengers=2)
        headers["Idempotency-Key"] = "fourth"
        for repeated in (False, True):
            answer = await client.post("/api/bookings", json=small, headers=headers)
            assert answer.status_code == 201
            assert ("idempotency-replayed" in answer.headers) == repeated


async def test_a_person_who_is_booked_twice_on_a_flight_is_flagged(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    names = (("Noura", "Al-Harbi"), ("NOURA", "Alharbi"), ("Nouf", "Alharbi"))
    references = []
    for first, last in names:
        body = customers.booking_body(flight)
        body["passengers"][0].update(firstName=first, lastName=last)
        references.append((await customer.post("/api/bookings", body))["reference"])
    gate = await customers.staff(system, client, "gate")
    listed = await customers.listed(system, gate, f"/api/admin/flights/{flight}/manifest")
    found = {each["reference"]: each["duplicateOf"] for each in listed["passengers"]}
    one, two, other = references
    assert found == {one: [two], two: [one], other: []}
