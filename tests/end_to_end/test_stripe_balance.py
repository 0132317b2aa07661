"""Sales in each currency, settled in another, refunded, failed and paid out: account 1010 of the
books is Stripe's balance, to the minor unit.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from domain.settlement.state import ComparedBalance
from interfaces.composition import open_core
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

FARES = {"SAR": 50_000, "KWD": 70_150, "JPY": 20_000}
EXCHANGES = {
    "sar": {"currency": "usd", "rate": 0.2666},
    "kwd": {"currency": "usd", "rate": 3.251},
    "jpy": {"currency": "aed", "rate": 0.0245},
}
LATER = {
    "sar": {"currency": "usd", "rate": 0.2702},
    "kwd": {"currency": "usd", "rate": 3.239},
    "jpy": {"currency": "aed", "rate": 0.0239},
}


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """A system of its own: others book captures that Stripe never had."""
    with running_system.running_system() as ready:
        yield ready


async def _compared(system: System) -> dict[str, ComparedBalance]:
    """Compare as the timer does, in a process of this test."""
    async with open_core(system.settings, report=lambda *_: None) as core:
        return {each.currency: each for each in await core.settlement.comparer.compare()}


async def test_the_books_are_stripes_balance_whatever_happens_to_the_money(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    running_system.control(system, "settings", exchanges=EXCHANGES)
    sold = [await _sell(system, customer, *each) for each in (*FARES.items(), *FARES.items())]
    _fits(await _at_rest(system))
    running_system.control(system, "settings", exchanges=LATER)
    for booking in sold[:3]:
        await customer.cancelled(booking)
        await customer.becomes(booking, "refunded")
    refunds = running_system.stripe_list(system, "refunds")
    assert len(refunds) == 3
    running_system.control(system, "refund_ends", refund=refunds[0]["id"], status="failed")
    _fits(await _at_rest(system))
    running_system.control(system, "funds")
    for payout in running_system.control(system, "payouts")["data"]:
        running_system.control(system, "payout_ends", payout=payout["id"], status="paid")
    running_system.control(system, "payout_ends", payout=payout["id"], status="failed")
    _fits(await _at_rest(system))
    await _dispute(system, customer, sold[3], "lost")
    await _dispute(system, customer, sold[4], "won")
    _fits(await _at_rest(system))
    for amount, end in ((500, None), (700, "failed")):
        intent = await _intent(system, sold[5])
        made = running_system.control(system, "refunds", charge=intent, amount=amount)
        _fits(await _at_rest(system))
        if end is not None:
            running_system.control(system, "refund_ends", refund=made["id"], status=end)
            _fits(await _at_rest(system))
    finance = await customers.staff(system, client, "finance")
    await _shown(system, finance)


async def _sell(system: System, customer: Customer, currency: str, fare: int) -> str:
    flight = running_system.schedule(system, seats=1, fare=fare, currency=currency)
    booking = await customer.confirmed([flight])
    return str(booking["id"])


async def _intent(system: System, booking: str) -> str:
    intents = await asyncio.to_thread(running_system.stripe_list, system, "payment_intents")
    (intent,) = [each["id"] for each in intents if each["metadata"].get("booking") == booking]
    return str(intent)


async def _dispute(system: System, customer: Customer, booking: str, end: str) -> None:
    """The payer disputes all of it; the bank decides so."""
    intent = await _intent(system, booking)
    dispute = running_system.control(system, "disputes", charge=intent)
    await customer.until(booking, lambda found: found["suspension"] is not None)
    running_system.control(system, "dispute_ends", dispute=dispute["id"], status=end)


async def _at_rest(system: System) -> dict[str, ComparedBalance]:
    """Compare once every webhook has its effect."""
    await asyncio.to_thread(running_system.await_rest, system)
    await asyncio.to_thread(stored_log.await_inbox, system.owner_dsn)
    return await _compared(system)


def _fits(found: dict[str, ComparedBalance]) -> None:
    assert {"SAR", "KWD", "JPY", "USD", "AED"} == set(found)
    for each in found.values():
        assert (each.unexplained, each.awaited, each.booked) == (0, 0, each.reported), each


async def _shown(system: System, finance: Customer) -> None:
    """The trial balance shows what Stripe says that it has."""
    key = system.settings.stripe_api_key.reveal()
    async with httpx.AsyncClient(verify=False, base_url=system.stripe_url, auth=(key, "")) as api:
        balance = (await api.get("/v1/balance")).json()
    at_stripe: dict[str, int] = {}
    for each in (*balance["available"], *balance["pending"]):
        currency = each["currency"].upper()
        at_stripe[currency] = at_stripe.get(currency, 0) + each["amount"]
    found: dict[str, Any] = await finance.call("GET", "/api/ledger/trial-balance")
    assert found["balanced"]
    booked = {
        each["currency"]: each["debit"] - each["credit"]
        for each in found["balances"]
        if each["account"] == "1010"
    }
    assert {currency: amount for currency, amount in booked.items() if amount} == {
        currency: amount for currency, amount in at_stripe.items() if amount
    }
    assert any(each["account"] == "7000" for each in found["balances"])
    breaks = (await finance.call("GET", "/api/admin/settlement/breaks"))["breaks"]
    assert breaks == []
