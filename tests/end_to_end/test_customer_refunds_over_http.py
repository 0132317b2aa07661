"""What the owner of a booking sees of its refunds, through the running system and Stripe."""

import asyncio
import datetime as dt
import secrets
from typing import Any

import httpx
import pytest

from application.booking.booking_refunds import CARD_REFUND_DAYS
from domain.kernel.entries import accounting_day
from tests.support import customers, running_system, shared_bookings, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System
from tests.support.shared_bookings import CURRENCIES, FARES

Shown = dict[str, Any]
MASTERCARD = {"kind": "card", "cardLastFour": "4444", "credit": None}


async def _paid(system: System, customer: Customer, currency: str = "SAR") -> str:
    """A confirmed booking, paid by the card that ends in 4444."""
    flight = running_system.schedule(system, seats=1, currency=currency, fare=FARES[currency])
    booking = str((await customer.send_booking(flight)).json()["id"])
    session = await customer.on(booking, "checkout")
    assert await customers.press(session["checkoutUrl"], "pay", card="pm_card_mastercard") == 303
    assert (await customer.becomes(booking, "confirmed"))["refunds"] == []
    return booking


async def _shown(customer: Customer, booking: str, *statuses: str) -> list[Shown]:
    """The refunds once they have these statuses, the oldest first."""
    found = await customer.until(
        booking, lambda found: [each["status"] for each in found["refunds"]] == list(statuses)
    )
    refunds: list[Shown] = found["refunds"]
    return refunds


async def _at_stripe(system: System, booking: str) -> list[str]:
    """Stripe's ids of the booking's refunds, the oldest first."""
    refunds = await asyncio.to_thread(running_system.stripe_list, system, "refunds")
    mine = [each["id"] for each in refunds if each["metadata"].get("booking") == booking]
    return mine[::-1]


def _ends(system: System, refund: str, status: str, reason: str | None = None) -> None:
    more = {} if reason is None else {"reason": reason}
    running_system.control(system, "refund_ends", refund=refund, status=status, **more)


@pytest.mark.parametrize("currency", CURRENCIES)
async def test_the_owner_follows_a_refund_from_the_request_beyond_a_failure_after_success(
    system: System, client: httpx.AsyncClient, customer: Customer, currency: str
) -> None:
    booking = await _paid(system, customer, currency)
    running_system.control(system, "refund_plans", status="pending")
    slow = {"path": "/v1/refunds", "method": "POST", "seconds": 3}
    running_system.control(system, "faults", kind="slow", **slow)
    before = dt.datetime.now(dt.UTC)
    quote, cancelled = await customer.cancelled(booking)
    (requested,) = cancelled["refunds"]
    assert (requested["status"], requested["amount"]) == ("requested", quote["refund"])
    assert (requested["reason"], requested["nextStep"], requested["replaces"]) == (None,) * 3
    (pending,) = await _shown(customer, booking, "pending")
    assert pending["destination"] == MASTERCARD
    assert pending["id"] == requested["id"]
    asked = dt.datetime.fromisoformat(pending["requestedAt"])
    assert before <= asked <= dt.datetime.now(dt.UTC)
    by = accounting_day(asked) + dt.timedelta(days=CARD_REFUND_DAYS)
    for each in (requested, pending):
        assert (each["expectedBy"], each["expectedBySource"]) == (
            by.isoformat(),
            "card_ten_business_days",
        )
    (provider,) = await _at_stripe(system, booking)
    _ends(system, provider, "succeeded")
    await _shown(customer, booking, "succeeded")
    _ends(system, provider, "failed", "expired_or_canceled_card")
    (failed,) = await _shown(customer, booking, "failed")
    assert (failed["reason"], failed["nextStep"], failed["expectedBy"]) == (
        *("expired_or_canceled_card", "ask_the_airline"),
        None,
    )
    finance = await customers.staff(system, client, "finance")
    await finance.post(f"/api/admin/bookings/{booking}/refunds/{failed['id']}/resend", {})
    first, second = await _shown(customer, booking, "failed", "succeeded")
    assert (first["nextStep"], second["replaces"]) == (None, failed["id"])
    assert second["destination"] == MASTERCARD
    stranger = await customers.register(client)
    for path in (booking, booking.removeprefix("booking-")):
        answer = await client.get(f"/api/bookings/{path}", headers=stranger.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("currency", CURRENCIES)
async def test_a_refund_that_needs_the_payer_and_is_then_withdrawn(
    system: System, customer: Customer, currency: str
) -> None:
    booking = await _paid(system, customer, currency)
    running_system.control(system, "refund_plans", status="requires_action")
    await customer.cancelled(booking)
    (waits,) = await _shown(customer, booking, "requires_action")
    assert (waits["nextStep"], waits["expectedBy"]) == ("give_stripe_your_bank_details", None)
    (provider,) = await _at_stripe(system, booking)
    _ends(system, provider, "canceled")
    (canceled,) = await _shown(customer, booking, "canceled")
    assert (canceled["reason"], canceled["nextStep"]) == ("withdrawn", "await_the_airline")
    assert canceled["amount"] == waits["amount"]


@pytest.mark.parametrize("currency", CURRENCIES)
async def test_a_failed_refund_that_finance_pays_by_bank_and_one_by_hand_are_shown(
    system: System, client: httpx.AsyncClient, customer: Customer, currency: str
) -> None:
    booking = await _paid(system, customer, currency)
    intents = await asyncio.to_thread(running_system.stripe_list, system, "payment_intents")
    (intent,) = [each["id"] for each in intents if each["metadata"].get("booking") == booking]
    running_system.control(system, "refund_plans", status="pending")
    made = running_system.control(system, "refunds", charge=intent, amount=1_000)
    (by_hand,) = await _shown(customer, booking, "pending")
    assert (by_hand["id"], by_hand["madeByHand"]) == (made["id"], True)
    assert by_hand["amount"] == {"amount": 1_000, "currency": currency}
    at = dt.datetime.fromtimestamp(made["created"], dt.UTC)
    assert dt.datetime.fromisoformat(by_hand["requestedAt"]) == at
    _ends(system, made["id"], "succeeded")
    await _shown(customer, booking, "succeeded")
    await customer.cancelled(booking)
    _, ours, *rest = await _shown(customer, booking, "succeeded", "succeeded", "failed")
    assert [each["reason"] for each in rest] == ["refunded_by_hand"], "no more than was captured"
    _ends(system, made["id"], "failed", "lost_or_stolen_card")
    failed, *_ = await _shown(customer, booking, "failed", "succeeded", "failed")
    assert (failed["reason"], failed["nextStep"]) == ("lost_or_stolen_card", None)
    assert failed["destination"] == ours["destination"] == MASTERCARD
    finance = await customers.staff(system, client, "finance")
    today = accounting_day(dt.datetime.now(dt.UTC)).isoformat()
    path = f"/api/admin/bookings/{booking}/refunds/{rest[0]['id']}/bank-transfer"
    reference = f"FT26330-{secrets.token_hex(4).upper()}"
    await finance.post(path, {"bankReference": reference, "paidOn": today})
    *_, transferred = await _shown(customer, booking, "failed", "succeeded", "succeeded")
    assert transferred["destination"] == {"kind": "bank", "cardLastFour": None, "credit": None}
    assert (transferred["expectedBy"], transferred["expectedBySource"]) == (
        today,
        "transfer_value_date",
    )
    assert ours["amount"]["currency"] == currency


@pytest.mark.parametrize("currency", CURRENCIES)
async def test_what_travel_credit_paid_is_shown_to_go_back_to_it_beside_the_card(
    system: System, client: httpx.AsyncClient, customer: Customer, currency: str
) -> None:
    flight = running_system.schedule(system, seats=2, currency=currency, fare=FARES[currency])
    booking = str((await customer.send_booking(flight)).json()["id"])
    finance = await customers.staff(system, client, "finance")
    money = {"amount": 10_000, "currency": currency}
    body = {"amount": money, "reason": "a broken seat"}
    credit = (await finance.post(f"/api/admin/bookings/{booking}/credit", body))["id"]
    await customer.on(booking, "credit", {"credit": credit})
    await customer.pay(booking)
    await customer.becomes(booking, "confirmed")
    await customer.cancelled(booking)
    found = await customer.becomes(booking, "refunded")
    to_card, to_credit = sorted(found["refunds"], key=lambda each: each["destination"]["kind"])
    assert to_card["destination"]["kind"] == "card"
    assert to_credit["destination"] == {"kind": "credit", "cardLastFour": None, "credit": credit}
    assert (to_credit["status"], to_credit["expectedBySource"]) == ("succeeded", "credit_at_once")
    day = accounting_day(dt.datetime.fromisoformat(to_credit["requestedAt"])).isoformat()
    assert to_credit["expectedBy"] == day
    assert to_credit["amount"]["amount"] == 10_000
    both = to_card["amount"]["amount"] + to_credit["amount"]["amount"]
    assert {"amount": both, "currency": currency} == found["refund"]


async def test_the_refunds_are_the_same_after_the_processes_start_anew(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await _paid(system, customer)
    await customer.cancelled(booking)
    await _shown(customer, booking, "succeeded")
    case = await shared_bookings.shared(system, customer, "KWD", 3)
    for link in case.links[:2]:
        assert await customers.press(link, "pay") == 303
    await case.become("paid", "paid", "open")
    shared_bookings.end_hold(system, case.id)
    await _shown(customer, case.id, "succeeded", "succeeded")
    await asyncio.to_thread(running_system.await_rest, system)
    before = [await customer.booking(each) for each in (booking, case.id)]
    running_system.restart(system, "web", "worker", "scheduler", "projector")
    await running_system.await_ready(client)
    assert [await customer.booking(each) for each in (booking, case.id)] == before
    stored_log.assert_invariants(system.owner_dsn)
