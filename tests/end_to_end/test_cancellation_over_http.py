"""Giving up over HTTP: quotes, parts, refunds through Stripe, seats back on sale."""

import asyncio
import secrets

import httpx
import psycopg
import pytest

from interfaces.cli.demo_stage import Stage
from tests.support import life, system
from tests.support.life import Refused
from tests.support.system import Traveller


async def test_a_cancelled_booking_is_refunded_and_its_seats_are_on_sale_again(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=1)
    booking = await life.confirmed(who, [flight])
    assert system.balances(stage.owner_dsn, booking["id"])["2000", "SAR"] == -40_000
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await life.reserved(who, [flight])
    quote, cancelled = await life.cancelled(who, booking["id"])
    assert quote["feePercent"] == 0
    assert quote["refund"] == booking["total"]
    assert quote["destination"] == "card"
    assert cancelled["status"] == "cancelled"
    assert (cancelled["refundStatus"], cancelled["refund"]) == ("pending", booking["total"])
    refunded = await life.becomes(who, booking["id"], "refunded")
    assert refunded["refundStatus"] == "settled"
    assert refunded["availableActions"] == []
    assert set(system.balances(stage.owner_dsn, booking["id"]).values()) == {0}
    again = await life.confirmed(who, [flight])
    assert again["status"] == "confirmed"
    system.assert_invariants(stage.owner_dsn)


async def test_an_unpaid_booking_is_cancelled_and_the_books_go_on(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=1)
    unpaid = await life.reserved(who, [flight])
    quote, cancelled = await life.cancelled(who, unpaid["id"])
    assert (quote["fee"]["amount"], quote["destination"]) == (0, "none")
    assert cancelled["status"] == "cancelled"
    sold = await life.confirmed(who, [flight])
    assert sold["status"] == "confirmed"
    system.assert_read_models_follow(stage.owner_dsn)
    system.assert_invariants(stage.owner_dsn)


async def test_the_same_cancellation_again_is_its_replay_and_one_refund(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    booking = await life.confirmed(who, [system.schedule(stage.owner_dsn, seats=2)])
    quote = await who.on(booking["id"], "cancellation-quote", {})
    path = f"/api/bookings/{booking['id']}/cancel"
    headers = {**traveller.headers, "Idempotency-Key": secrets.token_hex(8)}
    body = {"quoteId": quote["quoteId"]}
    answers = await asyncio.gather(
        *(client.post(path, json=body, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {200}
    statuses = {answer.json()["status"] for answer in answers}
    assert statuses <= {"cancelled", "refunded"}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 4
    # Another key for what is done already changes nothing either, before the refund or after it.
    again = await who.post(path, body)
    assert again["status"] in {"cancelled", "refunded"}
    await life.becomes(who, booking["id"], "refunded")
    again = await who.post(path, body)
    assert again["status"] == "refunded"
    assert system.tags(stage.owner_dsn, booking["id"]).count("booking.cancelled.1") == 1
    payment = booking["id"].replace("booking-", "payment-")
    assert system.tags(stage.owner_dsn, payment).count("payment.refund_accepted.1") == 1


async def test_parts_of_a_family_journey_add_up_to_what_was_paid(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    out = system.schedule(stage.owner_dsn, seats=9, fare=33_333)
    back = system.schedule(
        stage.owner_dsn, seats=9, fare=27_777, route=("JED", "RUH"), leaves_in=system.LATER
    )
    bag = {"code": "BAG20", "passenger": 1, "segment": 1}
    booking = await life.confirmed(
        who, [out, back], party=("ADT", "ADT", "CHD", "INF"), extras=[bag]
    )
    parts = (
        {"passengers": [1]},
        {"segments": [1]},
        {"passengers": [3]},
        {},
    )
    returned = 0
    for part in parts:
        quote, after = await life.cancelled(who, booking["id"], part)
        returned += quote["refund"]["amount"]
        assert after["refund"]["amount"] == returned
    assert returned == booking["total"]["amount"]
    await life.becomes(who, booking["id"], "refunded")
    assert set(system.balances(stage.owner_dsn, booking["id"]).values()) == {0}
    system.assert_invariants(stage.owner_dsn)


async def test_the_refund_of_a_part_is_shown_until_it_has_arrived_or_failed(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=3)
    booking = await life.confirmed(who, [flight], party=("ADT", "ADT", "ADT"))
    assert booking["refundStatus"] is None
    _, after = await life.cancelled(who, booking["id"], {"passengers": [2]})
    assert (after["status"], after["refundStatus"]) == ("confirmed", "pending")
    arrived = await life.until(who, booking["id"], lambda b: b["refundStatus"] == "settled")
    assert arrived["status"] == "confirmed"
    system.control(stage.stripe_url, "refund_plans", status="failed")
    await life.cancelled(who, booking["id"], {"passengers": [1]})
    failed = await life.until(who, booking["id"], lambda b: b["refundStatus"] == "failed")
    assert failed["status"] == "confirmed"


async def test_nobody_is_left_without_an_adult(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=3)
    booking = await life.confirmed(who, [flight], party=("ADT", "CHD"))
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await who.on(booking["id"], "cancellation-quote", {"passengers": [0]})
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await who.on(booking["id"], "cancellation-quote", {"passengers": [7]})


async def test_a_fee_is_kept_near_departure_and_waived_by_staff_with_a_reason(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    support = await life.staff(stage, client, "support")
    flight = system.schedule(stage.owner_dsn, seats=2, leaves_in=system.TOMORROW)
    booking = await life.confirmed(who, [flight])
    quote = await who.on(booking["id"], "cancellation-quote", {})
    total = booking["total"]["amount"]
    assert (quote["feePercent"], quote["fee"]["amount"]) == (50, total // 2)
    with pytest.raises(Refused, match="FORBIDDEN"):
        await who.on(booking["id"], "cancellation-quote", {"waiver": "because I ask"})
    waived = await support.on(
        booking["id"], "cancellation-quote", {"waiver": "bereavement, documents seen"}
    )
    assert waived["refund"]["amount"] == total
    # The first quote still stands as it was given: terms are frozen by accepting one of them.
    await who.on(booking["id"], "cancel", {"quoteId": quote["quoteId"]})
    refunded = await life.becomes(who, booking["id"], "refunded")
    assert refunded["refund"]["amount"] == total - total // 2
    books = system.balances(stage.owner_dsn, booking["id"])
    assert books["4030", "SAR"] + books["2300", "SAR"] == -(total // 2)


async def test_a_quote_ends_when_the_booking_changes_and_serves_no_other_booking(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=5)
    booking = await life.confirmed(who, [flight], party=("ADT", "ADT"))
    other = await life.confirmed(who, [flight])
    quote = await who.on(booking["id"], "cancellation-quote", {})
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await who.on(other["id"], "cancel", {"quoteId": quote["quoteId"]})
    forged = quote["quoteId"][:-4] + "AAAA"
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await who.on(booking["id"], "cancel", {"quoteId": forged})
    await life.cancelled(who, booking["id"], {"passengers": [1]})
    with pytest.raises(Refused, match="QUOTE_EXPIRED"):
        await who.on(booking["id"], "cancel", {"quoteId": quote["quoteId"]})


async def test_another_customers_booking_is_not_found(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    booking = await life.confirmed(who, [system.schedule(stage.owner_dsn, seats=2)])
    stranger = life.person(client, await system.register(client))
    for action, body in (
        ("cancellation-quote", {}),
        ("modification-quote", {"segment": 0, "cabin": "business"}),
        ("seats", {"seats": [{"passenger": 0, "seat": "11A"}]}),
        ("documents", {"passenger": 0, **life.PASSPORT}),
        ("check-in", {}),
        ("correct-name", {"passenger": 0, "firstName": "X", "lastName": "Y"}),
        ("disruption", {"choice": "refund"}),
    ):
        with pytest.raises(Refused, match="NOT_FOUND"):
            await stranger.on(booking["id"], action, body)
    for action in ("board", "offload", "no-show"):
        with pytest.raises(Refused, match="FORBIDDEN"):
            await who.on(booking["id"], action, {"reason": "none", "fault": "airline"})
    with pytest.raises(Refused, match="FORBIDDEN"):
        await who.post(f"/api/admin/bookings/{booking['id']}/refund", {"reason": "none at all"})


async def test_a_booking_is_cancelled_before_it_is_paid_and_cannot_be_paid_any_more(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=1)
    booking = await life.reserved(who, [flight])
    session = await who.on(booking["id"], "checkout")
    quote, cancelled = await life.cancelled(who, booking["id"])
    assert quote["destination"] == "none"
    assert (cancelled["status"], cancelled["refund"]) == ("cancelled", None)
    assert await system.press(session["checkoutUrl"], "pay") not in {200, 303}
    assert (await life.reserved(who, [flight]))["status"] == "reserved"


async def test_finance_refunds_more_than_the_rules_and_never_more_than_was_paid(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    finance = await life.staff(stage, client, "finance")
    flight = system.schedule(stage.owner_dsn, seats=2)
    booking = await life.confirmed(who, [flight])
    path = f"/api/admin/bookings/{booking['id']}/refund"
    total = booking["total"]["amount"]
    with pytest.raises(Refused, match="REFUND_EXCEEDS_CAPTURED"):
        await finance.post(path, {"reason": "too much", "amount": total + 1})
    granted = await finance.post(path, {"reason": "seat was broken"})
    assert granted["status"] == "confirmed"
    await life.becomes(who, booking["id"], "refunded")
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await finance.post(path, {"reason": "once more"})
    with psycopg.connect(stage.owner_dsn) as connection:
        row = connection.execute(
            "SELECT held, sold FROM ledger.capacity WHERE flight = %s", (flight,)
        ).fetchone()
    assert row == (0, 0)
