"""Seats over HTTP: exits, seats that are sold as extras, and what becomes of a paid one."""

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

# Rows 11 to 15 of six seats: 11 and 12 are in front, 13 is at the exit.
SEATS = 30
LEGROOM = {"code": "LEGROOM", "passenger": 0, "segment": 0}
FRONT = {"code": "FRONT", "passenger": 0, "segment": 0}


async def test_exit_seats_are_shown_and_refused_to_who_could_not_open_them(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    flight = running_system.schedule(system, seats=SEATS, leaves_in=running_system.TOMORROW)
    (cabin,) = (await customer.call("GET", f"/api/flights/{flight}/seats"))["cabins"]
    exits = {each["seat"] for each in cabin["seats"] if each["exitRow"]}
    assert exits == {f"13{letter}" for letter in "ABCDEF"}
    child = [{"passenger": 1, "segment": 0, "seat": "13A"}]
    with pytest.raises(Refused, match="exit_row"):
        await customer.reserved([flight], party=("ADT", "CHD"), seats=child)
    booking = await customer.confirmed([flight], party=("ADT", "ADT"))
    chair = {"code": "WCHR", "passenger": 0, "segment": 0}
    await customer.on(booking["id"], "special-services", chair)
    await customer.on(booking["id"], "special-services", {**chair, "passenger": 1, "code": "VGML"})
    with pytest.raises(Refused, match="exit_row"):
        await gate.on(booking["id"], "seats", {"seats": [{"passenger": 0, "seat": "13A"}]})
    await gate.on(booking["id"], "seats", {"seats": [{"passenger": 1, "seat": "13A"}]})
    with pytest.raises(Refused, match="sits_at_exit"):
        await customer.on(booking["id"], "special-services", {**chair, "passenger": 1})


async def test_a_paid_seat_is_charged_once_and_never_sold_twice(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=SEATS, business=2)
    once = await customer.reserved([flight], extras=[FRONT])
    twice = await customer.reserved(
        [flight], extras=[FRONT], seats=[{"passenger": 0, "segment": 0, "seat": "11B"}]
    )
    assert [each["total"] for each in (once, twice)] == [once["total"]] * 2
    assert once["passengers"][0]["coupons"][0]["seat"] == "11A"
    six = [{**LEGROOM, "passenger": each} for each in range(6)]
    await customer.reserved([flight], party=["ADT"] * 6, extras=six)
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await customer.reserved([flight], extras=[LEGROOM])
    with pytest.raises(Refused, match="sits_on_a_lap"):
        lap = {**FRONT, "passenger": 1}
        await customer.reserved([flight], party=("ADT", "INF"), extras=[lap])
    with pytest.raises(Refused, match="none_in_cabin"):
        await customer.reserved([flight], cabin="business", extras=[LEGROOM])


async def test_a_paid_seat_that_no_aircraft_has_any_more_comes_back_as_money(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=SEATS)
    plain = await customer.confirmed([flight])
    booking = await customer.confirmed([flight], extras=[FRONT])
    body = {
        "cabins": [
            {
                "cabin": "economy",
                "seatCount": SEATS,
                "firstRow": 21,
                "letters": "ABCDEF",
                "exitRows": [21, 22],
            }
        ],
        "reason": "other aircraft",
    }
    with pytest.raises(Refused, match="exit_rows"):
        wrong = {**body["cabins"][0], "exitRows": [9]}  # type: ignore[dict-item]  # one cabin
        await operations.post(f"/api/admin/flights/{flight}/equipment", {**body, "cabins": [wrong]})
    await operations.post(f"/api/admin/flights/{flight}/equipment", body)
    refunded = await customer.until(booking["id"], lambda found: not found["extras"])
    assert refunded["total"] == plain["total"]
    assert refunded["status"] == "confirmed"
    paid, back = refunded["paid"]["amount"], refunded["refund"]["amount"]
    assert paid - back == plain["total"]["amount"]
    await customer.until(booking["id"], lambda found: found["refundStatus"] == "settled")
