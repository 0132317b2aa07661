"""The airline changes its plans over HTTP: everybody is told, whoever is killed meanwhile."""

import asyncio
import datetime as dt
import json
from typing import Any

import httpx
import psycopg
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

BOOKINGS = 200
PHONE = "+966 50 123 4567"


async def _cancelled(
    system: System, client: httpx.AsyncClient, customer: Customer, flight: str
) -> tuple[dict[str, Any], Customer]:
    booking = await customer.confirmed([flight], phone=PHONE)
    operations = await customers.staff(system, client, "ops")
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "technical fault"})
    reported = await customer.until(booking["id"], lambda found: bool(found["disruptions"]))
    (disruption,) = reported["disruptions"]
    assert (disruption["kind"], disruption["material"]) == ("cancelled", True)
    assert disruption["departureTime"] is None
    assert "answer_disruption" in reported["availableActions"]
    return reported, operations


async def test_a_cancelled_flight_is_refunded_in_full_with_its_extras_and_no_fee(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.TOMORROW)
    reported, _ = await _cancelled(system, client, customer, flight)
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await customer.reserved([flight])
    with pytest.raises(Refused, match="flight_cancelled"):
        await customer.on(reported["id"], "disruption", {"choice": "accept"})
    after = await customer.on(reported["id"], "disruption", {"choice": "refund"})
    assert after["refund"] == reported["total"]
    await customer.becomes(reported["id"], "refunded")


async def test_a_cancelled_flight_is_on_the_telephone_of_its_passengers_once(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.TOMORROW)
    reported, _ = await _cancelled(system, client, customer, flight)
    running_system.await_rest(system)
    reference = reported["id"].removeprefix("booking-")
    (file,) = (system.mailbox.parent / "sms").glob(f"*{reference}*.json")
    message = json.loads(file.read_text("utf-8"))
    assert reference in message["text"]
    assert "is cancelled" in message["text"]
    assert message["to"] == f"…{PHONE[-2:]}"
    with psycopg.connect(system.owner_dsn) as connection:
        recorded = connection.execute(
            "SELECT message, segments FROM operations.sent_text WHERE message LIKE %s",
            (f"%-{reference}-%",),
        ).fetchall()
    assert recorded == [(message["id"], message["segments"])]


async def test_passengers_of_a_cancelled_flight_move_free_of_charge(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.TOMORROW)
    next_week = dt.timedelta(days=7)
    dearer = running_system.schedule(system, seats=1, fare=90_000, leaves_in=next_week)
    reported, _ = await _cancelled(system, client, customer, flight)
    quote = await customer.on(reported["id"], "modification-quote", {"flightId": dearer})
    assert (quote["due"]["amount"], quote["back"]["amount"]) == (0, 0)
    moved = await customer.on(
        reported["id"], "disruption", {"choice": "move", "quoteId": quote["quoteId"]}
    )
    assert moved["segments"][0]["flightId"] == dearer
    assert moved["disruptions"] == []
    entries = await customer.history(reported["id"])
    assert "booking.disruption_answered.1" in [each["event"] for each in entries]
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await customer.on(reported["id"], "disruption", {"choice": "refund"})


async def test_other_times_are_accepted_or_left_free_of_charge_when_they_matter(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.TOMORROW)
    stays, leaves = [await customer.confirmed([flight]) for _ in range(2)]
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
        reported = await customer.until(booking["id"], lambda found: bool(found["disruptions"]))
        reported_time = dt.datetime.fromisoformat(reported["disruptions"][0]["departureTime"])
        assert reported_time == later
    with pytest.raises(Refused, match="disrupted"):
        await customer.on(stays["id"], "check-in", {})
    accepted = await customer.on(stays["id"], "disruption", {"choice": "accept"})
    assert (accepted["disruptions"], accepted["status"]) == ([], "confirmed")
    refunded = await customer.on(leaves["id"], "disruption", {"choice": "refund"})
    assert refunded["refund"] == leaves["total"]


async def test_a_larger_aircraft_has_seats_for_waitlisted_bookings(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=1)
    await customer.confirmed([flight])
    waiting = await customer.reserved([flight], mode="waitlist")
    assert waiting["status"] == "pending"
    assert "checkout" not in waiting["availableActions"], "nobody pays for seats that are not there"
    body = {
        "cabins": [{"cabin": "economy", "seatCount": 6, "firstRow": 11, "letters": "ABCDEF"}],
        "reason": "larger aircraft",
    }
    await operations.post(f"/api/admin/flights/{flight}/equipment", body)
    offered = await customer.becomes(waiting["id"], "reserved")
    left = dt.datetime.fromisoformat(offered["holdUntil"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=23) < left <= dt.timedelta(hours=24)
    await customer.pay(waiting["id"])
    await customer.becomes(waiting["id"], "confirmed")


async def test_a_smaller_aircraft_leaves_oversold_seats_in_plain_sight(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=24, leaves_in=running_system.TOMORROW)
    booking = await customer.confirmed([flight], party=("ADT", "ADT"))
    places = [{"passenger": 0, "seat": "14F"}, {"passenger": 1, "seat": "13A"}]
    await customer.on(booking["id"], "seats", {"seats": places})
    body = {
        "cabins": [{"cabin": "economy", "seatCount": 1, "firstRow": 13, "letters": "ABCDEF"}],
        "reason": "smaller aircraft",
    }
    operated = await operations.post(f"/api/admin/flights/{flight}/equipment", body)
    assert operated["cabins"][0]["oversold"] == 1
    listed = (await customers.listed(system, operations, "/api/admin/oversold-flights"))["cabins"]
    (row,) = [each for each in listed if each["flightId"] == flight]
    assert (row["cabin"], row["seats"]) == ("economy", 1)
    on_board = await customers.listed(system, operations, f"/api/admin/flights/{flight}/bookings")
    assert [each["reference"] for each in on_board["bookings"]] == [booking["reference"]]
    found = await customer.until(
        booking["id"], lambda b: b["passengers"][0]["coupons"][0]["seat"] is None
    )
    assert found["passengers"][1]["coupons"][0]["seat"] == "13A"
    checked_in = await customer.on(booking["id"], "check-in", {})
    coupons = [each["coupons"][0] for each in checked_in["passengers"]]
    assert [each["seat"] for each in coupons] == [None, "13A"]
    with pytest.raises(Refused, match="standby"):
        gate = await customers.staff(system, client, "gate")
        await gate.on(booking["id"], "board", {"passengers": [0]})


@running_system.EACH_FORM
async def test_two_hundred_bookings_are_offered_choices_although_the_workers_are_killed_in_between(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=BOOKINGS, leaves_in=running_system.TOMORROW)
    paid = [await customer.confirmed([flight]) for _ in range(3)]
    made = await asyncio.gather(
        *(customer.send_booking(flight) for _ in range(BOOKINGS - len(paid)))
    )
    assert {answer.status_code for answer in made} == {201}
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "technical fault"})
    for _ in range(3):
        await asyncio.sleep(0.4)
        running_system.restart(system, "worker")
        await running_system.await_ready(client)
    end = asyncio.get_running_loop().time() + 2 * stored_log.WAIT_SECONDS
    while True:
        known = await operations.call("GET", f"/api/admin/flights/{flight}")
        (task,) = known["tasks"]
        if task["finished"]:
            break
        assert asyncio.get_running_loop().time() < end, task
        await asyncio.sleep(0.2)
    assert (task["done"], task["failed"]) == (task["total"], 0)
    reported = [await customer.booking(each["id"]) for each in paid]
    assert all(each["disruptions"] for each in reported)
    with psycopg.connect(system.owner_dsn) as connection:
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
