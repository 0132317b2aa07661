"""Families over HTTP: names and birth dates at the sale, and travel documents."""

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


async def test_an_infant_is_not_moved_to_a_flight_after_the_second_birthday(
    system: System, customer: Customer
) -> None:
    soon, before, after = (
        running_system.schedule(system, seats=9, leaves_in=dt.timedelta(days=days))
        for days in (10, 15, 25)
    )
    today = dt.datetime.now(dt.UTC).date()
    turns_two = today + dt.timedelta(days=20)
    body = customers.booking_body(soon, passengers=2)
    birth = dt.date(turns_two.year - 2, turns_two.month, min(turns_two.day, 28))
    body["passengers"][1].update({"type": "INF", "birthDate": birth.isoformat()})
    booking = (await customer.post("/api/bookings", body))["id"]
    await customer.pay(booking)
    await customer.becomes(booking, "confirmed")
    with pytest.raises(Refused, match="age_differs"):
        await customer.on(booking, "modification-quote", {"flightId": after})
    assert (await customer.on(booking, "modification-quote", {"flightId": before}))["quoteId"]
    with pytest.raises(Refused, match="NOT_FOUND"):
        await customer.on(booking, "modification-quote", {"flightId": "flight-ZZ9999-2026-99-99"})


async def test_names_that_no_passport_has_are_not_sold(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    bad_names: list[tuple[dict[str, Any], str, str]] = [
        ({"firstName": "نورة"}, "passengers[0].firstName", "not_latin"),
        ({"lastName": "Mr Alharbi"}, "passengers[0].lastName", "title"),
        ({"lastName": "Alharbi2"}, "passengers[0].lastName", "digits"),
        ({"lastName": "<b>Alharbi</b>"}, "passengers[0].lastName", "characters"),
        ({"arabicName": "Noura"}, "passengers[0].arabicName", "not_arabic"),
    ]
    for change, field, reason in bad_names:
        body = customers.booking_body(flight)
        body["passengers"][0] |= change
        headers = {**customer.headers, "Idempotency-Key": "names"}
        answer = await client.post("/api/bookings", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert answer.json()["details"] == {"field": field, "reason": reason}
    del body["passengers"][0]["firstName"]
    answer = await client.post("/api/bookings", json=body, headers=headers)
    assert answer.json()["details"] == {"field": "passengers[0].firstName", "reason": "missing"}


async def test_a_name_in_arabic_stands_beside_the_latin_one_up_to_the_boarding_pass(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9, leaves_in=running_system.SOON)
    body = customers.booking_body(flight, passengers=2)
    body["passengers"][0] |= {"lastName": "Müller", "arabicName": "نورة مولر"}
    body["passengers"][1] |= {"firstName": None, "lastName": "Suharto"}
    booking = await customer.post("/api/bookings", body)
    await customer.pay(booking["id"])
    confirmed = await customer.becomes(booking["id"], "confirmed")
    assert [each["arabicName"] for each in confirmed["passengers"]] == ["نورة مولر", None]
    assert [each["firstName"] for each in confirmed["passengers"]] == ["Noura", "FNU"]
    await customer.on(booking["id"], "check-in", {})
    found = await customer.call("GET", f"/api/bookings/{booking['id']}/boarding-passes")
    carried = [each["bcbp"][2:22].rstrip() for each in found["boardingPasses"]]
    assert carried == ["MUELLER/NOURA", "SUHARTO/FNU"]


async def test_staff_correct_a_whole_name_with_a_reason_and_customers_do_not(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    booking = (await customer.confirmed([flight]))["id"]
    support = await customers.staff(system, client, "support")
    right = {"passenger": 0, "firstName": "Maryam", "lastName": "Alghamdi"}
    with pytest.raises(Refused, match="another_person"):
        await customer.on(booking, "correct-name", right)
    with pytest.raises(Refused, match="FORBIDDEN"):
        await customer.on(booking, "correct-name", {**right, "reason": "as in the passport"})
    with pytest.raises(Refused, match="another_person"):
        await support.on(booking, "correct-name", right)
    body = {**right, "arabicName": "مريم الغامدي", "reason": "as in the passport"}
    found = (await support.on(booking, "correct-name", body))["passengers"][0]
    assert (found["firstName"], found["arabicName"]) == ("Maryam", "مريم الغامدي")
    kept = await customer.on(booking, "correct-name", {**right, "firstName": "Mariam"})
    assert kept["passengers"][0]["arabicName"] == "مريم الغامدي"
    assert (await customer.history(booking))[-2]["reason"] == "by_staff"
    assert (await support.history(booking))[-2]["note"] == "as in the passport"


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
    expires = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=100)
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


async def test_a_citizen_flies_to_another_gulf_state_and_home_with_an_identity_card(
    system: System, customer: Customer
) -> None:
    out, back, beyond = (
        running_system.schedule(
            system,
            seats=9,
            currency="KWD",
            leaves_in=running_system.SOON + dt.timedelta(hours=hours),
            route=route,
        )
        for hours, route in ((0, ("RUH", "KWI")), (4, ("KWI", "RUH")), (8, ("RUH", "CAI")))
    )
    booking = await customer.confirmed([out, back, beyond])
    expires = (dt.datetime.now(dt.UTC) + dt.timedelta(days=9)).date().isoformat()
    card = {"passenger": 0, **PASSPORT, "kind": "identity_card", "expiresOn": expires}
    found = await customer.on(booking["id"], "documents", card)
    problems = [each["documentProblem"] for each in found["passengers"][0]["coupons"]]
    passport = {"reason": "passport_needed", "neededUntil": None, "neededType": None}
    assert problems == [None, None, passport]
    await customer.on(booking["id"], "check-in", {"segment": 0})
    with pytest.raises(Refused, match="passport_needed"):
        await customer.on(booking["id"], "check-in", {"segment": 2})
