"""Gift cards under attack: hostile texts, every role, lost letters, failed refunds, leaks."""

import asyncio
from typing import Any

import httpx
import psycopg
import pytest

from tests.end_to_end.test_gift_cards_over_http import RECIPIENT, becomes, bought, claims, letter
from tests.end_to_end.test_leaks import found_in, tables
from tests.end_to_end.test_refunds import provider_refund
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

AMOUNT = 400_00
STAFF = ("support", "ops", "gate", "finance", "auditor")


async def rest(system: System) -> None:
    """Everything that was asked for is done."""
    await asyncio.to_thread(running_system.await_rest, system)


async def status(who: Customer, method: str, path: str, body: Any = None) -> int:
    """The status of the answer."""
    try:
        await who.call(method, path, body)
    except Refused as refused:
        return refused.status
    return 200


async def test_texts_of_a_buyer_are_only_texts(system: System, customer: Customer) -> None:
    texts = {
        "name": "{code} %s {0}",
        "senderName": "{message.__class__} $name <b>",
        "message": "{code} {until} %(code)s \\r\\nBcc: everybody",
    }
    card = await bought(customer, recipient={**RECIPIENT, **texts})
    mailed = await letter(system, "gift-card-code", card["id"])
    text = mailed.get_body().get_content()
    for each in texts.values():
        assert each in text
    assert text.count(card["code"]) == 1
    assert mailed["Bcc"] is None


@pytest.mark.parametrize("field", ["name", "senderName", "message", "email"])
@pytest.mark.parametrize(
    "text", ["a\r\nBcc: b@example.com", "a\u202eb", "a\u200fb", "a\x00b", "a\u2028b"]
)
async def test_control_and_direction_marks_are_refused(
    customer: Customer, field: str, text: str
) -> None:
    body = {
        "amount": {"amount": 400_00, "currency": "SAR"},
        "email": "noura@example.com",
        "recipient": {**RECIPIENT, field: text},
    }
    with pytest.raises(Refused, match="VALIDATION_ERROR") as caught:
        await customer.post("/api/gift-cards", body)
    assert field in str(caught.value.body)


async def test_what_each_role_may_do_with_the_card_of_a_customer(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    card = await bought(customer, recipient=RECIPIENT)
    path = f"/api/gift-cards/{card['id']}"
    found: dict[str, list[int]] = {}
    for role in STAFF:
        who = await customers.staff(system, client, role)
        seen = await who.call("GET", path)
        assert (seen["code"], seen["recipient"]) == (None, None), role
        found[role] = [
            await status(who, "POST", f"{path}/resend"),
            await status(who, "POST", f"{path}/checkout"),
            await status(who, "GET", "/api/gift-cards"),
        ]
    assert found == {
        "support": [200, 403, 403],
        "ops": [404, 403, 403],
        "gate": [404, 403, 403],
        "finance": [404, 403, 403],
        "auditor": [404, 403, 403],
    }
    for role in ("support", "ops", "gate", "auditor"):
        who = await customers.staff(system, client, role)
        assert await status(who, "POST", f"{path}/refund") == 404, role
    finance = await customers.staff(system, client, "finance")
    assert (await finance.post(f"{path}/refund"))["status"] == "refunded"


async def test_a_lost_letter_is_sent_again_once_for_each_request(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    card = await bought(customer, recipient=RECIPIENT)
    path = f"/api/gift-cards/{card['id']}/resend"
    for _ in range(2):
        await customer.post(path, key="again")
    mailed = await letter(system, "gift-card-code", f"{card['id']}-1")
    assert mailed["To"] == RECIPIENT["email"]
    assert card["code"] in mailed.get_body().get_content()
    await rest(system)
    name = card["id"].removeprefix("credit-")
    assert len(list(system.mailbox.glob(f"gift-card-code-{name}*.eml"))) == 2
    stranger = await customers.register(client)
    with pytest.raises(Refused, match="NOT_FOUND"):
        await stranger.post(path)
    for _ in range(4):
        await customer.post(path)
    with pytest.raises(Refused) as caught:
        await customer.post(path)
    assert caught.value.body["details"]["reason"] == "sent_too_often"


async def test_a_card_whose_refund_fails_is_sent_again_or_paid_by_bank(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    for way in ("resend", "bank-transfer"):
        card = await bought(customer)
        await customer.post(f"/api/gift-cards/{card['id']}/refund")
        await rest(system)
        refund = f"payment-{card['id']}-1-r1"
        provider = provider_refund(system, refund)
        running_system.control(
            system, "refund_ends", refund=provider, status="failed", reason="declined"
        )
        await rest(system)
        await asyncio.to_thread(stored_log.await_inbox, system.owner_dsn)
        failed = (await customers.listed(system, finance, "/api/ledger/failed-refunds"))["refunds"]
        (ours,) = [each for each in failed if each["refund"] == refund]
        assert (ours["booking"], ours["nextStep"]) == (card["id"], "send_again_or_pay_by_bank")
        owed = (await customers.listed(system, finance, "/api/ledger/owed-money"))["owed"]
        assert card["id"] in {each["booking"] for each in owed}
        path = f"/api/admin/bookings/{card['id']}/refunds/{refund}/{way}"
        body = {} if way == "resend" else {"bankReference": f"TR{card['id'][-8:]}", "paidOn": None}
        if body:
            body["paidOn"] = system_day(system)
        await finance.post(path, body)
        await rest(system)
        assert stored_log.balances(system.owner_dsn, card["id"])["2100", "SAR"] == 0
        failed = (await customers.listed(system, finance, "/api/ledger/failed-refunds"))["refunds"]
        assert refund not in {each["refund"] for each in failed}


def system_day(system: System) -> str:
    """The accounting day of the database."""
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute("SELECT (now() AT TIME ZONE 'Asia/Riyadh')::date::text").fetchone()
    assert row is not None
    return str(row[0])


async def test_a_refund_by_hand_is_said_to_be_that_of_the_card(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    card = await bought(customer)
    intents = await asyncio.to_thread(running_system.stripe_list, system, "payment_intents")
    (intent,) = [e["id"] for e in intents if e["metadata"].get("booking") == card["id"]]
    made = running_system.control(system, "refunds", charge=intent, amount=AMOUNT)
    await rest(system)
    await asyncio.to_thread(stored_log.await_inbox, system.owner_dsn)
    listed = (await customers.listed(system, finance, "/api/admin/external-refunds"))["refunds"]
    (by_hand,) = [each for each in listed if each["refund"] == made["id"]]
    assert by_hand["booking"] == card["id"]
    assert (await finance.post(f"/api/gift-cards/{card['id']}/refund"))["status"] == "refunded"
    failed = (await customers.listed(system, finance, "/api/ledger/failed-refunds"))["refunds"]
    (ours,) = [each for each in failed if each["booking"] == card["id"]]
    assert ours["nextStep"] == "allocate_the_external_refund"
    body = {"allocations": [{"amount": AMOUNT, "refund": ours["refund"]}]}
    await finance.post(f"/api/admin/external-refunds/{made['id']}/allocate", body)
    await rest(system)
    assert not any(stored_log.balances(system.owner_dsn, card["id"]).values())


async def test_the_evidence_for_a_disputed_card_says_what_was_sold_and_used(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    card = await bought(customer)
    sara = await customers.register(client)
    credit = await claims(system, sara, card["code"])
    booking = (await sara.reserved([running_system.schedule(system, seats=1, fare=100_00)]))["id"]
    await sara.on(booking, "credit", {"credit": credit["id"]})
    await sara.becomes(booking, "confirmed")
    intents = await asyncio.to_thread(running_system.stripe_list, system, "payment_intents")
    (intent,) = [e["id"] for e in intents if e["metadata"].get("booking") == card["id"]]
    dispute = running_system.control(system, "disputes", charge=intent)
    await rest(system)
    await asyncio.to_thread(stored_log.await_inbox, system.owner_dsn)
    listed = (await customers.listed(system, finance, "/api/admin/disputes"))["disputes"]
    assert card["id"] in {each["booking"] for each in listed}
    path = f"/api/admin/disputes/{dispute['id']}/evidence"
    evidence = await finance.post(path, {"submit": True})
    text = str(evidence)
    assert evidence["email"] == "noura@example.com"
    assert "credit.gift_card_claimed.1" in text
    assert booking.removeprefix("booking-") in text
    assert card["code"] not in text
    (sent,) = [
        each
        for each in running_system.stripe_list(system, "disputes")
        if each["id"] == dispute["id"]
    ]
    assert "Gift card of 400.00 SAR" in sent["evidence"]["product_description"]
    running_system.control(system, "dispute_ends", dispute=dispute["id"], status="won")
    await rest(system)


async def test_codes_and_addresses_are_found_in_no_store_and_no_log(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    secret = {
        "name": "Undiscoverable Zahra",
        "email": "zahra@leak.example",
        "senderName": "Unfindable Qamar",
        "message": "Untraceable wishes",
    }
    card = await bought(customer, email="qamar@leak.example", recipient=secret)
    await customer.post(f"/api/gift-cards/{card['id']}/resend")
    await claims(system, await customers.register(client), card["code"])
    for wrong in (card["code"] + "A", card["code"][:-1] + "?"):
        with pytest.raises(Refused):
            await customer.post("/api/gift-cards/claim", {"code": wrong})
    with pytest.raises(Refused):
        await customer.post("/api/gift-cards/claim", {"code": card["code"], "x": secret["email"]})
    await rest(system)
    compact = card["code"].replace("-", "")
    needles = (*secret.values(), "qamar@leak.example", card["code"], compact)
    assert found_in(tables(system.owner_dsn), needles) == []
    logs = {path.name: path.read_text() for path in (system.folder / "logs").iterdir()}
    assert found_in(logs, needles) == []


async def test_two_checkouts_at_once_open_one_session(customer: Customer) -> None:
    body = {"amount": {"amount": 400_00, "currency": "SAR"}, "email": "noura@example.com"}
    card = (await customer.post("/api/gift-cards", body))["id"]
    answers = await asyncio.gather(
        *(customer.post(f"/api/gift-cards/{card}/checkout") for _ in range(4)),
        return_exceptions=True,
    )
    urls = {each["checkoutUrl"] for each in answers if isinstance(each, dict)}
    assert len(urls) == 1, answers
    await customers.press(urls.pop(), "pay")
    await becomes(customer, card, "paid")


async def test_claim_and_refund_at_once_have_one_winner(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    card = await bought(customer)
    sara = await customers.register(client)
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    claim, refund = await asyncio.gather(
        sara.post("/api/gift-cards/claim", {"code": card["code"]}),
        customer.post(f"/api/gift-cards/{card['id']}/refund"),
        return_exceptions=True,
    )
    assert isinstance(claim, dict) != isinstance(refund, dict), (claim, refund)
    lost = claim if isinstance(claim, Refused) else refund
    assert isinstance(lost, Refused)
    assert lost.body["details"]["reason"] in {"claimed", "refunded"}
