"""The catalogue of extras over HTTP: what it offers is sold at its price, and nothing else is."""

from typing import Any

import httpx
import pytest

from domain.policies.price_values import EXTRA_CODES, EXTRAS
from domain.pricing import extras
from interfaces.http.extras import NAMES
from tests.support import running_system
from tests.support.customers import Customer
from tests.support.running_system import System

TYPES = ("ADT", "CHD", "INF")


async def catalogue(client: httpx.AsyncClient, flight: str) -> dict[str, dict[str, Any]]:
    """The extras of a flight by code."""
    answer = await client.get(f"/api/flights/{flight}/extras")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["flightId"], answer.json()["perBooking"]) == (flight, 72)
    return {each["code"]: each for each in answer.json()["extras"]}


async def quoted(
    client: httpx.AsyncClient, flight: str, cabin: str, kind: str, *codes: str
) -> httpx.Response:
    """The quote for an adult, and a passenger of the type if it is another, who has the extras."""
    party = ["ADT"] if kind == "ADT" else ["ADT", kind]
    wanted = {
        "flightIds": [flight],
        "cabin": cabin,
        "passengers": [{"type": each} for each in party],
        "extras": [{"code": code, "passenger": len(party) - 1} for code in codes],
    }
    return await client.post("/api/quotes", json=wanted)


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
async def test_each_extra_is_sold_at_its_price_to_whom_it_is_offered_and_to_nobody_else(
    system: System, client: httpx.AsyncClient, currency: str
) -> None:
    flight = running_system.schedule(system, seats=60, business=4, currency=currency)
    offered = await catalogue(client, flight)
    assert offered.keys() == {code for code, _ in EXTRAS.in_currency(currency)}
    for code, extra in offered.items():
        cabins = {each["cabin"]: each for each in extra["cabins"]}
        for cabin in ("economy", "business"):
            for kind in TYPES:
                without = await quoted(client, flight, cabin, kind)
                answer = await quoted(client, flight, cabin, kind, code)
                if cabin not in cabins or kind not in cabins[cabin]["passengerTypes"]:
                    assert answer.status_code == 400, (code, cabin, kind)
                    continue
                assert answer.status_code == 201, (code, cabin, kind, answer.text)
                total, before = (each.json()["total"]["amount"] for each in (answer, without))
                assert extra["total"] == {"amount": total - before, "currency": currency}
                twice = await quoted(client, flight, cabin, kind, code, code)
                assert (twice.status_code == 201) == (extra["perPassenger"] is None)
        assert extra["total"]["amount"] == extra["net"]["amount"] + extra["vat"]["amount"]
        assert (extra["vat"]["amount"] > 0) == (currency == "SAR")


async def test_seats_that_are_taken_are_offered_no_more(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=60)
    before = (await catalogue(client, flight))["LEGROOM"]["cabins"][0]["available"]
    cabin = (await client.get(f"/api/flights/{flight}/seats")).json()["cabins"][0]
    legroom = [each["seat"] for each in cabin["seats"] if each["category"] == "legroom"]
    assert before == min(9, len(legroom))
    for number, seat in enumerate(legroom):
        await customer.reserved([flight], seats=[{"passenger": 0, "seat": seat}])
        after = (await catalogue(client, flight))["LEGROOM"]["cabins"][0]["available"]
        assert after == min(9, len(legroom) - number - 1)


async def test_a_flight_that_is_not_on_sale_offers_nothing(
    system: System, client: httpx.AsyncClient
) -> None:
    assert await catalogue(client, running_system.schedule(system, seats=2)) != {}
    gone = running_system.schedule(system, seats=2, leaves_in=running_system.GATE_CLOSED_IN)
    assert await catalogue(client, gone) == {}
    answer = await client.get("/api/flights/flight-ZZ1-2030-01-01/extras")
    assert answer.status_code == 404


def test_every_extra_has_a_category_and_a_name() -> None:
    assert EXTRA_CODES == extras.CATEGORIES.keys() == NAMES.keys()
    assert {each.code for each in EXTRAS.prices} == EXTRA_CODES
