"""Refunds through the whole system: outbox, worker, Stripe, signed webhooks, ledger."""

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from application.payment.refund_payment import RefundPayment
from domain.kernel import money
from domain.ledger.rules import accounting_day
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.running_system import System

PART = 10_000


@pytest.fixture
async def airline(system: System) -> AsyncIterator[PostgresAirline]:
    """One more process on the same log."""
    async with postgres_airline(system.settings.database_url) as found:
        yield found


async def confirmed(system: System, customer: Customer) -> str:
    """A paid booking with its ticket."""
    made = await customer.send_booking(running_system.schedule(system, seats=5))
    booking = str(made.json()["id"])
    session = (await customer.send_checkout(booking)).json()
    await customers.press(session["checkoutUrl"], "pay")
    await customer.becomes(booking, "confirmed")
    return booking


async def ask(airline: PostgresAirline, booking: str, obligation: str = "cancellation") -> str:
    """Ask a part of the money back; the refund's id."""
    payment = booking.replace("booking-", "payment-") + "-1"
    command = RefundPayment(booking, obligation, money.Money(PART, "SAR"), (payment,))
    return (await airline.submit(command)).answer.ids[payment]


async def await_tag(system: System, booking: str, tag: str) -> list[str]:
    """What is told of the booking's refunds once the tag is among it."""
    payment = booking.replace("booking-", "payment-")
    end = time.monotonic() + 2 * stored_log.WAIT_SECONDS
    while True:
        reported = [
            each for each in stored_log.tags(system.owner_dsn, payment) if ".refund_" in each
        ]
        if tag in reported:
            return reported
        assert time.monotonic() < end, reported
        await asyncio.sleep(0.05)


def provider_refund(system: System, refund: str) -> str:
    """Stripe's id of an accepted refund."""
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute(
            "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'provider_refund' FROM ledger.event "
            "WHERE tag = 'payment.refund_accepted.1' "
            "AND convert_from(payload, 'UTF8')::jsonb ->> 'refund' = %s",
            (refund,),
        ).fetchone()
    assert row is not None
    return str(row[0])


def owed(system: System, booking: str) -> int:
    """What the postings to 2100 of the booking sum to."""
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(amount), 0)::bigint FROM ledger.posting "
            "WHERE account = '2100' AND booking = %s",
            (booking,),
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_refund_is_sent_accepted_and_settled_by_itself(
    system: System, customer: Customer, airline: PostgresAirline
) -> None:
    booking = await confirmed(system, customer)
    await ask(airline, booking)
    await ask(airline, booking)
    assert await await_tag(system, booking, "payment.refund_settled.1") == [
        "payment.refund_requested.1",
        "payment.refund_accepted.1",
        "payment.refund_settled.1",
    ]
    assert owed(system, booking) == PART
    stored_log.assert_invariants(system.owner_dsn)


async def test_webhooks_carry_a_pending_refund_to_its_end_and_beyond(
    system: System, customer: Customer, airline: PostgresAirline
) -> None:
    booking = await confirmed(system, customer)
    running_system.control(system, "refund_plans", status="pending")
    refund = await ask(airline, booking)
    await await_tag(system, booking, "payment.refund_accepted.1")
    provider = provider_refund(system, refund)
    running_system.control(system, "refund_ends", refund=provider, status="succeeded")
    await await_tag(system, booking, "payment.refund_settled.1")
    assert owed(system, booking) == PART
    running_system.control(
        system, "refund_ends", refund=provider, status="failed", reason="declined"
    )
    await await_tag(system, booking, "payment.refund_failed.1")
    assert owed(system, booking) == 0
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_refund_that_fails_after_it_settled_is_shown_and_sent_again_by_finance(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await confirmed(system, customer)
    await customer.cancelled(booking)
    settled = await customer.becomes(booking, "refunded")
    assert settled["refundStatus"] == "settled"
    failed = booking.replace("booking-", "payment-") + "-1-r1"
    provider = provider_refund(system, failed)
    running_system.control(
        system, "refund_ends", refund=provider, status="failed", reason="declined"
    )
    await customer.until(booking, lambda b: b["refundStatus"] == "failed")
    path = f"/api/admin/bookings/{booking}/refunds/{failed}/resend"
    assert (await client.post(path, json={}, headers=customer.headers)).status_code == 403
    finance = await customers.staff(system, client, "finance")
    headers = {**finance.headers, "Idempotency-Key": f"again-{failed}"}
    first = await client.post(path, json={}, headers=headers)
    assert first.status_code == 200, first.text
    repeated = await client.post(path, json={}, headers=headers)
    assert repeated.json() == first.json()
    assert repeated.headers["idempotency-replayed"] == "true"
    again = await customer.until(booking, lambda b: b["refundStatus"] == "settled")
    assert again["status"] == "refunded"
    assert stored_log.balances(system.owner_dsn, booking)["2100", "SAR"] == 0
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_failed_refund_that_finance_paid_by_bank_ends_what_is_owed(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await confirmed(system, customer)
    running_system.control(system, "refund_plans", status="pending")
    await customer.cancelled(booking)
    await await_tag(system, booking, "payment.refund_accepted.1")
    failed = booking.replace("booking-", "payment-") + "-1-r1"
    provider = provider_refund(system, failed)
    running_system.control(
        system, "refund_ends", refund=provider, status="failed", reason="lost_or_stolen_card"
    )
    await customer.until(booking, lambda b: b["refundStatus"] == "failed")
    path = f"/api/admin/bookings/{booking}/refunds/{failed}/bank-transfer"
    today = accounting_day(dt.datetime.now(dt.UTC)).isoformat()
    body = {"bankReference": f"FT26330-{secrets.token_hex(4).upper()}", "paidOn": today}
    assert (await client.post(path, json=body, headers=customer.headers)).status_code == 403
    finance = await customers.staff(system, client, "finance")
    headers = {**finance.headers, "Idempotency-Key": f"bank-{failed}"}
    early = await client.post(
        path, json={**body, "paidOn": "2020-01-01"}, headers={**headers, "Idempotency-Key": "early"}
    )
    assert (early.status_code, early.json()["details"]["field"]) == (400, "paidOn")
    first = await client.post(path, json=body, headers=headers)
    assert (first.status_code, first.json()) == (200, {"refund": failed, "status": "transferred"})
    repeated = await client.post(path, json=body, headers=headers)
    assert repeated.headers["idempotency-replayed"] == "true"
    paid = await customer.until(booking, lambda b: b["refundStatus"] == "settled")
    assert paid["status"] == "refunded"
    assert stored_log.balances(system.owner_dsn, booking)["2100", "SAR"] == 0
    stored_log.assert_invariants(system.owner_dsn)


@running_system.EACH_FORM
async def test_a_refund_whose_answer_and_webhooks_are_lost_is_completed_once(
    system: System, customer: Customer, airline: PostgresAirline
) -> None:
    booking = await confirmed(system, customer)
    running_system.control(system, "rules", action="drop", type="refund.", times=10)
    running_system.control(system, "faults", kind="lost", path="/v1/refunds", method="POST")
    try:
        await ask(airline, booking)
        reported = await await_tag(system, booking, "payment.refund_settled.1")
    finally:
        running_system.control(system, "rules", "DELETE")
    assert reported == [
        "payment.refund_requested.1",
        "payment.refund_unresolved.1",
        "payment.refund_accepted.1",
        "payment.refund_settled.1",
    ]
    assert owed(system, booking) == PART
    key = f"refund:{booking.replace('booking-', 'payment-')}-1-r1"
    requests = running_system.control(system, "requests", "GET")["data"]
    assert len([each for each in requests if each["key"] == key]) == 1


@running_system.EACH_FORM
async def test_killed_workers_make_no_second_refund(
    system: System, customer: Customer, airline: PostgresAirline
) -> None:
    booking = await confirmed(system, customer)
    for number in range(4):
        await ask(airline, booking, f"obligation {number}")
        running_system.restart(system, "worker", "scheduler")
    payment = booking.replace("booking-", "payment-")
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event WHERE tag = 'payment.refund_settled.1' "
        f"AND stream = '{payment}-1'",
        lambda count: count == 4,
    )
    assert owed(system, booking) == 4 * PART
    refunds = await asyncio.to_thread(running_system.stripe_list, system, "refunds")
    mine = [each for each in refunds if each["metadata"].get("booking") == booking]
    assert sorted(each["metadata"]["refund"][-3:] for each in mine) == ["-r1", "-r2", "-r3", "-r4"]
    stored_log.assert_invariants(system.owner_dsn)
