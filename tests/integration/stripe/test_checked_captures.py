"""A leaked signing secret sells no tickets: captures of signed events are checked with Stripe."""

import datetime as dt
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from application.payment.check_captures import CheckCaptures, NamedCapture
from application.payment.gateway import GatewayFailure
from application.payment.refund_payment import RefundPayment
from domain.kernel import money
from domain.payment.state import CaptureCheck, RefundStatus
from tests.integration.stripe.received_webhooks import Webhooks, receiving_webhooks
from tests.integration.stripe.test_refunding import cause
from tests.integration.stripe.test_signed_facts import OPENING, SUCCEEDED, about, event_object
from tests.support import stored_log
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator

LIST = ("GET", "/v1/payment_intents")
PART = money.Money(10_000, "SAR")


@pytest.fixture
async def webhooks(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Webhooks]:
    async with receiving_webhooks(database, simulator) as found:
        yield found


def single(intent: str) -> tuple[str, str]:
    return ("GET", f"/v1/payment_intents/{intent}")


async def check(webhooks: Webhooks, *intents: str) -> None:
    """Check captures of the booking's payment as the timer does."""
    captures = tuple(NamedCapture(webhooks.payment, intent) for intent in intents)
    await webhooks.checker.check(CheckCaptures(captures, dt.datetime.now(dt.UTC)))


async def state(webhooks: Webhooks, intent: str) -> CaptureCheck | None:
    """Return how far the capture is checked."""
    found = (await webhooks.state()).capture(intent)
    assert found is not None
    return found.check


async def suspended(webhooks: Webhooks) -> bool:
    return bool((await webhooks.airline.booking(webhooks.booking)).suspended_by)


async def genuine(webhooks: Webhooks) -> str:
    """Pay, and receive the signed event; return the intent."""
    webhooks.simulator.pay(webhooks.session)
    event = webhooks.event(SUCCEEDED)
    await webhooks.deliver(event)
    return str(event_object(event)["id"])


async def forged(webhooks: Webhooks, intent: str = "pi_forged", **changes: Any) -> str:
    """Receive an event that somebody with the signing secret made up; return its intent."""
    payment = await webhooks.state()
    names = {
        "booking": webhooks.booking,
        "payment": webhooks.payment,
        "attempt": payment.attempts[0].id,
    }
    paid = {
        "id": intent,
        "object": "payment_intent",
        "status": "succeeded",
        "amount": payment.due.amount,
        "amount_received": payment.due.amount,
        "currency": payment.due.currency.lower(),
        "latest_charge": "ch_forged",
        "metadata": names,
    }
    template = {
        "id": f"evt_{intent}",
        "object": "event",
        "type": SUCCEEDED,
        "api_version": "2026-10-28.endive",
        "created": int(dt.datetime.now(dt.UTC).timestamp()),
        "livemode": False,
        "data": {"object": paid},
    }
    assert await webhooks.deliver(about(template, **changes)) == "fresh"
    return intent


async def test_a_genuine_capture_is_confirmed_by_one_call_for_many(webhooks: Webhooks) -> None:
    intent = await genuine(webhooks)
    assert await state(webhooks, intent) is CaptureCheck.OPEN
    await check(webhooks, intent)
    assert await state(webhooks, intent) is CaptureCheck.PASSED
    assert not await suspended(webhooks)
    assert stored_log.tags(webhooks.dsn, webhooks.payment).count("payment.capture_checked.1") == 1
    assert webhooks.calls() == [OPENING, LIST]
    stored_log.assert_invariants(webhooks.dsn)


async def test_checks_that_an_outage_delayed_ask_stripe_once_for_the_same_captures(
    webhooks: Webhooks, simulator: StripeSimulator
) -> None:
    intent = await genuine(webhooks)
    simulator.fault("refuse", status=503, times=2)
    for _ in range(2):
        with pytest.raises(GatewayFailure):
            await check(webhooks, intent)
    for _ in range(3):
        await check(webhooks, intent)
    assert await state(webhooks, intent) is CaptureCheck.PASSED
    assert webhooks.calls() == [OPENING, *[LIST] * 3], "two that failed, one that found it"


async def test_a_capture_that_was_fetched_is_not_checked_again(webhooks: Webhooks) -> None:
    webhooks.simulator.pay(webhooks.session)
    await webhooks.collector.learn_session(webhooks.session, cause=cause())
    assert (await webhooks.state()).captures[0].check is None


async def test_a_forged_payment_suspends_its_coupons_and_raises_an_alarm(
    webhooks: Webhooks, caplog: pytest.LogCaptureFixture
) -> None:
    intent = await forged(webhooks)
    await webhooks.airline.confirm(webhooks.booking)
    await check(webhooks, intent)
    assert await state(webhooks, intent) is CaptureCheck.CONTRADICTED
    assert await suspended(webhooks)
    assert webhooks.calls() == [OPENING, LIST, single(intent)], "asked for by itself, too"
    alarms = [each.getMessage() for each in caplog.records if each.levelno == logging.CRITICAL]
    assert len(alarms) == 1
    assert intent in alarms[0]
    await check(webhooks, intent)
    assert len([each for each in caplog.records if each.levelno == logging.CRITICAL]) == 1


async def test_a_capture_that_the_list_lacks_is_asked_about_before_it_is_believed_unknown(
    webhooks: Webhooks,
) -> None:
    intent = await genuine(webhooks)
    captures = (NamedCapture(webhooks.payment, intent),)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    await webhooks.checker.check(CheckCaptures(captures, later))
    assert await state(webhooks, intent) is CaptureCheck.PASSED
    assert webhooks.calls() == [OPENING, LIST, single(intent)]


async def test_a_payment_that_another_booking_made_pays_for_no_second_one(
    webhooks: Webhooks, database: TestDatabase, simulator: StripeSimulator
) -> None:
    async with receiving_webhooks(database, simulator, flight="SV2") as other:
        simulator.pay(other.session)
        intent = event_object(other.event(SUCCEEDED))["id"]
    await forged(webhooks, intent)
    await check(webhooks, intent)
    assert await state(webhooks, intent) is CaptureCheck.CONTRADICTED
    history = await webhooks.airline.dispatcher.history(webhooks.booking)
    assert history[-1].event.reason == "other_payment"  # type: ignore[attr-defined]  # that event


async def test_a_payment_of_another_amount_suspends_the_coupons(
    webhooks: Webhooks, sdk: stripe.StripeClient
) -> None:
    payment = await webhooks.state()
    made = await sdk.v1.payment_intents.create_async(
        {
            "amount": 500,
            "currency": "sar",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "metadata": {
                "booking": webhooks.booking,
                "payment": webhooks.payment,
                "attempt": payment.attempts[0].id,
            },
        }
    )
    await forged(webhooks, made.id)
    await check(webhooks, made.id)
    history = await webhooks.airline.dispatcher.history(webhooks.booking)
    assert history[-1].event.reason == "amount_differs"  # type: ignore[attr-defined]  # that event


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_a_failure_of_stripe_concludes_nothing_about_a_capture(
    webhooks: Webhooks, status: int
) -> None:
    intent = await genuine(webhooks)
    for path in ("/v1/payment_intents", "/v1/payment_intents/*"):
        webhooks.simulator.fault("refuse", path=path, status=status, method="GET", times=9)
        with pytest.raises(GatewayFailure):
            later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
            named = (NamedCapture(webhooks.payment, intent),)
            await webhooks.checker.check(CheckCaptures(named, later))
        assert await state(webhooks, intent) is CaptureCheck.OPEN
    assert not await suspended(webhooks)


async def test_coupons_are_reinstated_once_stripe_confirms_the_capture_after_all(
    webhooks: Webhooks,
) -> None:
    intent = await genuine(webhooks)
    for path in ("/v1/payment_intents", "/v1/payment_intents/*"):
        webhooks.simulator.fault(
            "refuse", path=path, status=404, code="resource_missing", method="GET"
        )
    with pytest.raises(GatewayFailure):
        await check(webhooks, intent)
    assert not await suspended(webhooks), "a list that is refused says nothing"
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    await webhooks.checker.check(CheckCaptures((NamedCapture(webhooks.payment, intent),), later))
    assert await suspended(webhooks)
    await check(webhooks, intent)
    assert await state(webhooks, intent) is CaptureCheck.PASSED
    assert not await suspended(webhooks)


async def test_money_is_refunded_only_once_stripe_has_confirmed_its_capture(
    webhooks: Webhooks,
) -> None:
    """A forged capture could name a payment of another booking, which a refund would return."""
    await forged(webhooks)
    await webhooks.airline.submit(
        RefundPayment(webhooks.booking, "cancellation", PART, (webhooks.payment,))
    )
    refund = f"{webhooks.payment}-r1"
    for _ in range(2):
        sent = await webhooks.refunder.send(webhooks.payment, refund, cause=cause())
        assert sent.status is RefundStatus.REQUESTED
    assert ("POST", "/v1/refunds") not in webhooks.calls()
    assert await suspended(webhooks)


async def test_a_refund_right_after_the_payment_checks_the_capture_first(
    webhooks: Webhooks,
) -> None:
    intent = await genuine(webhooks)
    await webhooks.airline.submit(
        RefundPayment(webhooks.booking, "cancellation", PART, (webhooks.payment,))
    )
    sent = await webhooks.refunder.send(webhooks.payment, f"{webhooks.payment}-r1", cause=cause())
    assert sent.status is RefundStatus.SETTLED
    assert webhooks.calls() == [OPENING, single(intent), ("POST", "/v1/refunds")]
