"""A booking is divided over HTTP: one of a party goes another way, alone."""

import datetime as dt
import secrets

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

LATER = running_system.SOON + dt.timedelta(hours=6)


async def test_the_gate_rebooks_one_of_a_party_alone_and_the_other_flies(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=6, leaves_in=running_system.SOON)
    other = running_system.schedule(system, seats=6, fare=90_000, leaves_in=LATER)
    booking = await customer.confirmed([flight], party=("ADT", "ADT"))
    name, reference = booking["id"], booking["reference"]
    checked_in = await customer.on(name, "check-in", {})
    assert "divide" in checked_in["availableActions"]
    key = secrets.token_hex(8)
    path = f"/api/bookings/{name}/division"
    divided = await gate.post(path, {"passengers": [1]}, key=key)
    assert await gate.post(path, {"passengers": [1]}, key=key) == divided
    new = divided["id"]
    assert (divided["dividedFrom"], divided["status"]) == (reference, "checked_in")
    left = await customer.booking(name)
    assert left["dividedInto"] == [{"reference": divided["reference"], "passengers": [1]}]
    assert left["passengers"][1]["coupons"][0]["status"] == "X"
    assert left["paid"]["amount"] + divided["paid"]["amount"] == booking["paid"]["amount"]
    assert left["total"] == left["paid"]
    passes = f"/api/bookings/{new}/boarding-passes"
    (own,) = (await customer.call("GET", passes))["boardingPasses"]
    assert divided["reference"] in own["bcbp"]
    manifest = await customers.listed(system, gate, f"/api/admin/flights/{flight}/bookings")
    assert {each["reference"] for each in manifest["bookings"]} == {
        reference,
        divided["reference"],
    }
    wanted = {"flightId": other, "waiver": "oversold"}
    quote = await gate.on(new, "modification-quote", wanted)
    assert (quote["due"]["amount"], quote["fee"]["amount"]) == (0, 0)
    moved = await gate.on(new, "modify", {"quoteId": quote["quoteId"]})
    assert moved["segments"][0]["flightId"] == other
    await gate.on(name, "board", {})
    await operations.let_depart(flight)
    await customer.becomes(name, "completed")
    stored_log.assert_invariants(system.owner_dsn)


async def test_both_parts_of_a_divided_booking_are_refunded_by_themselves_and_name_each_other(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=6, leaves_in=running_system.LATER)
    booking = await customer.confirmed([flight], party=("ADT", "ADT", "CHD"))
    name = booking["id"]
    stranger = await customers.register(client)
    with pytest.raises(Refused, match="NOT_FOUND"):
        await stranger.on(name, "division", {"passengers": [1]})
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await customer.on(name, "division", {"passengers": [2]})
    divided = await customer.on(name, "division", {"passengers": [1, 2]})
    new = divided["id"]
    for each in (new, name):
        await customer.cancelled(each)
        refunded = await customer.becomes(each, "refunded")
        assert refunded["refundStatus"] == "settled"
        assert refunded["refund"] == refunded["paid"]
        books = stored_log.balances(system.owner_dsn, each)
        assert {account for (account, _), amount in books.items() if amount} == set()
    histories = [await customer.history(each) for each in (name, new)]
    related = [
        [each["relatedBooking"] for each in found if each["relatedBooking"]] for found in histories
    ]
    assert related == [[divided["reference"]], [booking["reference"]]]
    listed = (await customers.listed(system, customer, "/api/bookings"))["bookings"]
    assert {each["reference"] for each in listed} == {booking["reference"], divided["reference"]}
    stored_log.assert_invariants(system.owner_dsn)
