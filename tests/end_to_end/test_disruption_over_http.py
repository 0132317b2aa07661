"""The airline changes its plans over HTTP: everybody is told, whoever is killed meanwhile."""

import asyncio
import datetime as dt
import signal
from typing import Any

import httpx
import psycopg
import pytest

from interfaces.cli import demo_stage
from interfaces.cli.demo_stage import Stage
from tests.support import life, system
from tests.support.life import Person, Refused
from tests.support.system import Traveller

BOOKINGS = 200


async def _cancelled(
    stage: Stage, client: httpx.AsyncClient, who: Person, flight: str
) -> tuple[dict[str, Any], Person]:
    booking = await life.confirmed(who, [flight])
    operations = await life.staff(stage, client, "ops")
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "technical fault"})
    reported = await life.until(who, booking["id"], lambda found: bool(found["disruptions"]))
    (disruption,) = reported["disruptions"]
    assert (disruption["kind"], disruption["material"]) == ("cancelled", True)
    assert disruption["departureTime"] is None
    assert "answer_disruption" in reported["availableActions"]
    return reported, operations


async def test_a_cancelled_flight_is_refunded_in_full_with_its_extras_and_no_fee(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=3, leaves_in=system.TOMORROW)
    reported, _ = await _cancelled(stage, client, who, flight)
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await life.reserved(who, [flight])
    with pytest.raises(Refused, match="flight_cancelled"):
        await who.on(reported["id"], "disruption", {"choice": "accept"})
    after = await who.on(reported["id"], "disruption", {"choice": "refund"})
    assert after["refund"] == reported["total"]
    await life.becomes(who, reported["id"], "refunded")


async def test_passengers_of_a_cancelled_flight_move_free_of_charge(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=3, leaves_in=system.TOMORROW)
    dearer = system.schedule(stage.owner_dsn, seats=1, fare=90_000)
    reported, _ = await _cancelled(stage, client, who, flight)
    quote = await who.on(reported["id"], "modification-quote", {"flightId": dearer})
    assert (quote["due"]["amount"], quote["back"]["amount"]) == (0, 0)
    moved = await who.on(
        reported["id"], "disruption", {"choice": "move", "quoteId": quote["quoteId"]}
    )
    assert moved["segments"][0]["flightId"] == dearer
    assert moved["disruptions"] == []
    entries = await life.history(who, reported["id"])
    assert "booking.disruption_answered.1" in [each["event"] for each in entries]
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await who.on(reported["id"], "disruption", {"choice": "refund"})


async def test_other_times_are_accepted_or_left_free_of_charge_when_they_matter(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    operations = await life.staff(stage, client, "ops")
    flight = system.schedule(stage.owner_dsn, seats=3, leaves_in=system.TOMORROW)
    stays, leaves = [await life.confirmed(who, [flight]) for _ in range(2)]
    known = await operations.call("GET", f"/api/admin/flights/{flight}")
    later = dt.datetime.fromisoformat(known["departureTime"]) + dt.timedelta(hours=3)
    await operations.post(
        f"/api/admin/flights/{flight}/reschedule",
        {
            "departureTime": later.isoformat(),
            "arrivalTime": (later + dt.timedelta(hours=2)).isoformat(),
            "reason": "late inbound aircraft",
        },
    )
    for booking in (stays, leaves):
        reported = await life.until(who, booking["id"], lambda found: bool(found["disruptions"]))
        reported_time = dt.datetime.fromisoformat(reported["disruptions"][0]["departureTime"])
        assert reported_time == later
    with pytest.raises(Refused, match="disrupted"):
        await who.on(stays["id"], "check-in", {})
    accepted = await who.on(stays["id"], "disruption", {"choice": "accept"})
    assert (accepted["disruptions"], accepted["status"]) == ([], "confirmed")
    refunded = await who.on(leaves["id"], "disruption", {"choice": "refund"})
    assert refunded["refund"] == leaves["total"]


async def test_a_larger_aircraft_has_seats_for_waitlisted_bookings(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    operations = await life.staff(stage, client, "ops")
    flight = system.schedule(stage.owner_dsn, seats=1)
    await life.confirmed(who, [flight])
    waiting = await life.reserved(who, [flight], mode="waitlist")
    assert waiting["status"] == "pending"
    assert waiting["availableActions"] == ["cancel"], "nobody pays for seats that are not there"
    body = {
        "cabins": [{"cabin": "economy", "seatCount": 6, "firstRow": 11, "letters": "ABCDEF"}],
        "reason": "larger aircraft",
    }
    await operations.post(f"/api/admin/flights/{flight}/equipment", body)
    offered = await life.becomes(who, waiting["id"], "reserved")
    left = dt.datetime.fromisoformat(offered["holdUntil"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=23) < left <= dt.timedelta(hours=24)
    await life.pay(who, waiting["id"])
    await life.becomes(who, waiting["id"], "confirmed")


async def test_a_smaller_aircraft_leaves_oversold_seats_in_plain_sight(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    operations = await life.staff(stage, client, "ops")
    flight = system.schedule(stage.owner_dsn, seats=24, leaves_in=system.TOMORROW)
    booking = await life.confirmed(who, [flight], party=("ADT", "ADT"))
    places = [{"passenger": 0, "seat": "14F"}, {"passenger": 1, "seat": "13A"}]
    await who.on(booking["id"], "seats", {"seats": places})
    body = {
        "cabins": [{"cabin": "economy", "seatCount": 1, "firstRow": 13, "letters": "ABCDEF"}],
        "reason": "smaller aircraft",
    }
    operated = await operations.post(f"/api/admin/flights/{flight}/equipment", body)
    assert operated["cabins"][0]["oversold"] == 1
    for _ in range(int(system.WAIT_SECONDS / 0.1)):
        listed = (await operations.call("GET", "/api/admin/oversold-flights"))["cabins"]
        if any(each["flightId"] == flight for each in listed):
            break
        await asyncio.sleep(0.1)
    (row,) = [each for each in listed if each["flightId"] == flight]
    assert (row["cabin"], row["seats"]) == ("economy", 1)
    on_board = await operations.call("GET", f"/api/admin/flights/{flight}/bookings")
    assert [each["reference"] for each in on_board["bookings"]] == [booking["reference"]]
    found = await life.until(
        who, booking["id"], lambda b: b["passengers"][0]["coupons"][0]["seat"] is None
    )
    assert found["passengers"][1]["coupons"][0]["seat"] == "13A"
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await who.on(booking["id"], "check-in", {})
    checked_in = await who.on(booking["id"], "check-in", {"passengers": [1]})
    assert checked_in["passengers"][1]["coupons"][0]["seat"] == "13A"


async def test_two_hundred_bookings_are_offered_choices_although_the_workers_are_killed_in_between(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    operations = await life.staff(stage, client, "ops")
    flight = system.schedule(stage.owner_dsn, seats=BOOKINGS, leaves_in=system.TOMORROW)
    paid = [await life.confirmed(who, [flight]) for _ in range(3)]
    made = await asyncio.gather(
        *(system.book(client, traveller, flight) for _ in range(BOOKINGS - len(paid)))
    )
    assert {answer.status_code for answer in made} == {201}
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "technical fault"})
    for _ in range(3):
        await asyncio.sleep(0.4)
        stage.processes["worker"].send_signal(signal.SIGKILL)
        stage.processes["worker"].wait()
        demo_stage.restart(stage, "worker")
    end = asyncio.get_running_loop().time() + 2 * system.WAIT_SECONDS
    while True:
        known = await operations.call("GET", f"/api/admin/flights/{flight}")
        (task,) = known["tasks"]
        if task["finished"]:
            break
        assert asyncio.get_running_loop().time() < end, task
        await asyncio.sleep(0.2)
    assert (task["done"], task["failed"]) == (task["total"], 0)
    reported = [await who.booking(each["id"]) for each in paid]
    assert all(each["disruptions"] for each in reported)
    with psycopg.connect(stage.owner_dsn) as connection:
        row = connection.execute(
            "SELECT held, sold FROM ledger.capacity WHERE flight = %s", (flight,)
        ).fetchone()
        doubled = connection.execute(
            "SELECT stream FROM ledger.event WHERE tag IN "
            "('booking.cancelled.1', 'booking.disruption_offered.1') "
            "AND stream = ANY (%s) GROUP BY stream, tag HAVING count(*) > 1",
            ([each["id"] for each in paid] + [answer.json()["id"] for answer in made],),
        ).fetchall()
    assert row == (0, len(paid))
    assert doubled == []
