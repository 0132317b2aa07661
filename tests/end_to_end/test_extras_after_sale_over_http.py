"""Extras of a booking with tickets over HTTP: bought with a payment of their own, and returned."""

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

BAG = {"code": "BAG20", "passenger": 0}


async def test_a_bag_and_a_seat_are_bought_later_and_the_bag_is_returned(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=30)
    booking = await customer.confirmed([flight])
    name, sold_for = booking["id"], booking["paid"]["amount"]
    assert "add_extras" in booking["availableActions"]
    cabin = (await client.get(f"/api/flights/{flight}/seats")).json()["cabins"][0]
    front = next(each["seat"] for each in cabin["seats"] if each["category"] == "front")
    wanted = {"extras": [BAG], "seats": [{"passenger": 0, "seat": front}]}
    quote = await customer.on(name, "extras-quote", wanted)
    assert quote["total"]["amount"] == 172_50 + 92_00
    stranger = await customers.register(client)
    with pytest.raises(Refused, match="NOT_FOUND"):
        await stranger.on(name, "extras-quote", wanted)
    accepted = (f"/api/bookings/{name}/add-extras", {"quoteId": quote["quoteId"]})
    ordered = await customer.post(*accepted, key="order")
    assert ordered["due"] == quote["total"]
    assert [each["code"] for each in ordered["extrasOrder"]["extras"]] == ["BAG20", "FRONT"]
    with pytest.raises(Refused, match="extras_ordered"):
        await customer.on(name, "cancellation-quote", {})
    await customer.pay(name)
    sold = await customer.until(name, lambda found: len(found["extras"]) == 2)
    assert sold["extrasOrder"] is None
    assert sold["paid"]["amount"] == sold["total"]["amount"] == sold_for + 172_50 + 92_00
    assert sold["passengers"][0]["coupons"][0]["seat"] == front
    bag = sold["extras"][0]
    assert (bag["documentType"], bag["status"]) == ("EMD-A", "O")
    ticket = sold["passengers"][0]["ticketNumber"]
    assert ticket[3] in "0123"
    assert bag["documentNumber"][3] in "4567"
    again = await customer.post(*accepted, key="order")
    assert (again["extrasOrder"], again["extras"]) == (ordered["extrasOrder"], [])
    books = stored_log.balances(system.owner_dsn, name)
    assert (books["2020", "SAR"], books["2010", "SAR"]) == (0, -(150_00 + 80_00))

    number = {"documentNumber": bag["documentNumber"]}
    terms = await customer.on(name, "extra-refund-quote", number)
    assert terms["price"]["amount"] == terms["fee"]["amount"] + terms["refund"]["amount"] == 172_50
    accepted = (f"/api/bookings/{name}/refund-extra", {"quoteId": terms["quoteId"]})
    left = await customer.post(*accepted, key="return")
    assert (await customer.post(*accepted, key="return"))["extras"] == left["extras"]
    assert [each["code"] for each in left["extras"]] == ["FRONT"]
    assert [each["status"] for each in left["refundedExtras"]] == ["R"]
    settled = await customer.until(name, lambda found: found["refundStatus"] == "settled")
    assert settled["refund"] == terms["refund"]
    with pytest.raises(Refused, match="no_such_extra"):
        await customer.on(name, "extra-refund-quote", number)
    stored_log.assert_invariants(system.owner_dsn)


async def test_an_order_of_extras_is_abandoned_and_its_page_takes_no_money(
    system: System, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=6)])
    quote = await customer.on(booking["id"], "extras-quote", {"extras": [BAG]})
    waiting = await customer.on(booking["id"], "add-extras", {"quoteId": quote["quoteId"]})
    assert {"checkout", "abandon_extras"} <= set(waiting["availableActions"])
    session = await customer.on(booking["id"], "checkout")
    path = f"/api/bookings/{booking['id']}/abandon-extras"
    abandoned = await customer.post(path, key="abandon")
    assert (await customer.post(path, key="abandon"))["extrasOrder"] is None
    assert (abandoned["extrasOrder"], abandoned["extras"]) == (None, [])
    assert await customers.press(session["checkoutUrl"], "pay") not in {200, 303}
    with pytest.raises(Refused, match="QUOTE_EXPIRED"):
        await customer.on(booking["id"], "add-extras", {"quoteId": quote["quoteId"]})
    stored_log.assert_invariants(system.owner_dsn)
