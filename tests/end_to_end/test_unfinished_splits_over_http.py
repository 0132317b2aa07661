"""Shares that are declined, expire or come late: all pay for tickets, or all go back."""

import asyncio
import datetime as dt
import secrets
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, shared_bookings, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System
from tests.support.shared_bookings import CURRENCIES, SharedBooking, shared

pytestmark = pytest.mark.usefixtures("captures_checked")


async def _expire_at_stripe(system: System, link: str) -> None:
    """The session ends at Stripe by itself; its webhook reports it."""
    key = system.settings.stripe_api_key.reveal()
    async with httpx.AsyncClient(verify=False, base_url=system.stripe_url, auth=(key, "")) as api:
        session = link.rpartition("/")[2]
        assert (await api.post(f"/v1/checkout/sessions/{session}/expire")).status_code == 200


async def _expired(system: System, case: SharedBooking) -> dict[str, Any]:
    """The booking once its hold has ended and all that was paid has gone back."""
    paid = sum(1 for each in await case.statuses() if each == "paid")
    shared_bookings.end_hold(system, case.id)
    await case.customer.becomes(case.id, "expired")
    return await case.customer.until(
        case.id,
        lambda found: (
            [each["status"] for each in found["refunds"]].count("succeeded")
            == len(found["refunds"])
            >= paid
        ),
    )


@pytest.mark.parametrize("currency", CURRENCIES)
async def test_a_declined_share_stays_open_and_another_card_pays_it(
    system: System, customer: Customer, currency: str
) -> None:
    case = await shared(system, customer, currency, 3)
    for _ in range(2):
        assert await customers.press(case.links[1], "decline") in {200, 303, 402}
    assert await customers.press(case.links[0], "pay") == 303
    await case.become("paid", "open", "open")
    tags = stored_log.tags(system.owner_dsn, case.payment)
    assert tags.count("payment.declined.1") == 2
    assert (await case.now())[1]["checkoutUrl"] == case.links[1]
    assert await customers.press(case.links[1], "pay", card="pm_card_mastercard") == 303
    assert await customers.press(case.links[2], "pay") == 303
    await customer.becomes(case.id, "confirmed")
    assert await case.statuses() == ["paid"] * 3
    taken = [amount for amount, _ in shared_bookings.money_back(system, case.id)]
    assert sorted(taken) == sorted(case.amounts)
    if currency == "KWD":
        assert {amount % 10 for amount in taken} == {0}, "Stripe takes tens of fils"


@pytest.mark.parametrize("again", ["share", "checkout"])
async def test_a_share_that_expires_at_stripe_is_opened_again_or_paid_with_the_rest(
    system: System, customer: Customer, again: str
) -> None:
    case = await shared(system, customer, "SAR", 3)
    for link in case.links[:2]:
        assert await customers.press(link, "pay") == 303
    await _expire_at_stripe(system, case.links[2])
    await case.become("paid", "paid", "expired")
    lost = (await case.now())[2]
    assert lost["checkoutUrl"] is None
    assert await shared_bookings.page_status(case.links[2]) == 410
    assert await customers.press(case.links[2], "pay") == 410
    assert (await customer.booking(case.id))["due"]["amount"] == case.amounts[2]
    if again == "checkout":
        links = [(await customer.on(case.id, "checkout"))["checkoutUrl"]]
    else:
        half = case.amounts[2] // 2
        body = {"shares": [half, case.amounts[2] - half], "currency": "SAR"}
        found = await customer.on(case.id, "split-checkout", body)
        links = [each["checkoutUrl"] for each in found["shares"][3:]]
    for link in links:
        assert await customers.press(link, "pay") == 303
    await customer.becomes(case.id, "confirmed")
    back = shared_bookings.money_back(system, case.id)
    assert sum(amount for amount, _ in back) == sum(case.amounts)
    assert {returned for _, returned in back} == {0}


@pytest.mark.parametrize("currency", CURRENCIES)
async def test_when_the_hold_ends_each_payer_gets_all_back_once_with_a_letter(
    system: System, customer: Customer, currency: str
) -> None:
    case = await shared(system, customer, currency, 3, seats=1)
    for number, card in ((0, "pm_card_visa"), (2, "pm_card_mastercard")):
        assert await customers.press(case.links[number], "pay", card=card) == 303
    await case.become("paid", "open", "paid")
    found = await _expired(system, case)
    assert await case.statuses() == ["returned", "expired", "returned"]
    assert [each["checkoutUrl"] for each in await case.now()] == [None] * 3
    paid = [case.amounts[0], case.amounts[2]]
    back = [(each["amount"]["amount"], each["destination"]) for each in found["refunds"]]
    assert sorted(back, key=str) == sorted(
        [
            (amount, {"kind": "card", "cardLastFour": digits, "credit": None})
            for amount, digits in zip(paid, ("4242", "4444"), strict=True)
        ],
        key=str,
    )
    await asyncio.to_thread(running_system.await_rest, system)
    assert sorted(shared_bookings.money_back(system, case.id)) == sorted(
        (amount, amount) for amount in paid
    )
    assert set(stored_log.balances(system.owner_dsn, case.id).values()) == {0}
    assert stored_log.seats(system.owner_dsn, case.flight) == (1, 0, 0)
    letters = list(system.mailbox.glob(f"payment-returned-{case.id[8:]}-*.eml"))
    assert len(letters) == len(paid)
    for language, sentence in (
        ("en", "the rest was not paid in time"),
        ("ar", "لم يُدفع باقي المبلغ في الوقت المحدد"),
    ):
        page = await customer.client.get(f"/paid/{case.id}", headers={"Accept-Language": language})
        assert sentence in page.text
    for action in ("checkout", "split-checkout"):
        body = {"shares": case.amounts, "currency": currency} if "split" in action else None
        with pytest.raises(customers.Refused) as refused:
            await customer.on(case.id, action, body)
        assert (refused.value.status, refused.value.body["code"]) == (410, "BOOKING_EXPIRED")


async def test_links_that_are_opened_afterwards_take_no_money(
    system: System, customer: Customer
) -> None:
    over = await shared(system, customer)
    assert await customers.press(over.links[0], "pay") == 303
    await over.become("paid", "open")
    await _expired(system, over)
    assert await shared_bookings.page_status(over.links[1]) == 410
    assert await customers.press(over.links[1], "pay") == 410
    done = await shared(system, customer)
    for link in done.links:
        assert await customers.press(link, "pay") == 303
    await customer.becomes(done.id, "confirmed")
    for link in (*done.links, over.links[0]):
        assert await shared_bookings.page_status(link) == 303, "back to the airline"
        assert await customers.press(link, "pay") == 303
    await asyncio.to_thread(running_system.await_rest, system)
    taken = [amount for amount, _ in shared_bookings.money_back(system, done.id)]
    assert sorted(taken) == sorted(done.amounts)
    assert len(shared_bookings.money_back(system, over.id)) == 1
    async with httpx.AsyncClient(verify=False, base_url=system.base_url) as browser:
        for case in (over, done):
            page = await browser.get(f"/unpaid/{case.id}")
            assert page.status_code == 200


async def test_the_last_share_whose_webhook_is_lost_confirms_at_the_end_of_the_hold(
    system: System, customer: Customer
) -> None:
    case = await shared(system, customer)
    assert await customers.press(case.links[0], "pay") == 303
    await case.become("paid", "open")
    for name in ("payment_intent.succeeded", "checkout.session.completed"):
        running_system.control(system, "rules", action="drop", type=name, times=1)
    assert await customers.press(case.links[1], "pay") == 303
    shared_bookings.end_hold(system, case.id)
    await customer.becomes(case.id, "confirmed")
    assert {back for _, back in shared_bookings.money_back(system, case.id)} == {0}


@pytest.mark.parametrize("waits", [True, False])
async def test_the_last_share_paid_after_the_booking_ended_goes_back_like_the_others(
    system: System, customer: Customer, waits: bool
) -> None:
    case = await shared(system, customer)
    assert await customers.press(case.links[0], "pay") == 303
    await case.become("paid", "open")
    shared_bookings.lapse_unasked(system, case)
    if waits:
        await case.become("returned", "expired")
        assert (await case.now())[1]["checkoutUrl"] is None, "nobody is invited to pay any more"
    assert await customers.press(case.links[1], "pay") == 303, "Stripe was not asked"
    await case.become("returned", "returned")
    found = await customer.until(
        case.id,
        lambda found: [each["status"] for each in found["refunds"]] == ["succeeded"] * 2,
    )
    assert found["status"] == "expired"
    back = shared_bookings.money_back(system, case.id)
    assert sorted(back) == sorted((amount, amount) for amount in case.amounts)


async def test_a_share_whose_bank_decides_keeps_the_others_until_its_answer(
    system: System, customer: Customer
) -> None:
    with running_system.other_settings(system, stripe_delayed_methods="us_bank_account"):
        accepted, refused = [await _bank_decides(system, customer) for _ in range(2)]
        # Long enough for the timer that releases lapsed holds, which looks each second.
        await asyncio.sleep(3)
        for case, succeeds in ((accepted, True), (refused, False)):
            assert (await customer.booking(case.id))["status"] == "reserved"
            assert await case.statuses() == ["paid", "processing"]
            intents = running_system.stripe_list(system, "payment_intents")
            (waits,) = [
                each["id"]
                for each in intents
                if each["metadata"].get("booking") == case.id and each["status"] == "processing"
            ]
            running_system.control(system, "bank_answers", intent=waits, succeeds=succeeds)
        await customer.becomes(accepted.id, "confirmed")
        await customer.becomes(refused.id, "expired")
        await refused.become("returned", "expired")
        await asyncio.to_thread(running_system.await_rest, system)
        assert shared_bookings.money_back(system, refused.id) == [(refused.amounts[0],) * 2]


async def _bank_decides(system: System, customer: Customer) -> SharedBooking:
    """Return a booking whose second share a bank decides about, and whose hold has ended."""
    case = await shared(system, customer)
    assert await customers.press(case.links[0], "pay") == 303
    debit = "pm_usBankAccount_processing"
    assert await customers.press(case.links[1], "pay", card=debit) == 303
    await case.become("paid", "processing")
    shared_bookings.end_hold(system, case.id)
    return case


@pytest.mark.parametrize("milliseconds", [0, 150, 400, 800])
async def test_the_last_share_against_the_end_of_the_hold_confirms_or_all_goes_back(
    system: System, customer: Customer, milliseconds: int
) -> None:
    case = await shared(system, customer, "KWD", 3)
    for link in case.links[:2]:
        assert await customers.press(link, "pay") == 303
    await case.become("paid", "paid", "open")
    shared_bookings.end_hold(system, case.id, after=dt.timedelta(milliseconds=400))
    await asyncio.sleep(milliseconds / 1_000)
    answer = await customers.press(case.links[2], "pay")
    paid = {303: 3, 410: 2}[answer]
    await customer.until(case.id, lambda found: found["status"] in {"confirmed", "expired"})
    # A capture goes back once Stripe itself confirms it, which a timer asks for.
    found = await customer.until(
        case.id,
        lambda found: (
            found["status"] == "confirmed"
            or [each["status"] for each in found["refunds"]] == ["succeeded"] * paid
        ),
    )
    await asyncio.to_thread(running_system.await_rest, system)
    back = shared_bookings.money_back(system, case.id)
    assert len(back) == paid
    if found["status"] == "confirmed":
        assert (paid, found["refunds"]) == (3, [])
        assert {returned for _, returned in back} == {0}
    else:
        assert all(amount == returned for amount, returned in back)
    stored_log.assert_invariants(system.owner_dsn)


async def test_shares_are_opened_so_often_in_a_minute_and_not_more(
    system: System, customer: Customer
) -> None:
    with running_system.other_settings(system, limit_payment="3"):
        case = await shared(system, customer)
        body = {"shares": case.amounts, "currency": "SAR"}
        path = f"/api/bookings/{case.id}/split-checkout"
        answers = [
            await customer.client.post(
                path,
                json=body,
                headers={**customer.headers, "Idempotency-Key": secrets.token_hex(8)},
            )
            for _ in range(3)
        ]
        assert [each.status_code for each in answers] == [200, 200, 429]
        refused = answers[-1]
        assert (refused.json()["code"], refused.json()["retryable"]) == ("RATE_LIMITED", True)
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert await case.statuses() == [*["expired"] * 4, "open", "open"], "reading is not limited"


@pytest.mark.parametrize(("currency", "last"), [("KWD", 5), ("JPY", 1)])
async def test_amounts_that_stripe_cannot_charge_are_refused_in_every_currency(
    system: System, customer: Customer, currency: str, last: int
) -> None:
    flight = running_system.schedule(
        system, seats=1, currency=currency, fare=shared_bookings.FARES[currency]
    )
    booking = (await customer.send_booking(flight)).json()
    total = booking["total"]["amount"]
    wrong = {"shares": [total - last, last], "currency": currency}
    with pytest.raises(customers.Refused) as refused:
        await customer.on(booking["id"], "split-checkout", wrong)
    assert (refused.value.status, refused.value.body["details"]["field"]) == (400, "shares")
    assert "least" in refused.value.body["details"]["reason"]
