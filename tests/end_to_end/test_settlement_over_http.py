"""From a card to the bank through the whole system: fees, a payout, and Stripe's balance."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx

from interfaces.worker.timers import follow_payouts, sweep_balance_transactions
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import Hurried, System

PATH = "/api/admin/settlement"


async def _once(
    reader: Customer, path: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The answer once this holds of it."""
    end = time.monotonic() + 2 * stored_log.WAIT_SECONDS
    while True:
        found = await reader.call("GET", f"{PATH}/{path}")
        if holds(found):
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.2)


async def test_a_payment_is_followed_to_the_bank_and_back_when_the_payout_fails(
    system: System,
    client: httpx.AsyncClient,
    customer: Customer,
    hurried_timers: Hurried,
) -> None:
    finance = await customers.staff(system, client, "finance")
    booking = await customer.confirmed(
        [running_system.schedule(system, seats=1, fare=70_150, currency="KWD")]
    )
    await asyncio.to_thread(running_system.await_rest, system)
    running_system.control(system, "funds")
    (made,) = running_system.control(system, "payouts", currency="kwd")["data"]
    path = f"payouts/{made['id']}"
    await _listed(finance, made["id"])
    with hurried_timers(sweep_balance_transactions.TIMER, follow_payouts.TIMER):
        found = await _once(
            finance, path, lambda page: page["payout"]["transactionCount"] is not None
        )
    assert found["payout"]["difference"] == 0
    (line,) = [each for each in found["transactions"] if each["booking"] == booking["id"]]
    assert (line["category"], line["gross"]) == ("charge", {"amount": 70_150, "currency": "KWD"})
    assert line["net"] == 70_150 - line["fee"] > 0
    running_system.control(system, "payout_ends", payout=made["id"], status="paid")
    await _once(finance, path, lambda page: page["payout"]["status"] == "paid")
    running_system.control(system, "payout_ends", payout=made["id"], status="failed")
    failed = await _once(finance, path, lambda page: page["payout"]["status"] == "failed")
    assert failed["payout"]["failureCode"] == "account_closed"
    breaks = (await finance.call("GET", f"{PATH}/breaks"))["breaks"]
    assert [each for each in breaks if each["object"] == made["id"]] == []


async def _listed(finance: Customer, payout: str) -> None:
    await _once(
        finance, "payouts", lambda page: payout in [each["payout"] for each in page["payouts"]]
    )


async def test_only_those_who_read_the_ledger_see_what_stripe_settles(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    found = await auditor.call("GET", f"{PATH}/balance")
    assert set(found) == {"day", "comparedAt", "balances", "asOfPosition", "lagSeconds"}
    unknown = await client.get(f"{PATH}/payouts/po_unknown", headers=auditor.headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
    for path in ("payouts", "payouts/po_1", "balance", "breaks"):
        refused = await client.get(f"{PATH}/{path}", headers=customer.headers)
        assert refused.status_code == 403
