"""Families over HTTP: birth dates at the sale, and travel documents."""

import datetime as dt
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import PASSPORT, Customer, Refused
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


async def test_a_document_that_does_for_one_of_two_flights_is_recorded_with_what_it_lacks(
    system: System, customer: Customer
) -> None:
    soon, later = (
        running_system.schedule(
            system, seats=9, currency="KWD", leaves_in=dt.timedelta(days=days), route=route
        )
        for days, route in ((3, ("RUH", "DXB")), (40, ("DXB", "RUH")))
    )
    booking = await customer.confirmed([soon, later], party=("ADT", "CHD"))
    expires = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=200)
    body = {"passenger": 0, **PASSPORT, "nationality": "D", "expiresOn": expires.isoformat()}
    found = await customer.on(booking["id"], "documents", body)
    out, back = found["passengers"][0]["coupons"]
    assert out["documentProblem"] is None
    assert back["documentProblem"]["reason"] == "expires_too_soon"
    assert back["documentProblem"]["neededUntil"] > expires.isoformat()
    assert {each["documentProblem"] for each in found["passengers"][1]["coupons"]} == {None}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"birthDate": "2199-01-01"}, "in_the_future"),
        ({"birthDate": "1850-01-01"}, "too_long_ago"),
        ({"nationality": "ZZZ"}, "unknown_country"),
        ({"expiresOn": "2020-01-01"}, "expires_too_soon"),
        ({"birthDate": "2020-01-01"}, "age_differs"),
    ]
    for change, reason in bad:
        with pytest.raises(Refused, match=reason) as refusal:
            await customer.on(booking["id"], "documents", {**body, **change})
        assert refusal.value.status == 400
