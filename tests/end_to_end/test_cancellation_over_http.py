"""Giving up over HTTP: quotes, parts, refunds through Stripe, seats back on sale."""

import asyncio
import secrets

import httpx
import psycopg
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def test_a_cancelled_booking_is_refunded_and_its_seats_are_on_sale_again(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    booking = await customer.confirmed([flight])
    assert stored_log.balances(system.owner_dsn, booking["id"])["2000", "SAR"] == -40_000
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await customer.reserved([flight])
    quote, cancelled = await customer.cancelled(booking["id"])
    assert quote["feePercent"] == 0
    assert quote["refund"] == booking["total"]
    assert quote["destination"] == "card"
    assert cancelled["status"] == "cancelled"
    assert (cancelled["refundStatus"], cancelled["refund"]) == ("pending", booking["total"])
    refunded = await customer.becomes(booking["id"], "refunded")
    assert refunded["refundStatus"] == "settled"
    assert refunded["availableActions"] == []
    assert set(stored_log.balances(system.owner_dsn, booking["id"]).values()) == {0}
    again = await customer.confirmed([flight])
    assert again["status"] == "confirmed"
    stored_log.assert_invariants(system.owner_dsn)


async def test_an_unpaid_booking_is_cancelled_and_the_books_go_on(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    unpaid = await customer.reserved([flight])
    quote, cancelled = await customer.cancelled(unpaid["id"])
    assert (quote["fee"]["amount"], quote["destination"]) == (0, "none")
    assert cancelled["status"] == "cancelled"
    sold = await customer.confirmed([flight])
    assert sold["status"] == "confirmed"
    stored_log.assert_read_models_follow(system.owner_dsn)
    stored_log.assert_invariants(system.owner_dsn)


async def test_the_same_cancellation_again_is_its_replay_and_one_refund(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=2)])
    quote = await customer.on(booking["id"], "cancellation-quote", {})
    path = f"/api/bookings/{booking['id']}/cancel"
    headers = {**customer.headers, "Idempotency-Key": secrets.token_hex(8)}
    body = {"quoteId": quote["quoteId"]}
    answers = await asyncio.gather(
        *(client.post(path, json=body, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {200}
    statuses = {answer.json()["status"] for answer in answers}
    assert statuses <= {"cancelled", "refunded"}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 4
    # Another key for what is done already changes nothing either, before the refund or after it.
    again = await customer.post(path, body)
    assert again["status"] in {"cancelled", "refunded"}
    await customer.becomes(booking["id"], "refunded")
    again = await customer.post(path, body)
    assert again["status"] == "refunded"
    assert stored_log.tags(system.owner_dsn, booking["id"]).count("booking.cancelled.1") == 1
    payment = booking["id"].replace("booking-", "payment-")
    assert stored_log.tags(system.owner_dsn, payment).count("payment.refund_accepted.1") == 1


async def test_parts_of_a_family_journey_add_up_to_what_was_paid(
    system: System, customer: Customer
) -> None:
    out = running_system.schedule(system, seats=9, fare=33_333)
    back = running_system.schedule(
        system, seats=9, fare=27_777, route=("JED", "RUH"), leaves_in=running_system.LATER
    )
    bag = {"code": "BAG20", "passenger": 1, "segment": 1}
    booking = await customer.confirmed(
        [out, back], party=("ADT", "ADT", "CHD", "INF"), extras=[bag]
    )
    parts = (
        {"passengers": [1]},
        {"segments": [1]},
        {"passengers": [3]},
        {},
    )
    returned = 0
    for part in parts:
        quote, after = await customer.cancelled(booking["id"], part)
        returned += quote["refund"]["amount"]
        assert after["refund"]["amount"] == returned
    assert returned == booking["total"]["amount"]
    await customer.becomes(booking["id"], "refunded")
    assert set(stored_log.balances(system.owner_dsn, booking["id"]).values()) == {0}
    stored_log.assert_invariants(system.owner_dsn)


async def test_the_refund_of_a_part_is_shown_until_it_has_arrived_or_failed(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=3)
    booking = await customer.confirmed([flight], party=("ADT", "ADT", "ADT"))
    assert booking["refundStatus"] is None
    _, after = await customer.cancelled(booking["id"], {"passengers": [2]})
    assert (after["status"], after["refundStatus"]) == ("confirmed", "pending")
    arrived = await customer.until(booking["id"], lambda b: b["refundStatus"] == "settled")
    assert arrived["status"] == "confirmed"
    running_system.control(system, "refund_plans", status="failed")
    await customer.cancelled(booking["id"], {"passengers": [1]})
    failed = await customer.until(booking["id"], lambda b: b["refundStatus"] == "failed")
    assert failed["status"] == "confirmed"


async def test_nobody_is_left_without_an_adult(system: System, customer: Customer) -> None:
    flight = running_system.schedule(system, seats=3)
    booking = await customer.confirmed([flight], party=("ADT", "CHD"))
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await customer.on(booking["id"], "cancellation-quote", {"passengers": [0]})
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await customer.on(booking["id"], "cancellation-quote", {"passengers": [7]})


async def test_a_fee_is_kept_near_departure_and_waived_by_staff_with_a_reason(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    support = await customers.staff(system, client, "support")
    flight = running_system.schedule(system, seats=2, leaves_in=running_system.TOMORROW)
    booking = await customer.confirmed([flight])
    quote = await customer.on(booking["id"], "cancellation-quote", {})
    total = booking["total"]["amount"]
    fee = (total - 2_300) // 2  # charges of both airports with their tax go back
    assert (quote["feePercent"], quote["fee"]["amount"]) == (50, fee)
    with pytest.raises(Refused, match="FORBIDDEN"):
        await customer.on(booking["id"], "cancellation-quote", {"waiver": "because I ask"})
    waived = await support.on(
        booking["id"], "cancellation-quote", {"waiver": "bereavement, documents seen"}
    )
    assert waived["refund"]["amount"] == total
    # The first quote still stands as it was given: terms are frozen by accepting one of them.
    await customer.on(booking["id"], "cancel", {"quoteId": quote["quoteId"]})
    refunded = await customer.becomes(booking["id"], "refunded")
    assert refunded["refund"]["amount"] == total - fee
    books = stored_log.balances(system.owner_dsn, booking["id"])
    assert books["4030", "SAR"] + books["2300", "SAR"] == -fee


async def test_a_quote_ends_when_the_booking_changes_and_serves_no_other_booking(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    booking = await customer.confirmed([flight], party=("ADT", "ADT"))
    other = await customer.confirmed([flight])
    quote = await customer.on(booking["id"], "cancellation-quote", {})
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await customer.on(other["id"], "cancel", {"quoteId": quote["quoteId"]})
    forged = quote["quoteId"][:-4] + "AAAA"
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await customer.on(booking["id"], "cancel", {"quoteId": forged})
    await customer.cancelled(booking["id"], {"passengers": [1]})
    with pytest.raises(Refused, match="QUOTE_EXPIRED"):
        await customer.on(booking["id"], "cancel", {"quoteId": quote["quoteId"]})


async def test_another_customers_booking_is_not_found(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=2)])
    stranger = await customers.register(client)
    for action, body in (
        ("cancellation-quote", {}),
        ("modification-quote", {"segment": 0, "cabin": "business"}),
        ("seats", {"seats": [{"passenger": 0, "seat": "11A"}]}),
        ("documents", {"passenger": 0, **customers.PASSPORT}),
        ("check-in", {}),
        ("correct-name", {"passenger": 0, "firstName": "X", "lastName": "Y"}),
        ("disruption", {"choice": "refund"}),
    ):
        with pytest.raises(Refused, match="NOT_FOUND"):
            await stranger.on(booking["id"], action, body)
    for action in ("board", "offload", "no-show"):
        with pytest.raises(Refused, match="FORBIDDEN"):
            await customer.on(booking["id"], action, {"reason": "none", "fault": "airline"})
    with pytest.raises(Refused, match="FORBIDDEN"):
        path = f"/api/admin/bookings/{booking['id']}/refund"
        await customer.post(path, {"reason": "none at all"})


async def test_a_booking_is_cancelled_before_it_is_paid_and_cannot_be_paid_any_more(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    booking = await customer.reserved([flight])
    session = await customer.on(booking["id"], "checkout")
    quote, cancelled = await customer.cancelled(booking["id"])
    assert quote["destination"] == "none"
    assert (cancelled["status"], cancelled["refund"]) == ("cancelled", None)
    assert await customers.press(session["checkoutUrl"], "pay") not in {200, 303}
    assert (await customer.reserved([flight]))["status"] == "reserved"


async def test_finance_refunds_more_than_the_rules_and_never_more_than_was_paid(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=2)
    booking = await customer.confirmed([flight])
    path = f"/api/admin/bookings/{booking['id']}/refund"
    total = booking["total"]["amount"]
    with pytest.raises(Refused, match="REFUND_EXCEEDS_CAPTURED"):
        await finance.post(path, {"reason": "too much", "amount": total + 1})
    granted = await finance.post(path, {"reason": "seat was broken"})
    assert granted["status"] == "confirmed"
    await customer.becomes(booking["id"], "refunded")
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await finance.post(path, {"reason": "once more"})
    with psycopg.connect(system.owner_dsn) as connection:
        row = connection.execute(
            "SELECT held, sold FROM ledger.capacity WHERE flight = %s", (flight,)
        ).fetchone()
    assert row == (0, 0)
