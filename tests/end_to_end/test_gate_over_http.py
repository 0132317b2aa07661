"""The gate over HTTP: it moves passengers whom the airline does not let on board."""

import datetime as dt

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

LATER = running_system.SOON + dt.timedelta(hours=6)


async def test_the_gate_moves_denied_passengers_free_by_a_waiver_that_customers_do_not_have(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.SOON)
    other = running_system.schedule(system, seats=3, leaves_in=LATER)
    booking = await customer.confirmed([flight])
    await customer.on(booking["id"], "check-in", {})
    wanted = {"flightId": other, "waiver": "oversold"}
    with pytest.raises(Refused, match="FORBIDDEN"):
        await customer.on(booking["id"], "modification-quote", wanted)
    with pytest.raises(Refused, match="FORBIDDEN"):
        await gate.on(booking["id"], "modification-quote", {"flightId": other})
    quote = await gate.on(booking["id"], "modification-quote", wanted)
    assert (quote["due"]["amount"], quote["fee"]["amount"]) == (0, 0)
    moved = await gate.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert moved["segments"][0]["flightId"] == other


async def test_a_check_in_is_undone_by_the_owner_and_a_seat_changed_by_the_gate(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    flight = running_system.schedule(system, seats=24, leaves_in=running_system.SOON)
    booking = await customer.confirmed([flight])
    checked_in = await customer.on(booking["id"], "check-in", {})
    assert "undo_check_in" in checked_in["availableActions"]
    undone = await customer.on(booking["id"], "undo-check-in", {})
    assert undone["passengers"][0]["coupons"][0]["status"] == "O"
    assert "check_in" in undone["availableActions"]
    await customer.on(booking["id"], "check-in", {})
    seats = {"seats": [{"passenger": 0, "seat": "13B"}]}
    moved = await gate.on(booking["id"], "seats", seats)
    coupon = moved["passengers"][0]["coupons"][0]
    assert (coupon["status"], coupon["seat"], coupon["standby"]) == ("C", "13B", False)
    stranger = await customers.register(client)
    with pytest.raises(Refused, match="NOT_FOUND"):
        await stranger.on(booking["id"], "undo-check-in", {})
