"""Gift cards over HTTP: bought with Stripe, mailed, claimed, spent, refunded, disputed."""

import asyncio
import email
import email.policy
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.end_to_end.test_settled_money_over_http import await_refunds, capture
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

AMOUNTS = {"SAR": 400_00, "KWD": 40_000, "JPY": 20_000}
WAIT_SECONDS = 30
RECIPIENT = {
    "name": "Sara Alqahtani",
    "email": "sara@example.com",
    "senderName": "Noura",
    "message": "Happy birthday!",
}


async def card_until(
    who: Customer, card: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The card once this holds of it."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        found = await who.call("GET", f"/api/gift-cards/{card}")
        if holds(found):
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)


async def becomes(who: Customer, card: str, status: str) -> dict[str, Any]:
    """The card once it has this status."""
    return await card_until(who, card, lambda found: found["status"] == status)


async def bought(who: Customer, currency: str = "SAR", **more: Any) -> dict[str, Any]:
    """A card that is paid at Stripe."""
    amount = {"amount": AMOUNTS[currency], "currency": currency}
    body = {"amount": amount, "email": "noura@example.com", **more}
    ordered = await who.post("/api/gift-cards", body)
    assert (ordered["status"], ordered["code"]) == ("ordered", None)
    session = await who.post(f"/api/gift-cards/{ordered['id']}/checkout")
    assert await customers.press(session["checkoutUrl"], "pay") in {200, 303}
    return await becomes(who, ordered["id"], "paid")


async def letter(system: System, kind: str, card: str) -> Any:
    """The letter of this kind about the card, once it was sent."""
    path = system.mailbox / f"{kind}-{card.removeprefix('credit-')}.eml"
    end = time.monotonic() + WAIT_SECONDS
    while not path.exists():
        assert time.monotonic() < end, f"no {path.name}"
        await asyncio.sleep(0.05)
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


async def claims(system: System, who: Customer, code: str) -> dict[str, Any]:
    """The credit of the card with this code; the read model follows a moment later."""
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    return await who.post("/api/gift-cards/claim", {"code": code})


@pytest.mark.parametrize("currency", sorted(AMOUNTS))
async def test_a_card_is_bought_mailed_claimed_and_pays_for_a_flight(
    system: System, client: httpx.AsyncClient, customer: Customer, currency: str
) -> None:
    card = await bought(customer, currency, recipient=RECIPIENT)
    assert card["amount"] == {"amount": AMOUNTS[currency], "currency": currency}
    assert card["recipient"] == {**RECIPIENT, "language": "en"}
    mailed = await letter(system, "gift-card-code", card["id"])
    text = mailed.get_body().get_content()
    assert mailed["To"] == "sara@example.com"
    assert "Noura gives you a gift card" in text
    assert "Happy birthday!" in text
    assert card["code"] in text
    receipt = await letter(system, "gift-card-paid", card["id"])
    assert receipt["To"] == "noura@example.com"
    assert card["code"] not in receipt.get_body().get_content()
    sara = await customers.register(client)
    typed = card["code"].lower().replace("-", " ")
    credit = await claims(system, sara, typed)
    assert credit["balance"] == card["amount"]
    assert (credit["origin"], credit["booking"]) == ("gift_card", None)
    assert await claims(system, sara, card["code"]) == credit
    flight = running_system.schedule(
        system, seats=1, fare=AMOUNTS[currency] // 4, currency=currency
    )
    booking = (await sara.reserved([flight]))["id"]
    await sara.on(booking, "credit", {"credit": credit["id"]})
    await sara.becomes(booking, "confirmed")
    assert (await becomes(customer, card["id"], "claimed"))["refundableUntil"] is None
    listed = await customers.listed(system, customer, "/api/gift-cards")
    assert [each["id"] for each in listed["giftCards"]] == [card["id"]]
    await asyncio.to_thread(running_system.await_rest, system)
    books = stored_log.balances(system.owner_dsn, card["id"])
    assert books["1010", currency] == AMOUNTS[currency]
    assert books["2020", currency] == 0
    stored_log.assert_invariants(system.owner_dsn)


async def test_strangers_and_staff_do_not_see_the_code(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    card = await bought(customer)
    support = await customers.staff(system, client, "support")
    seen = await support.call("GET", f"/api/gift-cards/{card['id']}")
    assert (seen["code"], seen["recipient"], seen["status"]) == (None, None, "paid")
    stranger = await customers.register(client)
    for method, path in (
        ("GET", f"/api/gift-cards/{card['id']}"),
        ("POST", f"/api/gift-cards/{card['id']}/checkout"),
        ("POST", f"/api/gift-cards/{card['id']}/refund"),
        ("GET", f"/api/credits/{card['id']}"),
    ):
        with pytest.raises(Refused, match="NOT_FOUND"):
            await stranger.call(method, path)
    with pytest.raises(Refused, match="FORBIDDEN"):
        await support.post("/api/gift-cards/claim", {"code": card["code"]})


async def test_of_two_who_have_the_code_one_has_the_credit(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    card = await bought(customer)
    rivals = [await customers.register(client) for _ in range(4)]
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    answers = await asyncio.gather(
        *(each.post("/api/gift-cards/claim", {"code": card["code"]}) for each in rivals),
        return_exceptions=True,
    )
    won = [each for each in answers if isinstance(each, dict)]
    lost = [each for each in answers if isinstance(each, Refused)]
    assert (len(won), len(lost)) == (1, 3)
    for each in lost:
        assert each.body["code"] == "INVALID_STATE_TRANSITION"
        assert each.body["details"]["reason"] == "claimed"


async def test_codes_cannot_be_tried_often(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    del system
    guesses = [f"ABCD-EFGH-JKLM-NPQ{symbol}" for symbol in "ABCDEFGHJKLM"]
    refused = []
    for guess in guesses:
        with pytest.raises(Refused) as caught:
            await customer.post("/api/gift-cards/claim", {"code": guess})
        refused.append(caught.value)
    assert {each.body["code"] for each in refused[:10]} == {"VALIDATION_ERROR"}
    assert refused[0].body["details"] == {"field": "code", "reason": "unknown_code"}
    assert [each.status for each in refused[10:]] == [429, 429]


async def test_a_buyer_has_the_money_back_while_nobody_has_claimed_the_card(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    card = await bought(customer, "KWD", recipient=RECIPIENT)
    path = f"/api/gift-cards/{card['id']}/refund"
    refunded = await customer.post(path, key="back")
    assert refunded["status"] == "refunded"
    assert await customer.post(path, key="back") == refunded
    assert await customer.post(path) == refunded
    with pytest.raises(Refused) as caught:
        await claims(system, await customers.register(client), card["code"])
    assert caught.value.body["details"]["reason"] == "refunded"
    await letter(system, "gift-card-refunded", card["id"])
    await asyncio.to_thread(running_system.await_rest, system)
    refunds = running_system.stripe_list(system, "refunds")
    (refund,) = [each for each in refunds if each["metadata"].get("booking") == card["id"]]
    assert (refund["amount"], refund["currency"]) == (AMOUNTS["KWD"], "kwd")
    assert not any(stored_log.balances(system.owner_dsn, card["id"]).values())


async def test_a_disputed_card_is_blocked_and_a_lost_dispute_takes_it(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    card = await bought(customer)
    found = running_system.stripe_list(system, "payment_intents")
    (intent,) = [each["id"] for each in found if each["metadata"].get("booking") == card["id"]]
    dispute = running_system.control(system, "disputes", charge=intent)
    await becomes(customer, card["id"], "disputed")
    stranger = await customers.register(client)
    with pytest.raises(Refused) as caught:
        await claims(system, stranger, card["code"])
    assert caught.value.body["details"]["reason"] == "disputed"
    with pytest.raises(Refused) as caught:
        await customer.post(f"/api/gift-cards/{card['id']}/refund")
    assert caught.value.body["details"]["reason"] == "disputed"
    running_system.control(system, "dispute_ends", dispute=dispute["id"], status="lost")
    # The webhook may still be on its way when everything else is at rest.
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event WHERE tag = 'credit.charged_back.1' "
        f"AND stream = '{card['id']}'",
        lambda count: count == 1,
    )
    books = stored_log.balances(system.owner_dsn, card["id"])
    assert (books["2200", "SAR"], books["1200", "SAR"], books.get(("6010", "SAR"), 0)) == (0, 0, 0)


async def test_a_second_payment_of_a_card_goes_back_once(
    system: System, customer: Customer
) -> None:
    card = await bought(customer)
    payment = f"payment-{card['id']}-1"
    own = {"booking": card["id"], "payment": payment, "attempt": f"{payment}-a1"}
    intent = await capture(system, card["amount"], own)
    await await_refunds(system, {"paymentId": payment}, 1)
    refunds = running_system.stripe_list(system, "refunds")
    (refund,) = [each for each in refunds if each["metadata"].get("booking") == card["id"]]
    assert (refund["payment_intent"], refund["amount"]) == (intent, AMOUNTS["SAR"])
    assert (await customer.call("GET", f"/api/gift-cards/{card['id']}"))["status"] == "paid"
    await letter(system, "gift-card-payment-returned", f"{card['id']}-{intent}")
    books = stored_log.balances(system.owner_dsn, card["id"])
    assert (books["2020", "SAR"], books["2200", "SAR"]) == (0, -AMOUNTS["SAR"])


async def test_what_is_wrong_with_an_order_is_named(customer: Customer) -> None:
    good = {"amount": {"amount": 400_00, "currency": "SAR"}, "email": "noura@example.com"}
    for wrong, field in (
        ({"amount": {"amount": 49_99, "currency": "SAR"}}, "amount.amount"),
        ({"amount": {"amount": 40_005, "currency": "KWD"}}, "amount.amount"),
        ({"amount": {"amount": 400_00, "currency": "USD"}}, "amount.currency"),
        ({"email": "noura"}, "email"),
        ({"recipient": {**RECIPIENT, "email": "sara@"}}, "recipient.email"),
        ({"recipient": {**RECIPIENT, "name": "  "}}, "recipient.name"),
        ({"recipient": {**RECIPIENT, "senderName": "www.example.com"}}, "recipient.senderName"),
        ({"recipient": {**RECIPIENT, "message": "Log in: http://a.example"}}, "recipient.message"),
    ):
        with pytest.raises(Refused, match="VALIDATION_ERROR") as caught:
            await customer.post("/api/gift-cards", {**good, **wrong})
        assert field in str(caught.value.body), caught.value.body


async def test_the_page_after_the_payment_shows_the_card(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    del system
    card = await bought(customer)
    page = await client.get(f"/paid/{card['id']}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Your gift card is paid" in page.text
    assert card["code"] not in page.text
    arabic = await client.get(f"/unpaid/{card['id']}", headers={"Accept-Language": "ar"})
    assert 'dir="rtl"' in arabic.text
    assert "بطاقة الهدية" in arabic.text
