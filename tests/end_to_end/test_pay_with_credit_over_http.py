"""Travel credit pays for bookings over HTTP: all, a part beside a card, and back again."""

import secrets
from typing import Any

import httpx
import pytest

from tests.end_to_end.test_compensation_over_http import IBAN
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def given_credit(
    system: System, customer: Customer, amount: int, currency: str = "SAR"
) -> str:
    """Goodwill for another booking of the customer; the credit's id."""
    booking = await held(system, customer, currency, 45_000)
    finance = await customers.staff(system, customer.client, "finance")
    given_amount = {"amount": amount, "currency": currency}
    body = {"amount": given_amount, "reason": "a broken seat"}
    given = await finance.post(f"/api/admin/bookings/{booking['id']}/credit", body)
    return str(given["id"])


def left_of(system: System, credit: str, currency: str = "SAR") -> int:
    """What account 2200 has of the credit."""
    return -stored_log.balances(system.owner_dsn, credit).get(("2200", currency), 0)


async def held(
    system: System, customer: Customer, currency: str = "SAR", fare: int = 40_000
) -> dict[str, Any]:
    """An unpaid booking of a flight of its own."""
    flight = running_system.schedule(system, seats=5, currency=currency, fare=fare)
    made: dict[str, Any] = (await customer.send_booking(flight)).json()
    return made


@pytest.mark.parametrize(("currency", "fare"), [("SAR", 40_000), ("KWD", 45_000), ("JPY", 40_000)])
async def test_credit_pays_all_and_tickets_without_stripe(
    system: System, customer: Customer, currency: str, fare: int
) -> None:
    """Row 24 of the postings: the credit is debited and the sale follows in the same append."""
    booking = await held(system, customer, currency, fare)
    total = booking["total"]["amount"]
    credit = await given_credit(system, customer, total + 5, currency)
    paid = await customer.on(booking["id"], "credit", {"credit": credit})
    assert paid["status"] == "paid"
    confirmed = await customer.booking(booking["id"])
    assert confirmed["status"] == "confirmed"
    assert confirmed["passengers"][0]["ticketNumber"]
    assert paid["due"]["amount"] == 0
    assert paid["credits"][0]["credit"] == credit
    assert paid["credits"][0]["amount"] == booking["total"]
    assert left_of(system, credit, currency) == 5
    payment = f"payment-{booking['reference']}-1"
    assert stored_log.tags(system.owner_dsn, payment) == [
        "payment.requested.1",
        "payment.credit_applied.1",
    ]
    await customer.cancelled(booking["id"])
    after = await customer.becomes(booking["id"], "refunded")
    assert after["refundStatus"] == "settled"
    assert left_of(system, credit, currency) == 5 + after["refund"]["amount"]


async def test_a_card_pays_the_rest_and_both_get_back_what_they_paid(
    system: System, customer: Customer
) -> None:
    booking = await held(system, customer)
    credit = await given_credit(system, customer, 10_000)
    part = await customer.on(booking["id"], "credit", {"credit": credit})
    rest = booking["total"]["amount"] - 10_000
    assert part["status"] == "reserved"
    assert part["due"] == {"amount": rest, "currency": "SAR"}
    assert left_of(system, credit) == 0
    await customer.pay(booking["id"])
    confirmed = await customer.becomes(booking["id"], "confirmed")
    assert confirmed["paid"] == booking["total"]
    await customer.cancelled(booking["id"])
    await customer.becomes(booking["id"], "refunded")
    assert left_of(system, credit) == 10_000
    intents = running_system.stripe_list(system, "payment_intents")
    of_booking = [each for each in intents if each["metadata"].get("booking") == booking["id"]]
    assert [each["amount_received"] for each in of_booking] == [rest]
    refunds = running_system.stripe_list(system, "refunds")
    paid_back = [
        each["amount"] for each in refunds if each["payment_intent"] == of_booking[0]["id"]
    ]
    assert paid_back == [rest]


async def test_goodwill_that_paid_stays_goodwill_after_a_cheaper_change(
    system: System, customer: Customer
) -> None:
    dear = running_system.schedule(system, seats=5, fare=90_000, residue="credit")
    cheap = running_system.schedule(system, seats=5, fare=20_000, residue="credit")
    booking = (await customer.send_booking(dear)).json()
    goodwill = await given_credit(system, customer, 10_000)
    await customer.on(booking["id"], "credit", {"credit": goodwill})
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")
    quote = await customer.on(booking["id"], "modification-quote", {"flightId": cheap})
    await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    found = await customers.listed(system, customer, "/api/credits")
    left = {each["origin"]: each["balance"]["amount"] for each in found["credits"]}
    assert left == {"goodwill": 10_000, "cheaper_change": quote["back"]["amount"] - 10_000}
    finance = await customers.staff(system, customer.client, "finance")
    account = {"iban": IBAN, "holder": "Noura Alharbi"}
    with pytest.raises(Refused) as refused:
        await finance.post(f"/api/admin/credits/{goodwill}/payout", account)
    assert refused.value.body["details"]["reason"] == "goodwill"
    stored_log.assert_invariants(system.owner_dsn)


async def test_an_open_session_is_expired_before_credit_pays_a_part(
    system: System, customer: Customer
) -> None:
    booking = await held(system, customer)
    session = await customer.on(booking["id"], "checkout")
    credit = await given_credit(system, customer, 10_000)
    body = {"credit": credit, "amount": {"amount": 4_000, "currency": "SAR"}}
    part = await customer.on(booking["id"], "credit", body)
    assert part["due"]["amount"] == booking["total"]["amount"] - 4_000
    assert await customers.press(session["checkoutUrl"], "pay") != 303
    rest = await customer.on(booking["id"], "checkout")
    assert rest["sessionId"] != session["sessionId"]
    use = part["credits"][0]["use"]
    path = f"/api/bookings/{booking['id']}/credit/{use}"
    key = secrets.token_hex(8)
    back = await customer.call("DELETE", path, key=key)
    assert back["due"] == booking["total"]
    assert back["credits"] == []
    assert left_of(system, credit) == 10_000
    assert await customers.press(rest["checkoutUrl"], "pay") != 303
    again = await customer.call("DELETE", path, key=key)
    assert again["due"] == booking["total"]
    assert left_of(system, credit) == 10_000


async def test_due_is_what_is_still_to_be_paid_after_a_share(
    system: System, customer: Customer
) -> None:
    booking = await held(system, customer)
    total = booking["total"]["amount"]
    body = {"shares": [total - 10_000, 10_000], "currency": "SAR"}
    shares = await customer.on(booking["id"], "split-checkout", body)
    assert (await customer.booking(booking["id"]))["due"]["amount"] == total
    assert await customers.press(shares["shares"][1]["checkoutUrl"], "pay") == 303
    found = await customer.until(booking["id"], lambda it: it["due"]["amount"] != total)
    assert found["due"]["amount"] == total - 10_000


async def test_refusals_name_their_field_and_strangers_see_nothing(
    system: System, customer: Customer, client: httpx.AsyncClient
) -> None:
    booking = await held(system, customer)
    total = booking["total"]["amount"]
    credit = await given_credit(system, customer, total)
    path = f"/api/bookings/{booking['id']}/credit"

    async def refused(body: dict[str, Any], who: Customer = customer) -> Refused:
        with pytest.raises(Refused) as found:
            await who.post(path, body)
        return found.value

    small = await refused({"credit": credit, "amount": {"amount": total - 1, "currency": "SAR"}})
    assert small.status == 400
    assert small.body["details"]["reason"] == "rest_too_small"
    assert small.body["details"]["most"] == total
    foreign_amount = {"credit": credit, "amount": {"amount": 100, "currency": "KWD"}}
    wrong = await refused(foreign_amount)
    assert (wrong.status, wrong.body["details"]["field"]) == (400, "amount.currency")
    dinars = await given_credit(system, customer, 5_000, "KWD")
    assert (await refused({"credit": dinars})).body["details"]["reason"] == "currency"
    assert (await refused({"credit": "credit-1"})).body["details"]["field"] == "credit"
    assert (await refused({})).status == 400
    stranger = await customers.register(client)
    assert (await refused({"credit": credit}, stranger)).status == 404
    own = await held(system, stranger)
    with pytest.raises(Refused) as foreign:
        await stranger.on(own["id"], "credit", {"credit": credit})
    assert foreign.value.status == 404
    assert left_of(system, credit) == total
