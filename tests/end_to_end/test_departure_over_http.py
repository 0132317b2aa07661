"""From seat choice to arrival over HTTP: check-in, boarding passes, gate, no-show."""

import datetime as dt

import httpx
import pytest

from domain.inventory.events import FlightRescheduled
from interfaces.cli.demo_stage import Stage
from tests.support import bcbp, life, system
from tests.support.life import Refused
from tests.support.system import Traveller


async def test_a_couple_checks_in_boards_and_flies_and_the_revenue_is_recognised(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    gate = await life.staff(stage, client, "gate")
    operations = await life.staff(stage, client, "ops")
    flight = system.schedule(stage.owner_dsn, seats=12, leaves_in=life.SOON)
    meal = {"code": "MEAL", "passenger": 0, "segment": 0}
    booking = await life.confirmed(who, [flight], party=("ADT", "ADT"), extras=[meal])
    name = booking["id"]
    assert "check_in" in booking["availableActions"]
    checked_in = await who.on(name, "check-in", {})
    assert checked_in["status"] == "checked_in"
    places = [each["coupons"][0] for each in checked_in["passengers"]]
    assert [place["sequence"] for place in places] == [1, 2]
    assert places[0]["seat"][:-1] == places[1]["seat"][:-1]
    await who.on(name, "check-in", {})
    await gate.on(name, "board", {"passengers": [0]})
    boarded = await gate.on(name, "board", {})
    assert boarded["status"] == "boarded"
    await life.shut(stage, operations, flight)
    completed = await life.becomes(who, name, "completed")
    assert [each["coupons"][0]["status"] for each in completed["passengers"]] == ["F", "F"]
    books = system.balances(stage.owner_dsn, name)
    assert (books["2000", "SAR"], books["2010", "SAR"]) == (0, 0)
    assert (books["4000", "SAR"], books["4010", "SAR"]) == (-80_000, -5_000)
    system.assert_invariants(stage.owner_dsn)


async def test_a_boarding_pass_says_in_its_bar_code_what_the_booking_says(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=24, leaves_in=life.SOON)
    booking = await life.confirmed(who, [flight])
    path = f"/api/bookings/{booking['id']}/boarding-passes"
    assert (await who.call("GET", path))["boardingPasses"] == []
    await who.on(booking["id"], "seats", {"seats": [{"passenger": 0, "seat": "13C"}]})
    await who.on(booking["id"], "check-in", {})
    (found,) = (await who.call("GET", path))["boardingPasses"]
    leg = bcbp.parse(found["bcbp"])
    assert booking["reference"] in str(leg)
    assert booking["passengers"][0]["ticketNumber"][3:] in found["bcbp"]
    assert "013C" in found["bcbp"]
    for form, magic in (("pdf", b"%PDF"), ("png", b"\x89PNG")):
        answer = await client.get(f"{path}/0/0/{form}", headers=traveller.headers)
        assert answer.status_code == 200
        assert answer.content.startswith(magic)
        assert answer.headers["cache-control"] == "private, no-store"
    assert (await client.get(f"{path}/0/1/pdf", headers=traveller.headers)).status_code == 404
    assert (await client.get(f"{path}/0/0/gif", headers=traveller.headers)).status_code in {
        400,
        404,
    }


async def test_check_in_has_a_window_and_needs_a_passport_abroad(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    early = await life.confirmed(who, [system.schedule(stage.owner_dsn, seats=2)])
    with pytest.raises(Refused, match="not_open_yet"):
        await who.on(early["id"], "check-in", {})
    abroad = system.schedule(
        stage.owner_dsn,
        seats=6,
        currency="KWD",
        leaves_in=system.TOMORROW,
        route=("RUH", "KWI"),
    )
    booking = await life.confirmed(who, [abroad])
    with pytest.raises(Refused, match="missing"):
        await who.on(booking["id"], "check-in", {})
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=100)).date().isoformat()
    with pytest.raises(Refused, match="expires_too_soon"):
        await who.on(
            booking["id"], "documents", {"passenger": 0, **life.PASSPORT, "expiresOn": soon}
        )
    with pytest.raises(Refused, match="age_differs"):
        young = {"passenger": 0, **life.PASSPORT, "birthDate": "2020-01-01"}
        await who.on(booking["id"], "documents", young)
    await who.on(booking["id"], "documents", {"passenger": 0, **life.PASSPORT})
    assert (await who.on(booking["id"], "check-in", {}))["status"] == "checked_in"


async def test_two_bookings_never_have_the_same_seat(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=15, leaves_in=life.SOON)
    first, second = [await life.confirmed(who, [flight]) for _ in range(2)]
    await who.on(first["id"], "seats", {"seats": [{"passenger": 0, "seat": "13B"}]})
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await who.on(second["id"], "seats", {"seats": [{"passenger": 0, "seat": "13B"}]})
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await who.on(second["id"], "seats", {"seats": [{"passenger": 0, "seat": "40Z"}]})
    seats = await who.call("GET", f"/api/flights/{flight}/seats")
    taken = [each["seat"] for each in seats["cabins"][0]["seats"] if not each["available"]]
    assert taken == ["13B"]
    with pytest.raises(Refused, match="seat_is_sold_as_an_extra"):
        await who.on(second["id"], "seats", {"seats": [{"passenger": 0, "seat": "11A"}]})
    front = {"passenger": 0, "segment": 0, "seat": "11A"}
    third = await life.confirmed(who, [flight], seats=[front])
    assert [each["code"] for each in third["extras"]] == ["FRONT"]
    await who.on(second["id"], "check-in", {})
    found = (await who.booking(second["id"]))["passengers"][0]["coupons"][0]["seat"]
    assert found not in {"11A", "13B"}


async def test_who_does_not_come_is_a_no_show_and_gets_the_airport_charges_back(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    operations = await life.staff(stage, client, "ops")
    gate = await life.staff(stage, client, "gate")
    flight = system.schedule(stage.owner_dsn, seats=3, leaves_in=life.SOON)
    back = system.schedule(stage.owner_dsn, seats=1, route=("JED", "RUH"), leaves_in=system.LATER)
    booking = await life.confirmed(who, [flight, back])
    with pytest.raises(Refused, match="flight_has_not_departed"):
        await gate.on(booking["id"], "no-show", {})
    await life.shut(stage, operations, flight)
    missed = await life.becomes(who, booking["id"], "no_show")
    assert missed["refund"] == {"amount": 4_600, "currency": "SAR"}
    # The way back lapsed with it and is on sale again.
    assert (await life.reserved(who, [back]))["status"] == "reserved"
    books = system.balances(stage.owner_dsn, booking["id"])
    assert (books["2000", "SAR"], books["4020", "SAR"]) == (0, -80_000)
    finance = await life.staff(stage, client, "finance")
    await finance.post(f"/api/admin/bookings/{booking['id']}/refund", {"reason": "was in hospital"})
    await life.becomes(who, booking["id"], "refunded")
    assert system.balances(stage.owner_dsn, booking["id"])["1010", "SAR"] == 0


async def test_the_gate_takes_a_boarded_passenger_off_again(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    gate = await life.staff(stage, client, "gate")
    flight = system.schedule(stage.owner_dsn, seats=3, leaves_in=life.SOON)
    booking = await life.confirmed(who, [flight])
    await who.on(booking["id"], "check-in", {})
    await gate.on(booking["id"], "board", {})
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await who.on(booking["id"], "cancellation-quote", {})
    off = await gate.on(booking["id"], "offload", {"reason": "oversold", "fault": "airline"})
    assert off["status"] == "cancelled"
    assert off["refund"] == booking["total"]
    await life.becomes(who, booking["id"], "refunded")


async def test_when_nobody_says_that_a_flight_has_left_a_timer_does(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    """Its time is more than an hour past: who did not come is a no-show."""
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=2, leaves_in=dt.timedelta(hours=3))
    booking = await life.confirmed(who, [flight])
    past = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=61)
    version = len(system.tags(stage.owner_dsn, flight)) + 1
    moved = FlightRescheduled(past, past + dt.timedelta(minutes=105), "as flown", material=True)
    system.append(stage.owner_dsn, flight, version, moved)
    missed = await life.becomes(who, booking["id"], "no_show")
    assert missed["passengers"][0]["coupons"][0]["status"] == "Z"
    assert "flight.departed.1" in system.tags(stage.owner_dsn, flight)
    reported = (await life.history(who, booking["id"]))[-1]
    assert (reported["before"], reported["after"], reported["actor"]) == (
        "confirmed",
        "no_show",
        "system",
    )
