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
