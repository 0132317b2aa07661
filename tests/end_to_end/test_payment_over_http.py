"""Payments over HTTP and signed webhooks against the whole system."""

import asyncio
import json
import time
import urllib.request
from typing import Any

import httpx
import psycopg
import pytest
import stripe

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

# What timers ask without a booking or a payment in mind; they run when they are due.
READ_FOR_ALL_AT_ONCE = (
    "/v1/payment_intents?",
    "/v1/balance",
    "/v1/disputes",
    "/v1/events",
    "/v1/payouts",
)


async def _reserved(system: System, customer: Customer, **flight: Any) -> str:
    made = await customer.send_booking(running_system.schedule(system, seats=5, **flight))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_paid_booking_is_confirmed_with_its_ticket_and_its_entries(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    session = (await customer.send_checkout(booking)).json()
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    confirmed = await customer.becomes(booking, "confirmed")
    ticket = confirmed["passengers"][0]["ticketNumber"]
    assert len(ticket) == 13
    assert ticket.isdigit()
    # The second webhook of the same payment comes and changes nothing.
    await asyncio.to_thread(running_system.await_rest, system)
    assert stored_log.tags(system.owner_dsn, booking).count("booking.confirmed.1") == 1
    assert stored_log.balances(system.owner_dsn, booking) == {
        ("1010", "SAR"): confirmed["total"]["amount"],
        ("2000", "SAR"): -40_000,
        ("2020", "SAR"): 0,
        ("2300", "SAR"): -6_300,
        ("2310", "SAR"): -2_000,
    }
    stored_log.assert_invariants(system.owner_dsn)


@pytest.mark.parametrize("page", ["paid", "unpaid"])
async def test_a_traveller_who_returns_is_confirmed_although_every_webhook_was_lost(
    system: System, client: httpx.AsyncClient, customer: Customer, page: str
) -> None:
    """Fault row 23: the traveller who returns."""
    booking = await _reserved(system, customer)
    running_system.control(system, "rules", action="drop", times=10)
    try:
        session = (await customer.send_checkout(booking)).json()
        assert await customers.press(session["checkoutUrl"], "pay") == 303
        assert (await client.get(f"/{page}/{booking}")).status_code == 200
        await customer.becomes(booking, "confirmed")
    finally:
        running_system.control(system, "rules", "DELETE")


async def test_paid_bookings_are_confirmed_while_stripe_answers_nothing(
    system: System, customer: Customer
) -> None:
    """Fault row 23a: paid bookings."""
    asked = frozenset(
        each["id"] for each in running_system.control(system, "requests", "GET")["data"]
    )
    booking = await _reserved(system, customer)
    session = (await customer.send_checkout(booking)).json()
    running_system.control(system, "faults", kind="refuse", status=503, times=100_000)
    try:
        assert await customers.press(session["checkoutUrl"], "pay") == 303
        await customer.becomes(booking, "confirmed")
        await asyncio.to_thread(running_system.await_rest, system)
    finally:
        running_system.control(system, "faults", "DELETE")
    made = running_system.control(system, "requests", "GET")["data"]
    opening = ("POST", "/v1/checkout/sessions", 200)
    calls = [
        (each["method"], each["path"], each["status"])
        for each in made
        if each["id"] not in asked and not f"{each['path']}?".startswith(READ_FOR_ALL_AT_ONCE)
    ]
    assert calls == [opening]


async def test_a_forged_payment_is_found_out_within_a_minute_and_does_not_fly(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    session = (await customer.send_checkout(booking)).json()
    answer = await client.get(f"/api/bookings/{booking}", headers=customer.headers)
    due, payment = answer.json()["due"], session["paymentId"]
    body = json.dumps(_forged(booking, payment, due))
    secret = system.settings.stripe_webhook_secrets[0].reveal()
    signature = stripe.WebhookSignature.generate_signature_header(body, secret)
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
    began = time.monotonic()
    received = await client.post("/api/webhooks/stripe", content=body, headers=headers)
    assert received.json() == {"received": True}
    await customer.becomes(booking, "confirmed")
    await _await_tag(system, booking, "booking.coupons_suspended.1")
    assert time.monotonic() - began < 60
    held = await client.get(f"/api/bookings/{booking}", headers=customer.headers)
    assert not {"cancel", "modify"} & set(held.json()["availableActions"])
    quote = await client.post(
        f"/api/bookings/{booking}/cancellation-quote", headers=customer.headers, json={}
    )
    assert (quote.status_code, quote.json()["code"]) == (409, "INVALID_STATE_TRANSITION")
    assert quote.json()["details"]["reason"] == "payment_unconfirmed"
    finance = await customers.staff(system, client, "finance")
    found = await customers.listed(system, finance, "/api/admin/unconfirmed-payments")
    (row,) = [each for each in found["payments"] if each["booking"] == booking]
    assert (row["payment"], row["reason"]) == (payment, "unknown")
    lists = await customers.listed(system, finance, "/api/admin/worklists")
    counts = {each["name"]: each["count"] for each in lists["worklists"]}
    assert counts["unconfirmed_payments"] >= 1


def _forged(booking: str, payment: str, due: dict[str, Any]) -> dict[str, Any]:
    """Return an event that somebody with the signing secret made up."""
    intent = {
        "id": f"pi_forged{time.time_ns()}",
        "object": "payment_intent",
        "status": "succeeded",
        "amount": due["amount"],
        "amount_received": due["amount"],
        "currency": due["currency"].lower(),
        "latest_charge": "ch_forged",
        "metadata": {"booking": booking, "payment": payment, "attempt": f"{payment}-a1"},
    }
    return {
        "id": f"evt_forged{time.time_ns()}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": intent},
    }


async def test_money_that_matches_no_booking_is_owed_and_returned_by_finance(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    transport = stripe.AIOHTTPClient(timeout=60)
    sdk = stripe.StripeClient(
        system.settings.stripe_api_key.reveal(),
        base_addresses={"api": str(system.settings.stripe_base_url)},
        http_client=transport,
    )
    intent = await sdk.v1.payment_intents.create_async(
        {"amount": 5_000, "currency": "sar", "payment_method": "pm_card_visa", "confirm": True}
    )
    await transport.close_async()  # type: ignore[no-untyped-call]  # untyped in the SDK
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        f"SELECT count(*) FROM ledger.event WHERE stream = 'payment-{intent.id}-1'",
        lambda count: count == 3,
    )
    finance = await customers.staff(system, client, "finance")
    path = f"/api/admin/payments/payment-{intent.id}-1/parked-funds/{intent.id}/return"
    assert (await client.post(path, headers=customer.headers)).status_code == 403
    headers = {**finance.headers, "Idempotency-Key": f"return-{intent.id}"}
    first = await client.post(path, headers=headers)
    assert first.status_code == 200, first.text
    repeated = await client.post(path, headers=headers)
    assert repeated.json() == first.json()
    assert repeated.headers["idempotency-replayed"] == "true"
    await asyncio.to_thread(running_system.await_rest, system)
    assert stored_log.balances(system.owner_dsn, intent.id) == dict.fromkeys(
        (("1010", "SAR"), ("2020", "SAR"), ("2100", "SAR")), 0
    )
    lists = (await client.get("/api/admin/worklists", headers=finance.headers)).json()
    for listed in lists["worklists"]:
        rows = await client.get(listed["path"], headers=finance.headers)
        assert rows.status_code == 200, listed


@pytest.mark.parametrize(("currency", "fare"), [("KWD", 45_120), ("JPY", 38_000)])
async def test_other_currencies_are_charged_in_their_own_minor_units(
    system: System, customer: Customer, currency: str, fare: int
) -> None:
    booking = await _reserved(system, customer, fare=fare, currency=currency)
    session = (await customer.send_checkout(booking)).json()
    await customers.press(session["checkoutUrl"], "pay")
    await customer.becomes(booking, "confirmed")
    assert stored_log.balances(system.owner_dsn, booking)["1010", currency] == fare


async def test_a_declined_card_keeps_the_hold_and_the_second_try_confirms_once(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 20: declined."""
    booking = await _reserved(system, customer)
    session = (await customer.send_checkout(booking)).json()
    await customers.press(session["checkoutUrl"], "decline")
    payment = session["paymentId"]
    declined = await _await_tag(system, payment, "payment.declined.1")
    assert "payment.captured.1" not in declined
    answer = await client.get(f"/api/bookings/{booking}", headers=customer.headers)
    assert answer.json()["status"] == "reserved"
    assert "checkout" in answer.json()["availableActions"]
    assert stored_log.balances(system.owner_dsn, booking) == {}
    again = (await customer.send_checkout(booking)).json()
    assert again["sessionId"] == session["sessionId"], "the open session is used again"
    await customers.press(session["checkoutUrl"], "pay")
    await customer.becomes(booking, "confirmed")
    assert stored_log.tags(system.owner_dsn, payment).count("payment.captured.1") == 1
    assert len(await _charges(system, session["sessionId"])) == 1


async def test_events_in_any_order_and_number_give_one_confirmation(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    session = (await customer.send_checkout(booking)).json()
    _control(system, "rules", action="duplicate", copies=3, times=4)
    _control(system, "rules", action="delay", type="checkout.session.completed", seconds=1, times=1)
    await customers.press(session["checkoutUrl"], "pay")
    await customer.becomes(booking, "confirmed")
    await asyncio.to_thread(running_system.await_rest, system)
    assert stored_log.tags(system.owner_dsn, session["paymentId"]).count("payment.captured.1") == 1
    assert stored_log.tags(system.owner_dsn, booking).count("booking.confirmed.1") == 1
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_checkout_replayed_gives_the_same_session(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    first = await customer.send_checkout(booking, key="pay-1")
    second = await customer.send_checkout(booking, key="pay-1")
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_an_expired_session_is_never_handed_out(system: System, customer: Customer) -> None:
    booking = await _reserved(system, customer)
    first = (await customer.send_checkout(booking, key="first")).json()
    _control(system, "rules", action="drop", type="checkout.session.expired", times=1)
    key = system.settings.stripe_api_key.reveal()
    async with httpx.AsyncClient(verify=False, base_url=system.stripe_url, auth=(key, "")) as api:
        path = f"/v1/checkout/sessions/{first['sessionId']}/expire"
        assert (await api.post(path)).status_code == 200
    repeated = await customer.send_checkout(booking, key="first")
    assert (repeated.status_code, repeated.json()["code"]) == (402, "PAYMENT_FAILED")
    second = (await customer.send_checkout(booking, key="second")).json()
    assert second["sessionId"] != first["sessionId"]
    assert await customers.press(second["checkoutUrl"], "pay") == 303
    await customer.becomes(booking, "confirmed")


async def test_a_lost_answer_of_stripe_is_unknown_and_the_retry_finds_the_session(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    _control(system, "faults", kind="lost", path="/v1/checkout/sessions", method="POST", times=1)
    lost = await customer.send_checkout(booking, key="lost")
    assert lost.status_code in {502, 504}
    assert lost.json()["retryable"] is True
    again = await customer.send_checkout(booking, key="lost")
    assert again.status_code == 200, again.text
    payment = again.json()["paymentId"]
    found = stored_log.tags(system.owner_dsn, payment)
    assert found.count("payment.session_opened.1") == 1
    assert "payment.attempt_unresolved.1" in found


async def test_a_webhook_that_is_not_stripes_is_refused_and_not_kept(
    system: System, client: httpx.AsyncClient
) -> None:
    body = json.dumps({"id": "evt_forged", "object": "event", "type": "payment_intent.succeeded"})
    signature = stripe.WebhookSignature.generate_signature_header(body, "whsec_wrong")
    answer = await client.post(
        "/api/webhooks/stripe",
        content=body,
        headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute("SELECT FROM inbox.stripe_event WHERE id = 'evt_forged'")
        assert row.fetchone() is None


async def test_a_repeated_webhook_is_reported_as_duplicate(
    system: System, client: httpx.AsyncClient
) -> None:
    secret = system.settings.stripe_webhook_secrets[0].reveal()
    body = json.dumps(
        {
            "id": f"evt_{time.time_ns()}",
            "object": "event",
            "type": "customer.created",
            "api_version": stripe.api_version,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": "cus_1", "object": "customer"}},
        }
    )
    headers = {
        "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body, secret),
        "Content-Type": "application/json",
    }
    first = await client.post("/api/webhooks/stripe", content=body, headers=headers)
    second = await client.post("/api/webhooks/stripe", content=body, headers=headers)
    assert first.json() == {"received": True}
    assert second.json() == {"received": True, "duplicate": True}


async def test_the_letter_has_the_ticket_and_is_written_once(
    system: System, customer: Customer
) -> None:
    booking = await _reserved(system, customer)
    session = (await customer.send_checkout(booking)).json()
    await customers.press(session["checkoutUrl"], "pay")
    confirmed = await customer.becomes(booking, "confirmed")
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while not (letters := list(system.mailbox.glob(f"*{confirmed['reference']}*.eml"))):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    assert len(letters) == 1
    assert confirmed["passengers"][0]["ticketNumber"] in letters[0].read_text()


async def _await_tag(system: System, stream: str, tag: str) -> list[str]:
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while tag not in (found := stored_log.tags(system.owner_dsn, stream)):
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)
    return found


async def _charges(system: System, session: str) -> list[dict[str, Any]]:
    """Succeeded charges of the session's intent, as Stripe lists them."""
    key = system.settings.stripe_api_key.reveal()
    async with httpx.AsyncClient(verify=False, base_url=system.stripe_url, auth=(key, "")) as api:
        intent = (await api.get(f"/v1/checkout/sessions/{session}")).json()["payment_intent"]
        listed = (await api.get("/v1/charges", params={"payment_intent": intent})).json()
    return [charge for charge in listed["data"] if charge["status"] == "succeeded"]


def _control(system: System, place: str, /, **body: Any) -> None:
    request = urllib.request.Request(
        f"{system.stripe_url}/_control/{place}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


async def test_the_ledger_is_for_finance_and_auditors(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    paths = ("/api/ledger/trial-balance", "/api/ledger/unapplied-funds", "/api/ledger/accounts")
    paths += ("/api/ledger/failed-refunds",)
    for path in paths:
        refused = await client.get(path, headers=customer.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    auditor = next(each for each in system.staff if each.role == "auditor")
    account = {"email": auditor.email, "password": auditor.password}
    token = (await client.post("/api/auth/mobile-login", json=account)).json()["accessToken"]
    headers = {"Authorization": f"Bearer {token}"}
    for path in paths:
        assert (await client.get(path, headers=headers)).status_code == 200
    balances = (await client.get(paths[0], headers=headers)).json()
    assert balances["balanced"] is True


async def test_finance_sees_parked_events_and_processes_one_again(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    event = f"evt_{time.time_ns()}"
    with psycopg.connect(system.owner_dsn) as connection:
        connection.execute(
            "INSERT INTO inbox.stripe_event "
            "(id, type, object, state, reason, subject, sealed_body) "
            "VALUES (%s, 'refund.updated', 're_unknown', 'parked', 'ValueError', 'none', '')",
            (event,),
        )
    parked, replay = "/api/admin/stripe-events/parked", f"/api/admin/stripe-events/{event}/replay"
    assert (await client.get(parked, headers=customer.headers)).status_code == 403
    assert (await client.post(replay, headers=customer.headers)).status_code == 403
    finance = next(each for each in system.staff if each.role == "finance")
    account = {"email": finance.email, "password": finance.password}
    token = (await client.post("/api/auth/mobile-login", json=account)).json()["accessToken"]
    headers = {"Authorization": f"Bearer {token}"}
    listed = (await client.get(parked, headers=headers)).json()["events"]
    assert [each["reason"] for each in listed if each["event"] == event] == ["ValueError"]
    assert (await client.post(replay, headers=headers)).json() == {"event": event, "state": "new"}
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        f"SELECT count(*) FROM inbox.stripe_event WHERE id = '{event}' AND state = 'ignored'",
        lambda count: count == 1,
    )
    listed = (await client.get(parked, headers=headers)).json()["events"]
    assert event not in [each["event"] for each in listed]
    unknown = await client.post("/api/admin/stripe-events/evt_no/replay", headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
