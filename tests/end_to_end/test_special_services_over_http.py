"""Special services over HTTP: from the request to the manifest and the boarding pass."""

import asyncio

import httpx
import pytest

from domain.booking.passenger_details import WHEELCHAIRS_PER_FLIGHT
from interfaces.cli.demo_stage import Stage
from tests.support import life, system
from tests.support.life import Refused
from tests.support.system import Traveller

VGML = {"code": "VGML", "passenger": 0, "segment": 0}
WCHR = {"code": "WCHR", "passenger": 0, "segment": 0}


async def test_a_service_goes_with_the_passenger_until_the_flight(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    customer = life.person(client, traveller)
    gate = await life.staff(stage, client, "gate")
    flight = system.schedule(stage.owner_dsn, seats=3, leaves_in=system.TOMORROW)
    later = system.schedule(stage.owner_dsn, seats=3, leaves_in=system.TOMORROW)
    held = await life.reserved(customer, [flight], party=("ADT", "ADT"))
    assert "request_special_service" in held["availableActions"]
    await customer.on(held["id"], "special-services", WCHR)
    await life.pay(customer, held["id"])
    booking = await life.becomes(customer, held["id"], "confirmed")
    shown = await customer.on(booking["id"], "special-services", VGML)
    assert shown["specialServices"] == [WCHR, VGML]
    assert await customer.on(booking["id"], "special-services", VGML) == shown
    for body, reason in (
        ({**VGML, "code": "KSML"}, "another_of_its_kind"),
        ({**VGML, "code": "UMNR"}, "for_children_only"),
        ({**VGML, "code": "PETC"}, "unknown_code"),
    ):
        with pytest.raises(Refused) as refused:
            await customer.on(booking["id"], "special-services", body)
        assert (refused.value.status, refused.value.body["details"]["reason"]) == (400, reason)
    withdrawn = await customer.on(booking["id"], "special-services/withdraw", VGML)
    assert withdrawn["specialServices"] == [WCHR]
    quote = await customer.on(booking["id"], "modification-quote", {"flightId": later})
    await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    if quote["due"]["amount"]:
        await life.pay(customer, booking["id"])
    moved = await life.until(
        customer, booking["id"], lambda found: found["segments"][0]["flightId"] == later
    )
    assert moved["specialServices"] == [WCHR]
    listed = await gate.call("GET", f"/api/admin/flights/{later}/manifest")
    services = {each["firstName"]: each["specialServices"] for each in listed["passengers"]}
    assert services == {"Nouraa": ["WCHR"], "Nourab": []}
    assert (await gate.call("GET", f"/api/admin/flights/{flight}/manifest"))["passengers"] == []
    tags = [each["event"] for each in await life.history(customer, booking["id"])]
    assert tags.count("booking.special_service_requested.1") == 2
    assert tags.count("booking.special_service_withdrawn.1") == 1
    await customer.on(booking["id"], "check-in", {})
    page = f"/api/bookings/{booking['id']}/boarding-passes/0/0/pdf"
    assert (await client.get(page, headers=customer.headers)).status_code == 200
    _, after = await life.cancelled(customer, booking["id"], {"passengers": [0]})
    assert after["specialServices"] == []


async def test_the_last_wheelchair_of_a_flight_is_promised_once(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    customer = life.person(client, traveller)
    seats = WHEELCHAIRS_PER_FLIGHT + 4
    flight = system.schedule(stage.owner_dsn, seats=seats)
    bookings = await asyncio.gather(*(life.reserved(customer, [flight]) for _ in range(seats)))
    answers = await asyncio.gather(
        *(customer.on(each["id"], "special-services", WCHR) for each in bookings),
        return_exceptions=True,
    )
    refused = [each for each in answers if isinstance(each, Refused)]
    assert len(answers) - len(refused) == WHEELCHAIRS_PER_FLIGHT
    assert {each.body["details"]["reason"] for each in refused} == {"no_wheelchair_left"}


async def test_the_manifest_is_for_gate_and_operations(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    flight = system.schedule(stage.owner_dsn, seats=1)
    path = f"/api/admin/flights/{flight}/manifest"
    for role, status in (("gate", 200), ("ops", 200), ("finance", 403), ("support", 403)):
        person = await life.staff(stage, client, role)
        assert (await client.get(path, headers=person.headers)).status_code == status, role
    assert (await client.get(path, headers=traveller.headers)).status_code == 403
    assert (await client.get(path)).status_code == 401
    operations = await life.staff(stage, client, "ops")
    missing = "/api/admin/flights/flight-ZZ1-2026-01-01/manifest"
    assert (await client.get(missing, headers=operations.headers)).status_code == 404
