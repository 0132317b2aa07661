"""Search as an app uses it: journeys there and back, connections, days, conditions, the network."""

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

FAR = dt.timedelta(days=200)
HOUR = dt.timedelta(hours=1)


def instant(after: dt.timedelta) -> dt.datetime:
    """So long after six in the morning in Riyadh, on a day when no other test flies."""
    day = dt.datetime.now(dt.UTC).date() + FAR
    return dt.datetime.combine(day, dt.time(3), tzinfo=dt.UTC) + after


def put_on_sale(system: System, route: tuple[str, str], after: dt.timedelta, **facts: Any) -> str:
    """A flight of an hour, so long after six in the morning."""
    departs_at = instant(after)
    return running_system.schedule(
        system,
        seats=facts.pop("seats", 9),
        fare=facts.pop("fare", 40_000),
        route=route,
        leaves_in=departs_at - dt.datetime.now(dt.UTC),
        **{"departs_at": departs_at, "arrives_at": departs_at + HOUR, **facts},
    )


async def search(system: System, client: httpx.AsyncClient, **wish: Any) -> dict[str, Any]:
    """The answer once the read model has what happened before."""
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    body = {"from": "RUH", "to": "JED", "date": f"{instant(HOUR):%Y-%m-%d}", **wish}
    answer = await client.post("/api/flights/search", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_offer_says_what_is_flown_when_and_on_which_conditions(
    system: System, client: httpx.AsyncClient
) -> None:
    operations = await customers.staff(system, client, "ops")
    departs_at = instant(3 * HOUR)
    body = {
        "flightNumber": running_system.fresh_number(),
        "origin": "RUH",
        "destination": "LHR",
        "departureTime": departs_at.isoformat(),
        "arrivalTime": (departs_at + 7 * HOUR).isoformat(),
        "currency": "SAR",
        "fareClasses": [
            {"code": "Y", "cabin": "economy", "fare": 90_000},
            {"code": "K", "cabin": "economy", "fare": 60_000, "seatLimit": 2, "residue": "credit"},
            {"code": "J", "cabin": "business", "fare": 300_000},
        ],
        "cabins": [
            {"cabin": "economy", "seatCount": 12, "firstRow": 11, "letters": "ABCDEF"},
            {"cabin": "business", "seatCount": 4, "firstRow": 1, "letters": "ACDF"},
        ],
        "aircraft": "789",
        "departureTerminal": "3",
        "arrivalTerminal": "4",
    }
    flight = (await operations.post("/api/admin/flights", body))["id"]
    [offer] = (await search(system, client, to="LHR"))["flights"]
    assert (offer["id"], offer["price"], offer["fareClass"]) == (flight, 60_000, "K")
    assert offer["departureTime"] == departs_at.isoformat().replace("+00:00", "Z")
    assert offer["departureLocalTime"].endswith("T09:00:00+03:00")
    assert offer["arrivalLocalTime"][10:] in {"T13:00:00Z", "T14:00:00+01:00", "T13:00:00+00:00"}
    assert (offer["departureZone"], offer["arrivalZone"]) == ("Asia/Riyadh", "Europe/London")
    assert (offer["aircraft"], offer["durationMinutes"]) == ("789", 420)
    assert (offer["departureTerminal"], offer["arrivalTerminal"]) == ("3", "4")
    conditions = offer["conditions"]
    assert conditions["cancellation"][0] == {"fromHours": 168, "percent": 0}
    assert conditions["modification"][-1] == {"fromHours": 0, "percent": 15}
    assert conditions["cancellationPercentAfterDeparture"] == 100
    assert (conditions["noShow"], conditions["residue"]) == ("charges_refunded", "credit")
    assert (offer["baggage"]["checkedPieces"], offer["baggage"]["checkedKilograms"]) == (1, 23)
    # A party that the lowest class cannot take has the conditions of the one above.
    [party] = (await search(system, client, to="LHR", passengers=3))["flights"]
    assert (party["fareClass"], party["conditions"]["residue"]) == ("Y", "cash")
    [front] = (await search(system, client, to="LHR", cabin="business"))["flights"]
    assert (front["fareClass"], front["baggage"]["checkedPieces"]) == ("J", 2)
    # The other way to read a flight says the same.
    assert (await client.get(f"/api/flights/{flight}")).json() == offer
    changed = {"cabins": body["cabins"], "reason": "another aircraft", "aircraft": "77W"}
    await operations.post(f"/api/admin/flights/{flight}/equipment", changed)
    [refitted] = (await search(system, client, to="LHR"))["flights"]
    assert refitted["aircraft"] == "77W"


async def test_a_journey_there_and_back_is_found_in_one_answer_and_quoted_as_one(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    there = put_on_sale(system, ("RUH", "TUU"), HOUR, fare=40_000)
    back = put_on_sale(system, ("TUU", "RUH"), 72 * HOUR, fare=50_000)
    put_on_sale(system, ("TUU", "RUH"), 96 * HOUR)
    found = await search(system, client, to="TUU", returnDate=f"{instant(72 * HOUR):%Y-%m-%d}")
    assert [each["id"] for each in found["flights"]] == [there]
    assert [each["id"] for each in found["returnFlights"]] == [back]
    assert found["connections"] == found["returnConnections"] == []
    wanted = {"flightIds": [there, back], "passengers": [{"type": "ADT"}]}
    quote = await customer.post("/api/quotes", wanted)
    prices = [found[name][0]["price"] for name in ("flights", "returnFlights")]
    assert quote["total"]["amount"] == sum(prices)
    for segment, name in zip(quote["segments"], ("flights", "returnFlights"), strict=True):
        offer = found[name][0]
        assert segment.pop("flightId") == offer["id"]
        assert segment == {each: offer[each] for each in segment}
        assert len(segment) == 5
    one_way = await search(system, client, to="TUU")
    assert (one_way["flights"], one_way["returnFlights"]) == (found["flights"], [])


async def test_a_connection_leaves_time_to_change_and_is_sold_at_its_price(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """JED asks for 75 minutes; the first flight is domestic, but the journey goes abroad."""
    abroad = {"domestic": False, "destination_zone": "Asia/Dubai"}
    first = put_on_sale(system, ("ELQ", "JED"), HOUR, seats=5)
    in_time = put_on_sale(
        system, ("JED", "DXB"), 2 * HOUR + dt.timedelta(minutes=75), seats=3, **abroad
    )
    put_on_sale(system, ("JED", "DXB"), 2 * HOUR + dt.timedelta(minutes=74), **abroad)
    put_on_sale(system, ("JED", "DXB"), 14 * HOUR, **abroad)
    put_on_sale(system, ("JED", "DXB"), HOUR, **abroad)
    wish = {"from": "ELQ", "to": "DXB"}
    assert (await search(system, client, **wish))["connections"] == []
    found = await search(system, client, **wish, connections=True)
    assert found["flights"] == []
    [connection] = found["connections"]
    assert [each["id"] for each in connection["flights"]] == [first, in_time]
    assert (connection["connectionMinutes"], connection["durationMinutes"]) == (75, 195)
    assert connection["availableSeats"] == 3
    wanted = {"flightIds": [first, in_time], "passengers": [{"type": "ADT"}]}
    quote = await customer.post("/api/quotes", wanted)
    assert quote["total"] == {"amount": connection["price"], "currency": connection["currency"]}
    assert connection["price"] == 80_000 < sum(each["price"] for each in connection["flights"])
    # A party of four fits into the first flight only.
    assert (await search(system, client, **wish, connections=True, passengers=4))[
        "connections"
    ] == []


async def test_the_calendar_has_the_lowest_price_of_each_day_around_a_date(
    system: System, client: httpx.AsyncClient
) -> None:
    put_on_sale(system, ("RUH", "YNB"), HOUR, fare=50_000)
    put_on_sale(system, ("RUH", "YNB"), 5 * HOUR, fare=30_000)
    # One in the evening UTC is the next day in Riyadh.
    put_on_sale(system, ("RUH", "YNB"), 67 * HOUR, fare=20_000)
    await search(system, client)
    middle = instant(HOUR).date()
    query = {"from": "RUH", "to": "YNB", "date": middle.isoformat()}
    answer = await client.get("/api/price-calendar", params=query)
    days = answer.json()["days"]
    expected = [middle + dt.timedelta(days=each) for each in range(-3, 4)]
    assert [each["date"] for each in days] == [each.isoformat() for each in expected]
    found = [(each["lowest"] and each["lowest"]["amount"], each["flights"]) for each in days]
    # With value added tax, and 20 SAR of airport charges.
    taxed = [(fare + 2_000) * 115 // 100 for fare in (30_000, 20_000)]
    assert found == [(None, 0)] * 3 + [(taxed[0], 2), (None, 0), (None, 0), (taxed[1], 1)]
    month = await client.get("/api/price-calendar", params={**query, "days": "31"})
    assert len(month.json()["days"]) == 31
    tag = {"if-none-match": answer.headers["etag"]}
    again = await client.get("/api/price-calendar", params=query, headers=tag)
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"days": "6"}, "days"),
        ({"days": "32"}, "days"),
        ({"to": "RUH"}, "to"),
        ({"from": "Riyadh"}, "from"),
        ({"date": "tomorrow"}, "date"),
        ({"date": "0001-01-02"}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"passengers": "0"}, "passengers"),
        ({"cabin": "first"}, "cabin"),
    ],
)
async def test_a_calendar_that_cannot_be_is_refused(
    client: httpx.AsyncClient, changed: dict[str, str], field: str
) -> None:
    query = {"from": "RUH", "to": "JED", "date": "2027-01-01", **changed}
    answer = await client.get("/api/price-calendar", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert field in answer.text


async def test_a_journey_back_before_the_one_there_is_refused(client: httpx.AsyncClient) -> None:
    body = {"from": "RUH", "to": "JED", "date": "2027-01-02", "returnDate": "2027-01-01"}
    answer = await client.post("/api/flights/search", json=body)
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "returnDate")


async def test_airports_and_routes_are_those_that_are_flown_with_names_in_both_languages(
    system: System, client: httpx.AsyncClient
) -> None:
    put_on_sale(system, ("RUH", "SHW"), HOUR)
    await search(system, client)
    routes = await client.get("/api/routes")
    assert {"from": "RUH", "to": "SHW", "domestic": True} in routes.json()["routes"]
    assert not any(each["from"] == "SHW" for each in routes.json()["routes"])
    answer = await client.get("/api/airports")
    airports = {each["code"]: each for each in answer.json()["airports"]}
    assert list(airports) == sorted(airports)
    assert airports["RUH"]["city"] == {"en": "Riyadh", "ar": "الرياض"}
    assert airports["SHW"]["name"]["ar"] == "مطار شرورة المحلي"
    assert airports["LHR"]["zone"] == "Europe/London"
    assert "JFK" not in airports
    for each in (routes, answer):
        assert each.headers["cache-control"] == "public, max-age=300"
        known = {"if-none-match": each.headers["etag"]}
        assert (await client.get(each.url, headers=known)).status_code == 304
