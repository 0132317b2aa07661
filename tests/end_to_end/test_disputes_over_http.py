"""Disputes over HTTP and signed webhooks against the whole system."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


def intent_of(system: System, booking: str) -> str:
    """The payment intent of a booking at Stripe."""
    found = running_system.stripe_list(system, "payment_intents")
    (intent,) = [each["id"] for each in found if each["metadata"].get("booking") == booking]
    return str(intent)


async def disputed(system: System, customer: Customer, booking: str) -> dict[str, Any]:
    """Open a dispute about all that was paid; wait until the booking shows it."""
    intent = await asyncio.to_thread(intent_of, system, booking)
    dispute: dict[str, Any] = running_system.control(system, "disputes", charge=intent)
    await customer.until(booking, lambda found: found["suspension"] is not None)
    return dispute


async def ends(system: System, dispute: dict[str, Any], status: str) -> None:
    """The bank decides."""
    running_system.control(system, "dispute_ends", dispute=dispute["id"], status=status)


async def test_a_disputed_booking_says_why_it_does_not_fly_and_flies_once_the_dispute_is_won(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.SOON)
    booking = (await customer.confirmed([flight]))["id"]
    dispute = await disputed(system, customer, booking)
    found = await customer.booking(booking)
    assert found["suspension"] == {
        "reason": "payment_disputed",
        "nextStep": "ask_your_bank_to_end_the_dispute",
    }
    assert "cancel" in found["availableActions"]
    assert "check_in" not in found["availableActions"]
    with pytest.raises(Refused, match="payment_disputed"):
        await customer.on(booking, "check-in", {})
    manifest = await client.get(f"/api/admin/flights/{flight}/manifest", headers=gate.headers)
    assert [each["suspended"] for each in manifest.json()["passengers"]] == ["payment_disputed"]
    await ends(system, dispute, "won")
    await customer.until(booking, lambda found: found["suspension"] is None)
    checked_in = await customer.on(booking, "check-in", {})
    assert checked_in["passengers"][0]["coupons"][0]["status"] == "C"
    await asyncio.to_thread(running_system.await_rest, system)
    books = stored_log.balances(system.owner_dsn, booking)
    assert books["1200", "SAR"] == 0


async def test_a_customer_cancels_while_the_payment_is_disputed_and_a_lost_dispute_is_the_refund(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=3)
    booking = (await customer.confirmed([flight]))["id"]
    dispute = await disputed(system, customer, booking)
    with pytest.raises(Refused, match="payment_disputed"):
        await finance.post(f"/api/admin/bookings/{booking}/refund", {"reason": "goodwill"})
    _, cancelled = await customer.cancelled(booking)
    assert (cancelled["status"], cancelled["refundStatus"]) == ("cancelled", "pending")
    assert stored_log.seats(system.owner_dsn, flight)[2] == 0, "the seats are on sale again"
    await ends(system, dispute, "lost")
    refunded = await customer.becomes(booking, "refunded")
    assert refunded["refundStatus"] == "settled"
    assert not [
        each
        for each in running_system.stripe_list(system, "refunds")
        if each["metadata"].get("booking") == booking
    ]
    books = stored_log.balances(system.owner_dsn, booking)
    assert (books["1200", "SAR"], books["2100", "SAR"]) == (0, 0)


async def test_finance_sees_the_dispute_compiles_the_evidence_and_submits_it_once(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=3)
    booking = (await customer.confirmed([flight]))["id"]
    dispute = (await disputed(system, customer, booking))["id"]

    async def listed() -> dict[str, Any]:
        for _ in range(200):
            answer = await client.get("/api/admin/disputes", headers=finance.headers)
            rows = [each for each in answer.json()["disputes"] if each["dispute"] == dispute]
            if rows:
                return dict(rows[0])
            await asyncio.sleep(0.05)
        raise AssertionError("the dispute is not listed")

    row = await listed()
    assert (row["booking"], row["stage"], row["evidenceSubmitted"]) == (booking, "open", False)
    assert row["receivable"] == row["amount"]
    path = f"/api/admin/disputes/{dispute}/evidence"
    evidence = await finance.post(path, {})
    assert evidence["submitted"] is False
    assert evidence["customer"] is not None
    drawn = await client.get(evidence["pdfUrl"], headers=finance.headers)
    assert drawn.content.startswith(b"%PDF")
    for _ in range(2):
        submitted = await finance.post(path, {"submit": True}, key="evidence-once")
        assert submitted["submitted"] is True
    assert (
        stored_log.tags(system.owner_dsn, row["payment"]).count(
            "payment.dispute_evidence_submitted.1"
        )
        == 1
    )
    for other in (customer, await customers.staff(system, client, "support")):
        with pytest.raises(Refused, match="FORBIDDEN"):
            await other.post(path, {})
