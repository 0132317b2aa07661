"""A person is erased over HTTP: nothing of them is found anywhere, and the books stay whole."""

import asyncio
import email
import email.policy
import re
import subprocess
import sys
import time
from typing import Any

import httpx
import msgspec
import psycopg
import pyotp
import pytest

from interfaces.worker.timers import carry_out_erasures
from tests.support import customers, personal_traces, running_system, stored_log
from tests.support.customers import PASSPORT, PASSWORD, Customer, Refused
from tests.support.personal_traces import places_of, stores
from tests.support.running_system import Hurried, System
from tests.support.scanner import page_text

FIRST, LAST, EMAIL, PHONE = "Zaynulabidin", "Unforgettable", "zayn@erased.example", "+966587654321"
ARABIC, BORN, DOCUMENT = "زين العابدين", "1933-02-18", "Q7W3E5R1T9"
FRIEND, FRIEND_EMAIL, WISH = "Bahiyyatunnisa", "bahiyya@erased.example", "Happy hundredth, aunt"
NOTE, DEVICE = "sounded like a very old seafarer", "Zaynulabidin's phone"
COMPANION = "Mudhakkirah"
NEW_EMAIL, NEWER_EMAIL = "abidin@erased.example", "zaynul@erased.example"
SECRETS = (
    *(FIRST, LAST, EMAIL, PHONE, ARABIC, BORN, DOCUMENT),
    *(FRIEND, FRIEND_EMAIL, WISH, NOTE, DEVICE, COMPANION),
)
CONSENT = {"purpose": "marketing_mail", "version": "2026-01-01", "given": True}
pytestmark = running_system.EACH_FORM


async def seeded(system: System, customer: Customer) -> str:
    """A traveller with all that the product takes about one; the paid booking."""
    body = customers.booking_body(running_system.schedule(system, seats=2))
    body["passengers"][0].update(firstName=FIRST, lastName=LAST, birthDate=BORN, arabicName=ARABIC)
    body["contact"] = {"email": EMAIL, "phone": PHONE}
    booking = str((await customer.post("/api/bookings", body))["id"])
    passport = {**PASSPORT, "number": DOCUMENT, "birthDate": BORN}
    await customer.on(booking, "documents", {"passenger": 0, **passport})
    await customer.pay(booking)
    await customer.becomes(booking, "confirmed")
    amount = {"amount": 400_00, "currency": "SAR"}
    recipient = {"name": FRIEND, "email": FRIEND_EMAIL, "senderName": FIRST, "message": WISH}
    await customer.post(
        "/api/gift-cards", {"amount": amount, "email": EMAIL, "recipient": recipient}
    )
    await signed_in_from(customer, DEVICE)
    await customer.post("/api/me/passengers", {"firstName": COMPANION, "lastName": LAST})
    return booking


async def signed_in_from(customer: Customer, device: str) -> dict[str, Any]:
    account = {"email": customer.email, "password": PASSWORD}
    answer = await customer.client.post(
        "/api/auth/mobile-login", json=account, headers={"user-agent": device}
    )
    found: dict[str, Any] = answer.json()
    return found


async def verified(system: System, customer: Customer) -> None:
    """The customer uses the link that registering mailed."""
    token = await mailed_token(system, "verify-email", customer.email)
    await customer.post("/api/auth/email/verify", {"token": token})


async def protected(system: System, customer: Customer) -> Customer:
    """The account with all that protects it: a verified and a new address, a second factor with
    recovery codes, a reset and a sign-in that were begun. The customer with the new address."""
    await verified(system, customer)
    change = {"newEmail": NEW_EMAIL, "password": PASSWORD}
    await customer.post("/api/auth/email", change)
    token = await mailed_token(system, "verify-email", NEW_EMAIL)
    await customer.post("/api/auth/email/verify", {"token": token})
    moved = msgspec.structs.replace(customer, email=NEW_EMAIL)
    secret = (await moved.post("/api/auth/totp", {"password": PASSWORD}))["secret"]
    code = pyotp.TOTP(secret).now()
    codes = (await moved.post("/api/auth/totp/confirm", {"code": code}))["recoveryCodes"]
    assert len(codes) == 10
    assert (await signed_in_from(moved, DEVICE))["mfaRequired"] is True
    for path, body in (
        ("/api/auth/password-reset", {"email": NEW_EMAIL}),
        ("/api/auth/email", {"newEmail": NEWER_EMAIL, "password": PASSWORD}),
    ):
        await moved.post(path, body)
    await mailed_token(system, "verify-email", NEWER_EMAIL)
    return moved


async def mailed_token(system: System, kind: str, to: str) -> str:
    """The token of the link in the letter of this kind to this address, once it is written."""
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while True:
        for path in system.mailbox.glob(f"{kind}-*.eml"):
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if letter["to"] == to:
                (token,) = re.findall(r"\?token=(\S+)", letter.get_content())
                return str(token)
        assert time.monotonic() < end, (kind, to)
        await asyncio.sleep(0.1)


async def end_travel(system: System, customer: Customer, booking: str) -> None:
    """Staff cancel it for a reason of their own words, and the refund arrives."""
    support = await customers.staff(system, customer.client, "support")
    quote = await support.on(booking, "cancellation-quote", {"waiver": "bereavement"})
    await support.on(booking, "cancel", {"quoteId": quote["quoteId"], "reason": NOTE})
    await customer.becomes(booking, "refunded")


def erasure(system: System, person: str) -> tuple[Any, ...]:
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute(
            "SELECT id, closed_at, erased_at, reported_at, key_count FROM privacy.erasure "
            "WHERE person = %s AND withdrawn_at IS NULL",
            (person,),
        ).fetchone()
    assert row is not None
    return row


async def await_erased(system: System, person: str) -> tuple[Any, ...]:
    end = time.monotonic() + 2 * stored_log.WAIT_SECONDS
    while (row := erasure(system, person))[3] is None:
        assert time.monotonic() < end, row
        await asyncio.sleep(0.2)
    return row


async def test_after_an_erasure_nothing_of_the_person_is_found_anywhere(
    system: System,
    client: httpx.AsyncClient,
    customer: Customer,
    hurried_timers: Hurried,
) -> None:
    user = (await customer.call("GET", "/api/auth/me"))["id"]
    booking = await seeded(system, customer)
    first_email, customer = customer.email, await protected(system, customer)
    needles = (*SECRETS, first_email, NEW_EMAIL, NEWER_EMAIL)
    await customer.post("/api/me/consents", CONSENT)
    waiting = await customer.post("/api/me/erasure", {"password": PASSWORD})
    assert waiting["step"] == "waiting"
    assert [(each["kind"], each["of"]) for each in waiting["open"]] == [("travel", booking)]
    assert waiting["open"][0]["endsAt"] is not None
    await end_travel(system, customer, booking)
    # What the search has to find, it finds as long as the person is not erased.
    held = str(await customer.call("GET", "/api/me/data"))
    assert [each for each in needles if each not in held] == []
    assert {needle for _, needle in places_of(needles, stores(system))} == set(needles)
    balances = stored_log.balances(system.owner_dsn, booking)

    with hurried_timers(carry_out_erasures.TIMER):
        erasure_id, *_, key_count = await await_erased(system, user)

    assert places_of(needles, stores(system)) == set()
    assert key_count >= 3
    assert stored_log.tags(system.owner_dsn, f"erasure-{erasure_id}") == ["erasure.completed.1"]
    assert stored_log.balances(system.owner_dsn, booking) == balances
    # Signed out everywhere, nobody can sign in, and the address is free.
    assert (await client.get("/api/auth/me", headers=customer.headers)).status_code == 401
    account = {"email": customer.email, "password": PASSWORD}
    assert (await client.post("/api/auth/mobile-login", json=account)).status_code == 401
    assert (await client.post("/api/auth/register", json=account)).status_code == 201
    assert (await client.post("/api/auth/mobile-login", json=account)).status_code == 200
    # Staff see the booking, without its passenger, once no process has the key in memory.
    support = await customers.staff(system, client, "support")
    found = await support.call("GET", f"/api/bookings/{booking}")
    assert found["status"] == "refunded"


async def test_a_request_needs_the_password_and_can_be_withdrawn_until_it_begins(
    system: System, customer: Customer
) -> None:
    await customer.reserved([running_system.schedule(system, seats=2)])
    # What is open is read from a read model.
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    with pytest.raises(Refused) as wrong:
        await customer.post("/api/me/erasure", {"password": "incorrect horse battery"})
    assert (wrong.value.status, wrong.value.body["details"]["field"]) == (400, "password")
    with pytest.raises(Refused) as unknown:
        await customer.call("GET", "/api/me/erasure")
    assert unknown.value.status == 404
    first = await customer.post("/api/me/erasure", {"password": PASSWORD})
    again = await customer.post("/api/me/erasure", {"password": PASSWORD})
    assert [each["kind"] for each in first["open"]] == ["travel"]
    assert again == first
    assert (await customer.call("DELETE", "/api/me/erasure"))["withdrawn"] is True
    with pytest.raises(Refused) as gone:
        await customer.call("DELETE", "/api/me/erasure")
    assert gone.value.status == 404
    assert (await customer.call("GET", "/api/auth/me"))["role"] == "customer"


async def test_consents_are_facts_in_order_and_a_repeat_records_none(customer: Customer) -> None:
    terms = {"purpose": "terms", "version": "2026-03-01", "given": True}
    withdrawn = {**CONSENT, "given": False}
    for fact in (CONSENT, terms, CONSENT, withdrawn):
        await customer.post("/api/me/consents", fact)
    found = (await customer.call("GET", "/api/me/consents"))["consents"]
    assert [{**each, "at": None} for each in found] == [
        {**each, "at": None} for each in (CONSENT, terms, withdrawn)
    ]
    for refused, field in (
        ({**terms, "given": False}, "given"),
        ({**terms, "version": "2025-01-01"}, "version"),
        ({**terms, "version": "2999-01-01"}, "version"),
    ):
        with pytest.raises(Refused) as error:
            await customer.post("/api/me/consents", refused)
        assert (error.value.status, error.value.body["details"]["field"]) == (400, field)


async def test_registering_records_the_accepted_texts_and_none_that_is_not_published(
    client: httpx.AsyncClient,
) -> None:
    account = {"email": "accepting@consents.example", "password": PASSWORD}
    accepted = {"termsVersion": "2026-02-01", "privacyNoticeVersion": "2026-03-01"}
    for field in accepted:
        body = {**account, **accepted, field: "2999-01-01"}
        refused = await client.post("/api/auth/register", json=body)
        assert (refused.status_code, refused.json()["details"]["field"]) == (400, field)
    made = await client.post("/api/auth/register", json={**account, **accepted})
    assert made.status_code == 201
    # A known address: whoever registers it again accepts nothing in the other's name.
    later = {**account, "termsVersion": "2026-09-01"}
    assert (await client.post("/api/auth/register", json=later)).status_code == 201
    token = (await client.post("/api/auth/mobile-login", json=account)).json()["accessToken"]
    found = await client.get("/api/me/consents", headers={"authorization": f"Bearer {token}"})
    assert [(each["purpose"], each["version"]) for each in found.json()["consents"]] == [
        ("terms", "2026-02-01"),
        ("privacy_notice", "2026-03-01"),
    ]


async def test_the_export_is_of_the_caller_alone_and_a_foreign_cursor_is_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    other = await customers.register(client)
    booking = (await other.reserved([running_system.schedule(system, seats=2)]))["id"]
    with pytest.raises(Refused) as unverified:
        await customer.call("GET", "/api/me/data")
    assert (unverified.value.status, unverified.value.body["code"]) == (400, "VALIDATION_ERROR")
    assert "POST /api/auth/email/verification" in unverified.value.body["details"]["reason"]
    await verified(system, customer)
    mine = await customer.call("GET", "/api/me/data")
    assert (mine["streams"], mine["nextCursor"]) == ([], None)
    assert mine["account"]["email"] == customer.email
    with pytest.raises(Refused) as refused:
        await customer.call("GET", f"/api/me/data?cursor={booking}")
    assert (refused.value.status, refused.value.body["details"]["field"]) == (400, "cursor")
    printed = await client.get("/api/me/data.pdf", headers=customer.headers)
    assert printed.headers["content-type"] == "application/pdf"
    assert customer.email in page_text(printed.content)


async def test_staff_export_and_erase_a_guest_by_the_reference_of_the_booking(
    system: System, customer: Customer
) -> None:
    booking = (await customer.reserved([running_system.schedule(system, seats=2)]))["id"]
    exported = ais(system, "person", booking.removeprefix("booking-"))
    assert exported.returncode == 0, exported.stderr
    assert "Alharbi" in exported.stdout
    assert "noura@example.com" in exported.stdout
    postponed = ais(system, "erase", booking, "--wait")
    assert postponed.returncode == 3, postponed.stderr
    assert f"open: travel of {booking}" in postponed.stdout
    withdrawn = ais(system, "erase", "withdraw", booking)
    assert withdrawn.stdout == f"{booking}: withdrawn\n"
    assert ais(system, "erase", "ABC234").returncode == 1


def ais(system: System, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", *words],
        env=dict(system.environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_no_number_of_a_payment_card_is_stored_or_logged(
    system: System, customer: Customer
) -> None:
    await customer.confirmed([running_system.schedule(system, seats=2)])
    sample = (
        b'"card": "4242 4242 4242 4242", "5555555555554444" 378282246310005 4000-0000-0000-0002'
    )
    assert len(personal_traces.card_numbers_in(sample)) == 4
    others = (
        b"4242424242424241 0651234567890 17641234567890123 53648517-1667-5678-9abc-0123456789ab"
    )
    assert not personal_traces.card_numbers_in(others)
    found = {
        name: numbers
        for name, content in stores(system)
        # The servers' own files are binary: any eight bytes may look like digits there.
        if not name.startswith("postgres/")
        and (numbers := personal_traces.card_numbers_in(content))
    }
    assert found == {}
