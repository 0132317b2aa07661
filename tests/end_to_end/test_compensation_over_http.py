"""Compensation over HTTP: assessed by itself, accepted by the passenger, paid by finance."""

import asyncio
import datetime as dt
import time
from typing import Any

import httpx
import pytest

from domain.kernel.entries import accounting_day
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

IBAN = "SA0380000000608010167519"


async def offered(customer: Customer, booking: str) -> dict[str, Any]:
    """The only claim of the booking, once it is offered."""
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while True:
        found = (await customer.call("GET", f"/api/bookings/{booking}/claims"))["claims"]
        if found and found[0]["status"] == "offered":
            (claim,) = found
            return dict(claim)
        assert time.monotonic() < end, found
        await asyncio.sleep(0.1)


async def test_a_cancelled_flight_is_compensated_to_the_account_that_the_passenger_names(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=2, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "commercial"})
    claim = await offered(customer, booking)
    assert (claim["regime"], claim["cause"]) == ("GACA", "cancelled")
    path = f"/api/bookings/{booking}/claims/{claim['id']}/accept"
    account = {"iban": IBAN, "holder": "Noura Alharbi"}
    stranger = await customers.register(client)
    with pytest.raises(Refused, match="NOT_FOUND"):
        await stranger.post(path, account)
    support = await customers.staff(system, client, "support")
    with pytest.raises(Refused, match="FORBIDDEN"):
        await support.post(path, account)
    with pytest.raises(Refused) as refused:
        await customer.post(path, {**account, "iban": "SA0480000000608010167519"})
    assert refused.value.body["details"]["field"] == "iban"
    accepted = await customer.post(path, account, key="accept-once")
    assert accepted["status"] == "accepted"
    assert "iban" not in {name for name, value in accepted.items() if value is not None}
    await customer.post(path, account, key="accept-once")
    listed = (await customers.listed(system, finance, "/api/admin/open-claims"))["claims"]
    assert claim["id"] in [each["id"] for each in listed if each["status"] == "accepted"]
    known = (await finance.call("GET", f"/api/bookings/{booking}/claims"))["claims"]
    assert [(each["iban"], each["holder"]) for each in known] == [(IBAN, "Noura Alharbi")]
    today = accounting_day(dt.datetime.now(dt.UTC))
    transfer = {"bankReference": "FT26325-0042", "paidOn": today.isoformat()}
    for days, reason in ((1, "in the future"), (-1, "before_acceptance")):
        wrong = {**transfer, "paidOn": (today + dt.timedelta(days=days)).isoformat()}
        with pytest.raises(Refused, match="VALIDATION_ERROR") as refused:
            await finance.post(f"/api/admin/claims/{claim['id']}/bank-transfer", wrong)
        assert refused.value.body["details"] == {"field": "paidOn", "reason": reason}
    with pytest.raises(Refused, match="FORBIDDEN"):
        await customer.post(f"/api/admin/claims/{claim['id']}/bank-transfer", transfer)
    paid = await finance.post(f"/api/admin/claims/{claim['id']}/bank-transfer", transfer)
    assert paid["status"] == "paid"
    assert stored_log.tags(system.owner_dsn, "transfer-FT26325-0042") == ["transfer.recorded.1"]
    balances = stored_log.balances(system.owner_dsn, booking)
    assert balances["2500", "SAR"] == 0
    assert balances["4900", "SAR"] == -balances["1000", "SAR"] == claim["amount"]["amount"]
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await finance.post(
            f"/api/admin/claims/{claim['id']}/withdraw",
            {"reason": "agreed_otherwise", "note": "they got miles"},
        )
    stored_log.assert_invariants(system.owner_dsn)


async def test_finance_withdraws_a_claim_of_a_flight_that_nobody_could_help(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=2, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "operational"})
    claim = await offered(customer, booking)
    body = {"reason": "extraordinary_circumstances", "note": "the airport was closed"}
    path = f"/api/admin/claims/{claim['id']}/withdraw"
    withdrawn = await finance.post(path, body, key="withdraw-once")
    assert withdrawn["status"] == "withdrawn"
    assert await finance.post(path, body, key="withdraw-once") == withdrawn
    assert stored_log.balances(system.owner_dsn, booking)["2500", "SAR"] == 0


async def test_the_passenger_may_choose_travel_credit_instead(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=2, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "commercial"})
    claim = await offered(customer, booking)
    path = f"/api/bookings/{booking}/claims/{claim['id']}/accept"
    for body, field in (
        ({}, "iban"),
        ({"iban": IBAN}, "holder"),
        ({"asCredit": True, "iban": IBAN, "holder": "Noura Alharbi"}, "asCredit"),
    ):
        with pytest.raises(Refused) as refused:
            await customer.post(path, body)
        assert refused.value.body["details"]["field"] == field
    paid = await customer.post(path, {"asCredit": True}, key="as-credit")
    assert (paid["status"], paid["amount"]) == ("paid", claim["amount"])
    assert await customer.post(path, {"asCredit": True}, key="as-credit") == paid
    (credit,) = (await customers.listed(system, customer, "/api/credits"))["credits"]
    assert (credit["id"], credit["origin"]) == (paid["creditId"], "compensation")
    assert credit["balance"] == credit["issued"] == claim["amount"]
    stored_log.assert_invariants(system.owner_dsn)
