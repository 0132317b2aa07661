"""Webhooks that are late, doubled, foreign, broken or not Stripe's, sent to the running system.

Each test names its row of the table of faults; `tests/contract/test_fault_rows.py` finds them.
"""

import asyncio
import hmac
import json
import secrets
import time
from typing import Any

import httpx
import psycopg
import pytest
import stripe

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

PATH = "/api/webhooks/stripe"


def event(kind: str = "payment_intent.created", **changes: Any) -> dict[str, Any]:
    """A snapshot event about an intent that nobody knows."""
    unique = secrets.token_hex(8)
    return {
        "id": f"evt_{unique}",
        "object": "event",
        "type": kind,
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": {"id": f"pi_{unique}", "object": "payment_intent", "metadata": {}}},
        **changes,
    }


def header(system: System, body: bytes, *, age: int = 0, secret: str | None = None) -> str:
    """A signature of these bytes, which may be no text, made so many seconds ago."""
    used = secret or system.settings.stripe_webhook_secrets[0].reveal()
    signed_at = int(time.time()) - age
    signature = hmac.new(used.encode(), f"{signed_at}.".encode() + body, "sha256").hexdigest()
    return f"t={signed_at},v1={signature}"


async def send(
    client: httpx.AsyncClient, body: bytes, signature: str | None
) -> tuple[int, dict[str, Any]]:
    """Status and answer; a refusal has the form of every problem."""
    headers: dict[str, str | bytes] = {"content-type": "application/json"}
    if signature is not None:
        headers["stripe-signature"] = signature.encode("latin-1")
    answer = await client.post(PATH, content=body, headers=headers)
    found = answer.json()
    assert answer.status_code == 200 or found["code"] == "VALIDATION_ERROR", found
    return answer.status_code, found


def rows(system: System, event_id: str) -> list[tuple[str, str | None]]:
    """State and reason of the stored event."""
    with psycopg.connect(system.owner_dsn) as connection:
        found = connection.execute(
            "SELECT state, reason FROM inbox.stripe_event WHERE id = %s", (event_id,)
        )
        return [(str(row[0]), row[1]) for row in found]


async def paid(system: System, customer: Customer) -> tuple[str, dict[str, Any]]:
    """A confirmed booking, and Stripe's event of its capture."""
    flight = running_system.schedule(system, seats=1)
    booking = str((await customer.confirmed([flight]))["id"])
    await asyncio.to_thread(running_system.await_rest, system)
    events = await asyncio.to_thread(running_system.stripe_list, system, "events")
    (captured,) = [
        each
        for each in events
        if each["type"] == "payment_intent.succeeded"
        and each["data"]["object"]["metadata"].get("booking") == booking
    ]
    return booking, captured


async def test_fifty_deliveries_of_one_event_at_once_have_one_effect(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 21."""
    flight = running_system.schedule(system, seats=1)
    booking = str((await customer.reserved([flight]))["id"])
    running_system.control(system, "rules", action="drop", times=20)
    try:
        session = await customer.on(booking, "checkout")
        assert await customers.press(session["checkoutUrl"], "pay") == 303
        events = await asyncio.to_thread(running_system.stripe_list, system, "events")
        (captured,) = [
            each
            for each in events
            if each["type"] == "payment_intent.succeeded"
            and each["data"]["object"]["metadata"].get("booking") == booking
        ]
        body = json.dumps(captured).encode()
        signature = header(system, body)
        answers = await asyncio.gather(*(send(client, body, signature) for _ in range(50)))
    finally:
        running_system.control(system, "rules", "DELETE")
    assert {status for status, _ in answers} == {200}
    await customer.becomes(booking, "confirmed")
    payment = booking.replace("booking-", "payment-")
    assert stored_log.tags(system.owner_dsn, payment).count("payment.captured.1") == 1
    assert stored_log.tags(system.owner_dsn, booking).count("booking.confirmed.1") == 1
    assert rows(system, captured["id"]) == [("done", None)]


async def test_another_event_of_the_same_fact_records_nothing(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 24."""
    booking, captured = await paid(system, customer)
    before = stored_log.tags(system.owner_dsn, booking.replace("booking-", ""))
    payment = booking.replace("booking-", "payment-")
    recorded = stored_log.tags(system.owner_dsn, payment)
    again = json.dumps({**captured, "id": f"evt_{secrets.token_hex(8)}"}).encode()
    assert (await send(client, again, header(system, again)))[0] == 200
    await asyncio.to_thread(running_system.await_rest, system)
    assert stored_log.tags(system.owner_dsn, payment) == recorded
    assert stored_log.tags(system.owner_dsn, booking.replace("booking-", "")) == before


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (event("a.type.of.tomorrow"), ("ignored", "unsupported")),
        (event("a.type.of.tomorrow", api_version="2031-01-01.later"), ("ignored", "unsupported")),
        (
            {
                "id": "evt_thin",
                "object": "v2.core.event",
                "type": "v1.billing.meter.error_report_triggered",
                "created": "2026-11-26T10:00:00.000Z",
                "livemode": False,
            },
            ("ignored", "unsupported"),
        ),
    ],
    ids=["unknown type", "another version", "thin"],
)
async def test_what_we_do_not_know_is_accepted_and_ignored(
    system: System, client: httpx.AsyncClient, given: dict[str, Any], state: tuple[str, str]
) -> None:
    """Fault row 25, first half."""
    given = {**given, "id": f"evt_{secrets.token_hex(8)}"}
    body = json.dumps(given).encode()
    assert (await send(client, body, header(system, body)))[0] == 200
    assert rows(system, given["id"]) == [state]


@pytest.mark.parametrize("changes", [{"livemode": True}, {"account": "acct_somebody_else"}])
async def test_another_mode_or_account_is_refused_and_not_stored(
    system: System, client: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    """Fault row 25, second half."""
    given = event(**changes)
    body = json.dumps(given).encode()
    assert (await send(client, body, header(system, body)))[0] == 400
    assert rows(system, given["id"]) == []


async def test_only_what_stripe_signed_is_accepted(
    system: System, client: httpx.AsyncClient
) -> None:
    """Fault row 26."""
    given = event()
    body = json.dumps(given).encode()
    right, wrong = header(system, body), header(system, body, secret="whsec_of_somebody_else")
    time_part, _, signature = right.partition(",")
    for refused in (None, "", wrong, f"{time_part},{signature.replace('v1=', 'v0=')}", time_part):
        assert (await send(client, body, refused))[0] == 400
        assert rows(system, given["id"]) == []
    # While a secret is replaced Stripe signs with both.
    both = f"{wrong},{signature}"
    assert (await send(client, body, both))[0] == 200
    assert len(rows(system, given["id"])) == 1


@pytest.mark.parametrize("age", [400, -400])
async def test_a_signature_of_another_time_is_refused(
    system: System, client: httpx.AsyncClient, age: int
) -> None:
    """Fault row 27: too old, or from the future."""
    given = event()
    body = json.dumps(given).encode()
    assert (await send(client, body, header(system, body, age=age)))[0] == 400
    assert rows(system, given["id"]) == []


async def test_an_exact_replay_inside_the_window_changes_nothing(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 27: the same bytes and signature once more."""
    booking, captured = await paid(system, customer)
    body = json.dumps(captured).encode()
    signature = header(system, body)
    head = stored_log.tags(system.owner_dsn, booking)
    for _ in range(2):
        assert await send(client, body, signature) == (200, {"received": True, "duplicate": True})
    await asyncio.to_thread(running_system.await_rest, system)
    assert stored_log.tags(system.owner_dsn, booking) == head


BROKEN = {
    "not utf-8": b'{"id": "evt_\xff"}',
    "not json": b"evt_1",
    "a list": b"[1, 2]",
    "nothing in it": b"{}",
    "no bytes": b"",
    "very deep": b"[" * 100_000 + b"]" * 100_000,
    "a number": b"1e999",
    "another object": b'{"id": "evt_1", "object": "charge"}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
async def test_signed_bytes_that_are_no_event_are_refused(
    system: System, client: httpx.AsyncClient, body: bytes
) -> None:
    """Fault row 28."""
    assert (await send(client, body, header(system, body)))[0] == 400


async def test_a_signature_that_is_not_ascii_is_refused(
    system: System, client: httpx.AsyncClient
) -> None:
    """Fault row 28: the signature."""
    body = json.dumps(event()).encode()
    assert (await send(client, body, f"{header(system, body)}\xe9"))[0] == 400


async def test_an_event_is_answered_once_it_is_stored_whatever_stripe_does(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 29: the work is done later, by the worker."""
    _, captured = await paid(system, customer)
    given = event("charge.refunded")
    charge = captured["data"]["object"]["latest_charge"]
    given["data"] = {"object": {"id": charge, "object": "charge", "metadata": {}}}
    body = json.dumps(given).encode()
    running_system.control(system, "faults", kind="refuse", status=503, times=100_000)
    try:
        assert (await send(client, body, header(system, body)))[0] == 200
        assert [state for state, _ in rows(system, given["id"])] == ["new"]
    finally:
        running_system.control(system, "faults", "DELETE")
    resent = await send(client, body, header(system, body))
    assert resent[0] == 200
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        f"SELECT state FROM inbox.stripe_event WHERE id = '{given['id']}'",
        lambda state: state == "done",
    )
