"""Special services over HTTP: from the request to the manifest and the boarding pass."""

import asyncio

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer, Refused
from tests.support.launch_rules import WHEELCHAIRS
from tests.support.running_system import System

VGML = {"code": "VGML", "passenger": 0, "segment": 0}
WCHR = {"code": "WCHR", "passenger": 0, "segment": 0}


async def test_a_service_goes_with_the_passenger_until_the_flight(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.TOMORROW)
    later = running_system.schedule(system, seats=3, leaves_in=running_system.TOMORROW)
    held = await customer.reserved([flight], party=("ADT", "ADT"))
    assert "request_special_service" in held["availableActions"]
    await customer.on(held["id"], "special-services", WCHR)
    await customer.pay(held["id"])
    booking = await customer.becomes(held["id"], "confirmed")
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
        await customer.pay(booking["id"])
    moved = await customer.until(
        booking["id"], lambda found: found["segments"][0]["flightId"] == later
    )
    assert moved["specialServices"] == [WCHR]
    listed = await customers.listed(system, gate, f"/api/admin/flights/{later}/manifest")
    services = {each["firstName"]: each["specialServices"] for each in listed["passengers"]}
    assert services == {"Nouraa": ["WCHR"], "Nourab": []}
    earlier = await customers.listed(system, gate, f"/api/admin/flights/{flight}/manifest")
    assert earlier["passengers"] == []
    tags = [each["event"] for each in await customer.history(booking["id"])]
    assert tags.count("booking.special_service_requested.1") == 2
    assert tags.count("booking.special_service_withdrawn.1") == 1
    await customer.on(booking["id"], "check-in", {})
    page = f"/api/bookings/{booking['id']}/boarding-passes/0/0/pdf"
    assert (await client.get(page, headers=customer.headers)).status_code == 200
    _, after = await customer.cancelled(booking["id"], {"passengers": [0]})
    assert after["specialServices"] == []


async def test_the_last_wheelchair_of_a_flight_is_promised_once(
    system: System, customer: Customer
) -> None:
    seats = WHEELCHAIRS + 4
    flight = running_system.schedule(system, seats=seats)
    bookings = await asyncio.gather(*(customer.confirmed([flight]) for _ in range(seats)))
    answers = await asyncio.gather(
        *(customer.on(each["id"], "special-services", WCHR) for each in bookings),
        return_exceptions=True,
    )
    refused = [each for each in answers if isinstance(each, Refused)]
    assert len(answers) - len(refused) == WHEELCHAIRS
    assert {each.body["details"]["reason"] for each in refused} == {"no_wheelchair_left"}


async def test_the_manifest_is_for_gate_and_operations(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    path = f"/api/admin/flights/{flight}/manifest"
    for role, status in (("gate", 200), ("ops", 200), ("finance", 403), ("support", 403)):
        person = await customers.staff(system, client, role)
        assert (await client.get(path, headers=person.headers)).status_code == status, role
    assert (await client.get(path, headers=customer.headers)).status_code == 403
    assert (await client.get(path)).status_code == 401
    operations = await customers.staff(system, client, "ops")
    missing = "/api/admin/flights/flight-ZZ1-2026-01-01/manifest"
    assert (await client.get(missing, headers=operations.headers)).status_code == 404
