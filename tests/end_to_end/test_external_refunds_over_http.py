"""A refund made at Stripe's dashboard, through the whole system: webhook, books, finance."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

PATH = "/api/admin/external-refunds"
CURRENCIES = [("SAR", 50_000), ("KWD", 40_000), ("JPY", 20_000)]


async def _by_hand(system: System, booking: str, amount: int) -> str:
    """Refund at the dashboard; the refund's id once its webhooks have their effect."""
    intents = await asyncio.to_thread(running_system.stripe_list, system, "payment_intents")
    (intent,) = [each["id"] for each in intents if each["metadata"].get("booking") == booking]
    made = running_system.control(system, "refunds", charge=intent, amount=amount)
    await asyncio.to_thread(running_system.await_rest, system)
    await asyncio.to_thread(stored_log.await_inbox, system.owner_dsn)
    return str(made["id"])


async def _open(system: System, finance: Customer, refund: str) -> dict[str, Any] | None:
    found = (await customers.listed(system, finance, PATH))["refunds"]
    return next((each for each in found if each["refund"] == refund), None)


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
async def test_row_13_finance_allocates_a_refund_by_hand_to_the_debt_and_nothing_is_sent_for_it(
    system: System, client: httpx.AsyncClient, customer: Customer, currency: str, fare: int
) -> None:
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=1, fare=fare, currency=currency)
    booking = str((await customer.confirmed([flight]))["id"])
    external = await _by_hand(system, booking, 1_000)
    listed = await _open(system, finance, external)
    assert listed is not None
    assert listed["unallocated"] == {"amount": 1_000, "currency": currency}
    granted = f"/api/admin/bookings/{booking}/refund"
    await finance.call("POST", granted, {"reason": "as promised"}, key=booking)
    await asyncio.to_thread(running_system.await_rest, system)
    failed = (await customers.listed(system, finance, "/api/ledger/failed-refunds"))["refunds"]
    (ours,) = [each for each in failed if each["booking"] == booking]
    assert (ours["reason"], ours["nextStep"], ours["amount"]["amount"]) == (
        "refunded_at_stripe",
        "allocate_the_external_refund",
        1_000,
    )
    body = {"allocations": [{"amount": 1_000, "refund": ours["refund"]}]}
    for _ in range(2):
        allocated = await finance.call("POST", f"{PATH}/{external}/allocate", body, key=external)
        assert allocated["unallocated"]["amount"] == 0
    await customer.becomes(booking, "refunded")
    assert await _open(system, finance, external) is None
    intents = await asyncio.to_thread(running_system.stripe_list, system, "refunds")
    about = [each for each in intents if each["metadata"].get("booking") == booking]
    assert len(about) == 1, "of ours only what was left"


async def test_nobody_but_finance_allocates_and_wrong_allocations_are_refused_with_the_reason(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=1)
    booking = str((await customer.confirmed([flight]))["id"])
    external = await _by_hand(system, booking, 700)
    path = f"{PATH}/{external}/allocate"

    async def refused(who: Customer, where: str, body: dict[str, Any]) -> tuple[int, str, Any]:
        headers = {**who.headers, "Idempotency-Key": f"k{len(str(body))}{where[-20:-9]}"}
        answer = await client.post(where, json=body, headers=headers)
        found = answer.json()
        return answer.status_code, found["code"], found["details"].get("reason")

    parts = {"allocations": [{"amount": 700}]}
    assert (await refused(customer, path, parts))[0] == 403
    assert (await refused(finance, f"{PATH}/re_none/allocate", parts))[:2] == (404, "NOT_FOUND")
    too_much = {"allocations": [{"amount": 701}]}
    assert await refused(finance, path, too_much) == (
        400,
        "VALIDATION_ERROR",
        "more_than_unallocated",
    )
    assert (await refused(finance, path, {"allocations": []}))[0] == 400
    unknown = {"allocations": [{"amount": 1, "refund": "payment-AAAAAA-1-r1"}]}
    assert (await refused(finance, path, unknown))[:2] == (404, "NOT_FOUND")
