"""The adapter against the simulator: every outcome and every failure."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
import stripe

from application.payment import gateway as port
from domain.kernel import money
from infrastructure.stripe import backoff
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator


def checkout_request(**changes: Any) -> port.CheckoutRequest:
    attempt = f"pay-{uuid.uuid4().hex[:12]}-a1"
    request = port.CheckoutRequest(
        booking="bkg-ABC234",
        payment="pay-ABC234-1",
        attempt=attempt,
        amount=money.Money(amount=50_000, currency="SAR"),
        description="Riyadh to Jeddah, 1 adult",
        success_url="http://127.0.0.1:9/paid?session={CHECKOUT_SESSION_ID}",
        cancel_url="http://127.0.0.1:9/back",
        idempotency_key=f"checkout:{attempt}",
        expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=45),
        locale="en",
        customer_email="sara@example.com",
    )
    return msgspec.structs.replace(request, **changes)


async def sessions_of(gateway: StripePaymentGateway, attempt: str) -> list[port.CheckoutSession]:
    since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    return await gateway.find_sessions(created_since=since, attempt=attempt)


async def test_an_opened_session_shows_the_request(gateway: StripePaymentGateway) -> None:
    request = checkout_request()
    session = await gateway.open_checkout(request)
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert session.amount == request.amount
    assert session.expires_at == request.expires_at.replace(microsecond=0)
    assert (session.booking, session.payment) == (request.booking, request.payment)
    assert session.attempt == request.attempt
    assert session.payment_intent is None
    assert session.url is not None


async def test_our_ids_reach_session_intent_and_charge(
    gateway: StripePaymentGateway, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    request = checkout_request()
    opened = await gateway.open_checkout(request)
    simulator.pay(opened.id)
    paid = await gateway.session(opened.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.payment_intent is not None
    intent = await gateway.payment_intent(paid.payment_intent)
    assert intent.status == "succeeded"
    assert intent.amount_received == request.amount
    assert (intent.booking, intent.payment) == (request.booking, request.payment)
    assert intent.attempt == request.attempt
    assert intent.latest_charge is not None
    charge = await sdk.v1.charges.retrieve_async(intent.latest_charge)
    assert charge.metadata.to_dict()["attempt"] == request.attempt
    session = await sdk.v1.checkout.sessions.retrieve_async(opened.id)
    assert session.client_reference_id == request.booking


@pytest.mark.parametrize(
    ("card", "digits"),
    [("pm_card_visa", "4242"), ("pm_card_mastercard", "4444"), ("pm_card_amex", "0005")],
)
async def test_each_read_of_an_intent_has_the_last_four_digits_of_its_card(
    gateway: StripePaymentGateway, simulator: StripeSimulator, card: str, digits: str
) -> None:
    since = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    opened = await gateway.open_checkout(checkout_request())
    simulator.control("attempts", session=opened.id, card=card)
    paid = await gateway.session(opened.id)
    assert paid.intent is not None
    read = await gateway.payment_intent(paid.intent.id)
    listed = (await gateway.list_intents(created_since=since)).intents
    (found,) = [each for each in listed if each.id == read.id]
    assert paid.intent == read == found
    assert (read.card, read.latest_charge is not None) == (digits, True)


async def test_a_declined_card_leaves_the_session_open_and_may_succeed_later(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    opened = await gateway.open_checkout(checkout_request())
    answer = simulator.decline(opened.id)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/c/pay/{opened.id}"
    declined = await gateway.session(opened.id)
    assert (declined.status, declined.payment_status) == ("open", "unpaid")
    assert declined.payment_intent is not None
    intent = await gateway.payment_intent(declined.payment_intent)
    assert (intent.status, intent.last_error_code) == ("requires_payment_method", "card_declined")
    assert intent.amount_received.amount == 0
    answer = simulator.pay(opened.id)
    assert answer.headers["location"] == f"http://127.0.0.1:9/paid?session={opened.id}"
    after = await gateway.payment_intent(declined.payment_intent)
    assert (after.status, after.last_error_code) == ("succeeded", None)
    assert after.latest_charge != intent.latest_charge


async def test_the_same_key_gives_the_same_session_in_its_current_state(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    request = checkout_request()
    first = await gateway.open_checkout(request)
    assert await gateway.open_checkout(request) == first
    simulator.pay(first.id)
    again = await gateway.open_checkout(request)
    assert (again.id, again.status) == (first.id, "complete")
    assert len(await sessions_of(gateway, request.attempt)) == 1


async def test_the_same_key_for_another_amount_is_an_alarm(gateway: StripePaymentGateway) -> None:
    request = checkout_request()
    await gateway.open_checkout(request)
    other = msgspec.structs.replace(request, amount=money.Money(amount=1, currency="SAR"))
    with pytest.raises(port.GatewayMisconfigured):
        await gateway.open_checkout(other)


async def test_a_key_in_use_is_busy_and_then_gives_the_one_session(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    request = checkout_request()
    simulator.fault("slow", seconds=2.0)
    first = asyncio.create_task(gateway.open_checkout(request))
    for _ in range(6_000):
        if simulator.control("faults", "GET")["armed"] == 0:
            break
        await asyncio.sleep(0.01)
    with pytest.raises(port.GatewayUnavailable, match="idempotency_key_in_use"):
        await gateway.open_checkout(request)
    opened = await first
    assert await sessions_of(gateway, request.attempt) == [opened]


@pytest.mark.parametrize("kind", ["lost", "truncated", "lost_before"])
async def test_a_lost_answer_is_unknown_and_the_same_key_resolves_it(
    gateway: StripePaymentGateway, simulator: StripeSimulator, kind: str
) -> None:
    """Fault row 18."""
    request = checkout_request()
    simulator.fault(kind)
    with pytest.raises(port.GatewayTimeout):
        await gateway.open_checkout(request)
    done = 0 if kind == "lost_before" else 1
    before = await sessions_of(gateway, request.attempt)
    assert len(before) == done
    settled = await gateway.open_checkout(request)
    assert await sessions_of(gateway, request.attempt) == [settled]


async def test_a_request_that_hangs_is_unknown_and_was_not_executed(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    hasty = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=0.5, limits=UNLIMITED
    )
    request = checkout_request()
    simulator.fault("lost_before", seconds=2.0)
    try:
        with pytest.raises(port.GatewayTimeout):
            await hasty.open_checkout(request)
        assert await sessions_of(gateway, request.attempt) == []
        settled = await gateway.open_checkout(request)
        assert await sessions_of(gateway, request.attempt) == [settled]
    finally:
        await hasty.close()


async def test_a_slow_answer_is_unknown_and_the_same_key_resolves_it(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    hasty = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=0.5, limits=UNLIMITED
    )
    request = checkout_request()
    simulator.fault("slow_after", seconds=1.0)
    try:
        with pytest.raises(port.GatewayTimeout):
            await hasty.open_checkout(request)
        settled = None
        while settled is None:
            try:
                settled = await gateway.open_checkout(request)
            except port.GatewayUnavailable:
                await asyncio.sleep(0.05)
        assert await sessions_of(gateway, request.attempt) == [settled]
    finally:
        await hasty.close()


async def test_a_locked_object_is_busy_as_at_stripe_and_nothing_was_executed(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    """Fault row 19: a locked object."""
    simulator.fault(
        "refuse", method="POST", status=429, code="lock_timeout", times=backoff.TRIES_LIMIT
    )
    with pytest.raises(port.GatewayNotExecuted, match="lock_timeout"):
        await gateway.open_checkout(checkout_request())
    fault: dict[str, Any] = {"kind": "refuse", "status": 409, "code": "lock_timeout"}
    with pytest.raises(AssertionError, match="lock_timeout with 429"):
        simulator.control("faults", **fault)


@pytest.mark.parametrize("status", [409, 429, 500, 503])
async def test_a_busy_stripe_can_be_asked_again(
    gateway: StripePaymentGateway, simulator: StripeSimulator, status: int
) -> None:
    """Fault row 19."""
    request = checkout_request()
    simulator.fault("refuse", status=status, times=backoff.TRIES_LIMIT if status == 429 else 1)
    with pytest.raises(port.GatewayUnavailable, match=str(status)):
        await gateway.open_checkout(request)
    assert await sessions_of(gateway, request.attempt) == []
    opened = await gateway.open_checkout(request)
    assert await sessions_of(gateway, request.attempt) == [opened]


@pytest.mark.parametrize("status", [500, 503])
async def test_an_error_after_success_is_resolved_by_the_same_key(
    gateway: StripePaymentGateway, simulator: StripeSimulator, status: int
) -> None:
    """Fault row 18: an error."""
    request = checkout_request()
    simulator.fault("fail_after", status=status)
    with pytest.raises(port.GatewayUnavailable):
        await gateway.open_checkout(request)
    opened = await gateway.open_checkout(request)
    assert await sessions_of(gateway, request.attempt) == [opened]
    simulator.pay(opened.id)
    paid = await gateway.session(opened.id)
    assert paid.intent is not None
    order = port.RefundOrder(
        payment_intent=paid.intent.id,
        amount=request.amount,
        idempotency_key=f"refund:{request.attempt}",
        booking=request.booking,
        payment=request.payment,
        refund=f"{request.attempt}-r1",
    )
    simulator.fault("fail_after", status=status)
    with pytest.raises(port.GatewayUnavailable):
        await gateway.create_refund(order)
    refunded = await gateway.create_refund(order)
    found = await gateway.find_refunds(payment_intent=paid.intent.id, refund=order.refund)
    assert found == [refunded]


async def test_a_stored_error_is_replayed_and_only_a_search_finds_the_session(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    request = checkout_request()
    simulator.fault("fail_stored", status=500)
    for _ in range(2):
        with pytest.raises(port.GatewayUnavailable):
            await gateway.open_checkout(request)
    assert len(await sessions_of(gateway, request.attempt)) == 1


async def test_the_adapter_makes_no_retries_of_its_own(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    request = checkout_request()
    simulator.fault("refuse", status=503, times=2, should_retry=False)
    with pytest.raises(port.GatewayUnavailable):
        await gateway.open_checkout(request)
    calls = [each for each in simulator.requests() if each["key"] == request.idempotency_key]
    assert [call["status"] for call in calls] == [503]
    assert {call["version"] for call in calls} == {"2026-10-28.endive"}


async def test_a_wrong_key_stops_and_is_not_repeated_in_the_text(
    simulator: StripeSimulator,
) -> None:
    wrong = "sk_test_belongsToSomebodyElse"
    adapter = StripePaymentGateway(
        api_key=wrong, base_url=simulator.url, timeout_seconds=60, limits=UNLIMITED
    )
    try:
        with pytest.raises(port.GatewayMisconfigured) as caught:
            await adapter.open_checkout(checkout_request())
    finally:
        await adapter.close()
    assert "belongsTo" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_a_missing_right_stops(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    simulator.fault("refuse", status=403)
    with pytest.raises(port.GatewayMisconfigured):
        await gateway.open_checkout(checkout_request())


async def test_without_a_listening_server_stripe_is_unavailable_and_nothing_is_done() -> None:
    adapter = StripePaymentGateway(
        api_key="sk_test_x", base_url="http://127.0.0.1:9", timeout_seconds=2, limits=UNLIMITED
    )
    try:
        with pytest.raises(port.GatewayUnavailable, match="not reached"):
            await adapter.open_checkout(checkout_request())
    finally:
        await adapter.close()


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (100, "SAR", "amount_too_small"),
        (100_000_000, "SAR", "amount_too_large"),
        (5_124, "KWD", "invalid_charge_amount"),
        (500, "XYZ", "invalid_request_error"),
        (500, "MGA", "currency_not_supported"),
    ],
)
async def test_an_amount_that_cannot_be_charged_is_refused(
    gateway: StripePaymentGateway, amount: int, currency: str, code: str
) -> None:
    request = checkout_request(amount=money.Money(amount=amount, currency=currency))
    with pytest.raises(port.GatewayRejected) as caught:
        await gateway.open_checkout(request)
    assert caught.value.code == code


@pytest.mark.parametrize(("amount", "currency"), [(5_120, "KWD"), (5_000, "JPY"), (5_000, "USD")])
async def test_other_currencies_keep_their_minor_units(
    gateway: StripePaymentGateway, amount: int, currency: str
) -> None:
    wanted = money.Money(amount=amount, currency=currency)
    assert (await gateway.open_checkout(checkout_request(amount=wanted))).amount == wanted


async def test_an_arabic_traveller_gets_a_page(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    opened = await gateway.open_checkout(checkout_request(locale="ar", customer_email=None))
    page = simulator.page(opened.id)
    assert page.status_code == 200
    assert "500.00 SAR" in page.text
    assert "ادفع" in page.text


async def test_an_unknown_object_is_refused(gateway: StripePaymentGateway) -> None:
    for call in (gateway.session, gateway.payment_intent, gateway.expire_session):
        with pytest.raises(port.GatewayRejected) as caught:
            await call("cs_test_nothing")
        assert caught.value.code == "resource_missing"


async def test_expiring_closes_an_open_session_and_repeats_safely(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    opened = await gateway.open_checkout(checkout_request())
    assert (await gateway.expire_session(opened.id)).status == "expired"
    assert (await gateway.expire_session(opened.id)).status == "expired"
    assert simulator.pay(opened.id).status_code == 410
    assert (await gateway.session(opened.id)).payment_status == "unpaid"


async def test_expiring_too_late_shows_that_the_traveller_has_paid(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    opened = await gateway.open_checkout(checkout_request())
    simulator.pay(opened.id)
    found = await gateway.expire_session(opened.id)
    assert (found.status, found.payment_status) == ("complete", "paid")


async def test_the_search_reads_every_page_of_its_window(gateway: StripePaymentGateway) -> None:
    sought = checkout_request()
    first = await gateway.open_checkout(sought)
    for start in range(0, 110, 10):
        await asyncio.gather(
            *(gateway.open_checkout(checkout_request()) for _ in range(start, start + 10))
        )
    assert await sessions_of(gateway, sought.attempt) == [first]
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    assert await gateway.find_sessions(created_since=tomorrow, attempt=sought.attempt) == []
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    assert (
        await gateway.find_sessions(
            created_since=yesterday - dt.timedelta(days=1),
            created_until=yesterday,
            attempt=sought.attempt,
        )
        == []
    )
