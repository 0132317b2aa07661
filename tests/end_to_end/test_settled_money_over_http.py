"""Money that its booking could not take, over HTTP, the real worker and the simulated Stripe."""

import asyncio
from typing import Any

import httpx
import pytest
import stripe

from domain.booking.events import BookingExpired
from domain.inventory.events import CapacityMove, SeatsReleased
from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = pytest.mark.usefixtures("captures_checked")


async def _checked_out(system: System, customer: Customer, **more: Any) -> tuple[str, str, Any]:
    """A booking of the only seat of a flight with its open checkout; flight, booking, session."""
    flight = running_system.schedule(system, seats=1, **more)
    made = await customer.send_booking(flight)
    assert made.status_code == 201, made.text
    booking = str(made.json()["id"])
    return flight, booking, (await customer.send_checkout(booking)).json()


def _lapse(system: System, flight: str, booking: str) -> None:
    """The hold ends, unasked and a quarter of an hour early: nobody waits for it here."""
    move = CapacityMove("Y", held=-1, fare_class="Y")
    released = SeatsReleased(booking=booking, reason="hold_lapsed", moves=(move,))
    version = len(stored_log.tags(system.owner_dsn, flight)) + 1
    stored_log.append(system.owner_dsn, flight, version, released)
    version = len(stored_log.tags(system.owner_dsn, booking)) + 1
    stored_log.append(system.owner_dsn, booking, version, BookingExpired(reason="hold_lapsed"))


async def capture(
    system: System, amount: dict[str, Any], metadata: dict[str, str] | None = None
) -> str:
    """Stripe takes this much, whatever a page asked for; the intent."""
    transport = stripe.AIOHTTPClient(timeout=60)
    sdk = stripe.StripeClient(
        system.settings.stripe_api_key.reveal(),
        base_addresses={"api": str(system.settings.stripe_base_url)},
        http_client=transport,
    )
    intent = await sdk.v1.payment_intents.create_async(
        {
            "amount": amount["amount"],
            "currency": amount["currency"].lower(),
            "payment_method": "pm_card_visa",
            "confirm": True,
            "metadata": metadata or {},
        }
    )
    await transport.close_async()  # type: ignore[no-untyped-call]  # untyped in the SDK
    return intent.id


def _metadata(session: Any, booking: str) -> dict[str, str]:
    payment = session["paymentId"]
    return {"booking": booking, "payment": payment, "attempt": f"{payment}-a1"}


async def await_refunds(system: System, session: Any, count: int) -> None:
    """Wait until so many refunds of the session's payment have arrived."""
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event WHERE tag = 'payment.refund_settled.1' "
        f"AND stream = '{session['paymentId']}'",
        lambda found: found == count,
    )


async def test_a_late_payment_takes_its_free_seat_again_and_is_confirmed(
    system: System, customer: Customer
) -> None:
    flight, booking, session = await _checked_out(system, customer)
    _lapse(system, flight, booking)
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    confirmed = await customer.becomes(booking, "confirmed")
    assert confirmed["passengers"][0]["ticketNumber"]
    assert stored_log.balances(system.owner_dsn, booking)["2020", "SAR"] == 0
    assert stored_log.seats(system.owner_dsn, flight) == (1, 0, 1)
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_late_payment_whose_seat_is_taken_is_refunded_in_full_once(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight, booking, session = await _checked_out(system, customer)
    _lapse(system, flight, booking)
    other = await customers.register(client)
    assert (await other.send_booking(flight)).status_code == 201
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    await await_refunds(system, session, 1)
    await asyncio.to_thread(running_system.await_rest, system)
    assert set(stored_log.balances(system.owner_dsn, booking).values()) == {0}
    answer = await client.get(f"/api/bookings/{booking}", headers=customer.headers)
    assert answer.json()["status"] == "expired"
    intents = running_system.stripe_list(system, "payment_intents")
    (intent,) = [each for each in intents if each["metadata"].get("booking") == booking]
    refunds = running_system.stripe_list(system, "refunds")
    back = [each["amount"] for each in refunds if each["payment_intent"] == intent["id"]]
    assert back == [intent["amount"]]


@pytest.mark.parametrize(("currency", "fare"), [("SAR", 40_000), ("KWD", 45_120), ("JPY", 38_000)])
async def test_of_what_is_overpaid_exactly_the_surplus_goes_back(
    system: System, customer: Customer, currency: str, fare: int
) -> None:
    _, booking, session = await _checked_out(system, customer, currency=currency, fare=fare)
    due = (await customer.becomes(booking, "reserved"))["due"]
    amount = {**due, "amount": due["amount"] + 5_000}
    await capture(system, amount, _metadata(session, booking))
    await customer.becomes(booking, "confirmed")
    await await_refunds(system, session, 1)
    books = stored_log.balances(system.owner_dsn, booking)
    assert books["1010", currency] == due["amount"]
    assert books["2020", currency] == books["2100", currency] == 0


async def test_after_a_part_the_rest_is_asked_for_and_both_confirm(
    system: System, customer: Customer
) -> None:
    _, booking, session = await _checked_out(system, customer)
    due = (await customer.becomes(booking, "reserved"))["due"]
    await capture(system, {**due, "amount": 10_000}, _metadata(session, booking))
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        f"SELECT count(*) FROM ledger.event WHERE stream = '{session['paymentId']}' "
        "AND tag = 'payment.funds_parked.1'",
        lambda found: found == 1,
    )
    rest = (await customer.send_checkout(booking)).json()
    assert rest["sessionId"] != session["sessionId"]
    sessions = running_system.stripe_list(system, "checkout/sessions")
    (asked,) = [each for each in sessions if each["id"] == rest["sessionId"]]
    assert asked["amount_total"] == due["amount"] - 10_000
    (before,) = [each for each in sessions if each["id"] == session["sessionId"]]
    assert before["status"] == "expired", "nobody can pay the whole price any more"
    assert await customers.press(rest["checkoutUrl"], "pay") == 303
    await customer.becomes(booking, "confirmed")
    assert stored_log.balances(system.owner_dsn, booking)["2020", "SAR"] == 0


async def test_finance_lets_money_without_a_booking_pay_for_the_one_that_was_meant(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    _, booking, _ = await _checked_out(system, customer)
    due = (await customer.becomes(booking, "reserved"))["due"]
    intent = await capture(system, due)
    await asyncio.to_thread(
        stored_log.await_row,
        system.owner_dsn,
        f"SELECT count(*) FROM ledger.event WHERE stream = 'payment-{intent}-1'",
        lambda count: count == 3,
    )
    finance = await customers.staff(system, client, "finance")
    path = f"/api/admin/payments/payment-{intent}-1/parked-funds/{intent}/allocate"
    body = {"booking": booking.removeprefix("booking-")}
    assert (await client.post(path, json=body, headers=customer.headers)).status_code == 403
    headers = {**finance.headers, "Idempotency-Key": f"allocate-{intent}"}
    first = await client.post(path, json=body, headers=headers)
    assert first.status_code == 200, first.text
    assert (await client.post(path, json=body, headers=headers)).json() == first.json()
    await customer.becomes(booking, "confirmed")
    assert stored_log.balances(system.owner_dsn, booking)["2020", "SAR"] == 0
    assert stored_log.balances(system.owner_dsn, intent)["2020", "SAR"] == 0
    stored_log.assert_invariants(system.owner_dsn)
