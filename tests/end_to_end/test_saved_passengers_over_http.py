"""Passengers that an account saves: sealed, booked by id, and seen by nobody else."""

import asyncio
import datetime as dt
from typing import Any

import httpx
import psycopg
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

PATH = "/api/me/passengers"
SAVED = {
    "firstName": "Thurayya",
    "lastName": "Almutlaq",
    "arabicName": "ثريا المطلق",
    "birthDate": "1988-03-04",
    "sex": "F",
    "nationality": "D",
    "document": {
        "kind": "passport",
        "number": "C01X00T47",
        "issuingCountry": "D",
        "expiresOn": "2035-01-01",
    },
}
SHOWN = {
    **SAVED,
    "nationality": "DEU",
    "document": {**SAVED["document"], "issuingCountry": "DEU"},  # type: ignore[dict-item]
}


def body(flight: str, *passengers: dict[str, Any]) -> dict[str, Any]:
    return {
        "flightId": flight,
        "passengers": list(passengers),
        "contact": {"email": "noura@example.com"},
    }


async def refused(call: Any) -> tuple[int, str | None]:
    with pytest.raises(Refused) as error:
        await call
    return error.value.status, error.value.body["details"].get("field")


async def test_passengers_are_saved_replaced_and_removed_by_their_account_alone(
    client: httpx.AsyncClient, customer: Customer
) -> None:
    saved = await customer.post(PATH, SAVED)
    assert saved == {**SHOWN, "id": saved["id"]}
    assert (await customer.post(PATH, SAVED))["id"] == saved["id"]
    own = f"{PATH}/{saved['id']}"
    stranger = await customers.register(client)
    assert (await stranger.call("GET", PATH))["passengers"] == []
    assert await refused(stranger.call("PUT", own, SAVED)) == (404, None)
    assert await refused(stranger.call("DELETE", own)) == (404, None)
    plain = {"firstName": None, "lastName": "Suharto"}
    absent = dict.fromkeys(SAVED, None)
    for _ in range(2):
        assert await customer.call("PUT", own, plain) == {**absent, **plain, "id": saved["id"]}
    listed = (await customer.call("GET", PATH))["passengers"]
    assert [each["lastName"] for each in listed] == ["Suharto"]
    assert (await customer.call("DELETE", own))["removed"] is True
    assert await refused(customer.call("DELETE", own)) == (404, None)
    assert (await customer.call("GET", PATH))["passengers"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lastName": "Mr Almutlaq"}, "lastName"),
        ({"arabicName": "Thurayya"}, "arabicName"),
        ({"birthDate": "2999-01-01"}, "birthDate"),
        ({"birthDate": None}, "birthDate"),
        ({"sex": None}, "sex"),
        ({"nationality": None}, "nationality"),
        ({"nationality": "XQX"}, "nationality"),
        ({"document": {**SHOWN["document"], "issuingCountry": "XQX"}}, "document.issuingCountry"),  # type: ignore[dict-item]
    ],
)
async def test_what_a_booking_would_refuse_is_not_saved(
    customer: Customer, changed: dict[str, Any], field: str
) -> None:
    assert await refused(customer.post(PATH, {**SAVED, **changed})) == (400, field)
    assert (await customer.call("GET", PATH))["passengers"] == []


async def test_an_account_saves_twenty_at_most_also_at_the_same_time(customer: Customer) -> None:
    names = [f"Almutlaq{first}{second}" for first in "abcde" for second in "abcde"]
    answers = await asyncio.gather(
        *(
            customer.client.post(PATH, json={**SAVED, "lastName": name}, headers=customer.headers)
            for name in names
        )
    )
    assert sorted(each.status_code for each in answers) == [201] * 20 + [400] * 5
    details = next(each for each in answers if each.status_code == 400).json()["details"]
    assert details == {"field": "passengers", "reason": "too_many", "limit": 20}


async def test_a_saved_passenger_is_booked_by_id_and_a_repeat_answers_the_same_afterwards(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    saved = (await customer.post(PATH, SAVED))["id"]
    child = {**SAVED, "firstName": "Rakan", "birthDate": customers.birth_date("CHD")}
    young = (await customer.post(PATH, child))["id"]
    wanted = body(flight, {"savedPassengerId": saved}, {"savedPassengerId": young, "type": "CHD"})
    booked = await customer.post("/api/bookings", wanted, key="book-saved-passengers")
    assert [(each["firstName"], each["lastName"]) for each in booked["passengers"]] == [
        ("Thurayya", "Almutlaq"),
        ("Rakan", "Almutlaq"),
    ]
    await customer.call("DELETE", f"{PATH}/{saved}")
    again = await customer.post("/api/bookings", wanted, key="book-saved-passengers")
    assert again["passengers"] == booked["passengers"]
    # The age still counts, and nobody books whom another account has saved.
    first = "passengers[0]"
    adult = body(flight, {"savedPassengerId": young})
    assert await refused(customer.post("/api/bookings", adult)) == (400, f"{first}.birthDate")
    gone = body(flight, {"savedPassengerId": saved})
    assert await refused(customer.post("/api/bookings", gone)) == (400, f"{first}.savedPassengerId")
    stranger = await customers.register(client)
    assert await refused(stranger.post("/api/bookings", adult)) == (
        400,
        f"{first}.savedPassengerId",
    )
    with psycopg.connect(system.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT convert_from(answer, 'UTF8') FROM ledger.command"
        ).fetchall()
    assert rows
    assert not [row for row in rows if "Thurayya" in row[0] or saved in row[0]]


async def test_the_saved_document_is_recorded_with_the_booking_if_it_does_for_a_flight(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    expired = {**SAVED, "document": {**SAVED["document"], "expiresOn": "2020-01-01"}}  # type: ignore[dict-item]
    plain = {"firstName": "Rakan", "lastName": "Almutlaq"}
    ids = [(await customer.post(PATH, each))["id"] for each in (SAVED, expired, plain)]
    wanted = body(flight, *({"savedPassengerId": each} for each in ids))
    booked = await customer.post("/api/bookings", wanted)
    assert [each["documentRecorded"] for each in booked["passengers"]] == [True, False, False]
    own = booked["passengers"][0]["coupons"][0]
    assert own["documentProblem"] is None
    named = {"firstName": "Thurayya", "lastName": "Almutlaq"}
    plainly = await customer.post("/api/bookings", body(flight, named))
    assert plainly["passengers"][0]["documentRecorded"] is False


async def test_a_saved_document_that_does_for_one_of_two_flights_shows_where_it_does_not(
    system: System, customer: Customer
) -> None:
    there = running_system.schedule(system, seats=9)
    back = running_system.schedule(
        system, seats=9, route=("JED", "RUH"), leaves_in=dt.timedelta(days=60)
    )
    between = (dt.datetime.now(dt.UTC) + dt.timedelta(days=45)).date().isoformat()
    short = {**SAVED, "document": {**SAVED["document"], "expiresOn": between}}  # type: ignore[dict-item]
    saved = (await customer.post(PATH, short))["id"]
    quote = {"flightIds": [there, back], "passengers": [{"type": "ADT"}]}
    wanted = {
        "quoteId": (await customer.post("/api/quotes", quote))["quoteId"],
        "passengers": [{"savedPassengerId": saved}],
        "contact": {"email": "noura@example.com"},
    }
    (passenger,) = (await customer.post("/api/bookings", wanted))["passengers"]
    assert passenger["documentRecorded"] is True
    problems = [each["documentProblem"] for each in passenger["coupons"]]
    assert problems[0] is None
    assert problems[1]["reason"] == "expires_too_soon"


@pytest.mark.parametrize(
    ("passenger", "field"),
    [
        ({"firstName": "Noura"}, "lastName"),
        ({"lastName": "Alharbi"}, "firstName"),
        ({"savedPassengerId": "pax_" + "0" * 24, "lastName": "Alharbi"}, "lastName"),
        ({"savedPassengerId": "pax_" + "0" * 24, "firstName": None}, "firstName"),
        ({"savedPassengerId": "pax_" + "0" * 24, "birthDate": "1990-01-01"}, "birthDate"),
        ({"savedPassengerId": "pax_0"}, "savedPassengerId"),
    ],
)
async def test_a_passenger_is_named_or_saved_never_both_or_neither(
    system: System, customer: Customer, passenger: dict[str, Any], field: str
) -> None:
    flight = running_system.schedule(system, seats=2)
    call = customer.post("/api/bookings", body(flight, passenger))
    assert await refused(call) == (400, f"passengers[0].{field}")
