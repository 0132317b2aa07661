"""The cases that the customer named, each from the search on, over HTTP against every process."""

import asyncio
import datetime as dt
import secrets
from typing import Any

import httpx
import pytest

from interfaces.cli.demo_stage import Stage
from tests.support import life, system
from tests.support.life import Person
from tests.support.system import Traveller

ON_A_DAY_WITH_FEW_FLIGHTS = dt.timedelta(days=45)


async def _found(stage: Stage, who: Person) -> dict[str, Any]:
    """A flight as the search shows it; the read model may be a moment behind."""
    flight = system.schedule(stage.owner_dsn, seats=2, leaves_in=ON_A_DAY_WITH_FEW_FLIGHTS)
    wish = {"from": "RUH", "to": "JED", "date": flight[-10:], "passengers": 1}
    for _ in range(int(system.WAIT_SECONDS / 0.05)):
        for each in (await who.post("/api/flights/search", wish))["flights"]:
            if each["id"] == flight:
                found: dict[str, Any] = each
                return found
        await asyncio.sleep(0.05)
    raise AssertionError("the search never showed the flight")


async def _booked(stage: Stage, who: Person) -> dict[str, Any]:
    flight = await _found(stage, who)
    quote = await who.post("/api/quotes", {"flightIds": [flight["id"]], "passengers": [_ADULT]})
    body = {
        "quoteId": quote["quoteId"],
        "passengers": [{"firstName": "Noura", "lastName": "Alharbi", **_ADULT}],
        "contact": {"email": "noura@example.com"},
    }
    made = await who.post("/api/bookings", body)
    assert made["total"] == quote["total"]
    return made


_ADULT = {"type": "ADT"}


async def test_search_book_pay_confirm(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    booking = await _booked(stage, who)
    assert booking["status"] == "reserved"
    await life.pay(who, booking["id"])
    confirmed = await life.becomes(who, booking["id"], "confirmed")
    assert len(confirmed["passengers"][0]["ticketNumber"]) == 13
    system.assert_invariants(stage.owner_dsn)


async def test_cancel_and_refund(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    booking = await _booked(stage, who)
    await life.pay(who, booking["id"])
    await life.becomes(who, booking["id"], "confirmed")
    await life.cancelled(who, booking["id"])
    refunded = await life.becomes(who, booking["id"], "refunded")
    assert refunded["refund"] == booking["total"]
    assert set(system.balances(stage.owner_dsn, booking["id"]).values()) == {0}


async def test_the_same_request_again_is_one_booking(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=2)
    headers = {**who.headers, "Idempotency-Key": secrets.token_hex(8)}
    body = system.booking_body(flight)
    first = await client.post("/api/bookings", json=body, headers=headers)
    again = await client.post("/api/bookings", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert system.tags(stage.owner_dsn, flight).count("flight.seats_held.1") == 1


async def test_a_failed_payment_keeps_the_hold_and_costs_nothing(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    booking = await _booked(stage, who)
    await life.pay(who, booking["id"], button="decline")
    found = await who.booking(booking["id"])
    assert found["status"] == "reserved"
    assert "checkout" in found["availableActions"]
    assert system.balances(stage.owner_dsn, booking["id"]) == {}
    await life.pay(who, booking["id"])
    await life.becomes(who, booking["id"], "confirmed")


async def test_seats_are_back_on_sale_after_a_cancellation(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=1)
    booking = await life.confirmed(who, [flight])
    with pytest.raises(life.Refused, match="SEATS_UNAVAILABLE"):
        await life.reserved(who, [flight])
    await life.cancelled(who, booking["id"])
    assert (await life.reserved(who, [flight]))["status"] == "reserved"
