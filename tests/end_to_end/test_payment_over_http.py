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

from interfaces.cli.demo_stage import Stage
from tests.support import system
from tests.support.system import Traveller


async def _reserved(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller, **flight: Any
) -> str:
    made = await system.book(client, traveller, system.schedule(stage.owner_dsn, seats=5, **flight))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_paid_booking_is_confirmed_with_its_ticket_and_its_entries(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    booking = await _reserved(stage, client, traveller)
    session = (await system.checkout(client, traveller, booking)).json()
    assert await system.press(session["checkoutUrl"], "pay") == 303
    confirmed = await system.await_status(client, traveller, booking, "confirmed")
    ticket = confirmed["passengers"][0]["ticketNumber"]
    assert len(ticket) == 13
    assert ticket.isdigit()
    # The second webhook of the same payment comes and changes nothing.
    await asyncio.to_thread(system.await_rest, stage.owner_dsn, stage.stripe_url)
    assert system.tags(stage.owner_dsn, booking).count("booking.confirmed.1") == 1
    assert system.balances(stage.owner_dsn, booking) == {
        ("1010", "SAR"): confirmed["total"]["amount"],
        ("2000", "SAR"): -40_000,
        ("2020", "SAR"): 0,
        ("2300", "SAR"): -6_300,
        ("2310", "SAR"): -2_000,
    }
    system.assert_invariants(stage.owner_dsn)


@pytest.mark.parametrize(("currency", "fare"), [("KWD", 45_120), ("JPY", 38_000)])
async def test_other_currencies_are_charged_in_their_own_minor_units(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller, currency: str, fare: int
) -> None:
    booking = await _reserved(stage, client, traveller, fare=fare, currency=currency)
    session = (await system.checkout(client, traveller, booking)).json()
    await system.press(session["checkoutUrl"], "pay")
    await system.await_status(client, traveller, booking, "confirmed")
    assert system.balances(stage.owner_dsn, booking)["1010", currency] == fare


async def test_a_declined_card_keeps_the_hold_and_the_second_try_confirms_once(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    booking = await _reserved(stage, client, traveller)
    session = (await system.checkout(client, traveller, booking)).json()
    await system.press(session["checkoutUrl"], "decline")
    payment = session["paymentId"]
    declined = await _await_tag(stage, payment, "payment.declined.1")
    assert "payment.captured.1" not in declined
    answer = await client.get(f"/api/bookings/{booking}", headers=traveller.headers)
    assert answer.json()["status"] == "reserved"
    assert "checkout" in answer.json()["availableActions"]
    assert system.balances(stage.owner_dsn, booking) == {}
    again = (await system.checkout(client, traveller, booking)).json()
    assert again["sessionId"] == session["sessionId"], "the open session is used again"
    await system.press(session["checkoutUrl"], "pay")
    await system.await_status(client, traveller, booking, "confirmed")
    assert system.tags(stage.owner_dsn, payment).count("payment.captured.1") == 1
    assert len(await _charges(stage, session["sessionId"])) == 1


async def test_events_in_any_order_and_number_give_one_confirmation(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    booking = await _reserved(stage, client, traveller)
    session = (await system.checkout(client, traveller, booking)).json()
    _control(stage, "rules", action="duplicate", copies=3, times=4)
    _control(stage, "rules", action="delay", type="checkout.session.completed", seconds=1, times=1)
    await system.press(session["checkoutUrl"], "pay")
    await system.await_status(client, traveller, booking, "confirmed")
    await asyncio.to_thread(system.await_rest, stage.owner_dsn, stage.stripe_url)
    assert system.tags(stage.owner_dsn, session["paymentId"]).count("payment.captured.1") == 1
    assert system.tags(stage.owner_dsn, booking).count("booking.confirmed.1") == 1
    system.assert_invariants(stage.owner_dsn)


async def test_a_checkout_replayed_gives_the_same_session(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    booking = await _reserved(stage, client, traveller)
    first = await system.checkout(client, traveller, booking, key="pay-1")
    second = await system.checkout(client, traveller, booking, key="pay-1")
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_lost_answer_of_stripe_is_unknown_and_the_retry_finds_the_session(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    booking = await _reserved(stage, client, traveller)
    _control(stage, "faults", kind="lost", path="/v1/checkout/sessions", method="POST", times=1)
    lost = await system.checkout(client, traveller, booking, key="lost")
    assert lost.status_code in {502, 504}
    assert lost.json()["retryable"] is True
    again = await system.checkout(client, traveller, booking, key="lost")
    assert again.status_code == 200, again.text
    payment = again.json()["paymentId"]
    found = system.tags(stage.owner_dsn, payment)
    assert found.count("payment.session_opened.1") == 1
    assert "payment.attempt_unresolved.1" in found


async def test_a_webhook_that_is_not_stripes_is_refused_and_not_kept(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    body = json.dumps({"id": "evt_forged", "object": "event", "type": "payment_intent.succeeded"})
    signature = stripe.WebhookSignature.generate_signature_header(body, "whsec_wrong")
    answer = await client.post(
        "/api/webhooks/stripe",
        content=body,
        headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    with psycopg.connect(stage.owner_dsn) as connection:
        row = connection.execute("SELECT FROM inbox.stripe_event WHERE id = 'evt_forged'")
        assert row.fetchone() is None


async def test_a_repeated_webhook_is_reported_as_duplicate(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    secret = stage.settings.stripe_webhook_secrets[0].reveal()
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
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    booking = await _reserved(stage, client, traveller)
    session = (await system.checkout(client, traveller, booking)).json()
    await system.press(session["checkoutUrl"], "pay")
    confirmed = await system.await_status(client, traveller, booking, "confirmed")
    end = time.monotonic() + system.WAIT_SECONDS
    while not (letters := list(stage.mailbox.glob(f"*{confirmed['reference']}*.eml"))):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    assert len(letters) == 1
    assert confirmed["passengers"][0]["ticketNumber"] in letters[0].read_text()


async def _await_tag(stage: Stage, stream: str, tag: str) -> list[str]:
    end = time.monotonic() + system.WAIT_SECONDS
    while tag not in (found := system.tags(stage.owner_dsn, stream)):
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)
    return found


async def _charges(stage: Stage, session: str) -> list[dict[str, Any]]:
    """Succeeded charges of the session's intent, as Stripe lists them."""
    key = stage.settings.stripe_api_key.reveal()
    async with httpx.AsyncClient(verify=False, base_url=stage.stripe_url, auth=(key, "")) as api:
        intent = (await api.get(f"/v1/checkout/sessions/{session}")).json()["payment_intent"]
        listed = (await api.get("/v1/charges", params={"payment_intent": intent})).json()
    return [charge for charge in listed["data"] if charge["status"] == "succeeded"]


def _control(stage: Stage, place: str, /, **body: Any) -> None:
    request = urllib.request.Request(
        f"{stage.stripe_url}/_control/{place}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


async def test_the_ledger_is_for_finance_and_auditors(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    paths = ("/api/ledger/trial-balance", "/api/ledger/unapplied-funds", "/api/ledger/accounts")
    for path in paths:
        refused = await client.get(path, headers=traveller.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    auditor = next(each for each in stage.staff if each.role == "auditor")
    account = {"email": auditor.email, "password": auditor.password}
    token = (await client.post("/api/auth/mobile-login", json=account)).json()["accessToken"]
    headers = {"Authorization": f"Bearer {token}"}
    for path in paths:
        assert (await client.get(path, headers=headers)).status_code == 200
    balances = (await client.get(paths[0], headers=headers)).json()
    assert balances["balanced"] is True
