"""Families over HTTP: birth dates at the sale."""

from typing import Any

import httpx

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System


def family_body(flight: str, **child: Any) -> dict[str, Any]:
    """A booking of one adult and a child."""
    body = customers.booking_body(flight, passengers=2)
    body["passengers"][1].update({"type": "CHD"} | child)
    return body


async def test_a_child_without_or_with_an_impossible_birth_date_is_not_sold(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    field = "passengers[1].birthDate"
    bad_dates: list[tuple[dict[str, Any], str]] = [
        ({}, "missing"),
        ({"birthDate": None}, "missing"),
        ({"birthDate": "2199-01-01"}, "in_the_future"),
        ({"birthDate": "1850-01-01"}, "too_long_ago"),
        ({"birthDate": "2019-02-30"}, "Invalid RFC3339 encoded date"),
        ({"birthDate": "17.05.2019"}, "Invalid RFC3339 encoded date"),
        ({"birthDate": "1990-05-17"}, "age_differs"),
    ]
    for child, reason in bad_dates:
        headers = {**customer.headers, "Idempotency-Key": "family"}
        body = family_body(flight, **child)
        answer = await client.post("/api/bookings", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        details = answer.json()["details"]
        assert (details["field"], details["reason"]) == (field, reason)


async def test_a_child_with_its_birth_date_is_sold(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    body = family_body(flight, birthDate=customers.birth_date("CHD"))
    made = await customer.post("/api/bookings", body)
    assert [each["type"] for each in made["passengers"]] == ["ADT", "CHD"]
