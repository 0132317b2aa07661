"""Signed terminal facts on Postgres and the simulator: recorded at once, without a question."""

import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from application.payment.receive_event import InboxEvent, Received
from domain.booking.states import Status
from domain.payment.state import AttemptStatus
from tests.integration.stripe.received_webhooks import (
    Event,
    Webhooks,
    receiver_on,
    receiving_webhooks,
)
from tests.support import stored_log
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator

COMPLETED = "checkout.session.completed"
SUCCEEDED = "payment_intent.succeeded"
OPENING = ("POST", "/v1/checkout/sessions")


@pytest.fixture
async def webhooks(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Webhooks]:
    async with receiving_webhooks(database, simulator) as found:
        yield found
    simulator.control("refund_plans", "DELETE")


def about(event: Event, **changes: Any) -> Event:
    """Return the event with these fields of its object changed; `...` takes one out."""
    changed = {**event["data"]["object"], **changes}
    kept = {name: value for name, value in changed.items() if value is not ...}
    return {**event, "data": {"object": kept}}


def event_object(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = event["data"]["object"]
    return found


def naming(event: Event, **ids: str) -> Event:
    """Return the event with these ids in its metadata."""
    return about(event, metadata={**event["data"]["object"]["metadata"], **ids})


@pytest.mark.parametrize("order", [(SUCCEEDED, COMPLETED), (COMPLETED, SUCCEEDED)])
async def test_a_paid_booking_in_good_order_makes_one_call_to_stripe(
    webhooks: Webhooks, order: tuple[str, str]
) -> None:
    webhooks.simulator.pay(webhooks.session)
    for name in order:
        event = webhooks.event(name)
        assert await webhooks.deliver(event) == "fresh"
        assert await webhooks.work() == []
    assert [await webhooks.row(webhooks.event(name)) for name in order] == ["done", "done"]
    webhooks.change("due_at = clock_timestamp()")
    assert await webhooks.work() == []
    assert (await webhooks.airline.booking(webhooks.booking)).status is Status.PAID
    assert webhooks.calls() == [OPENING]


class CapturedMeanwhile:
    """An inbox before whose store the capture is committed."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self.record_done = webhooks.store.record_done

    async def store(self, event: InboxEvent, **more: Any) -> Received:
        """Let the capture be first."""
        await self._webhooks.deliver(self._webhooks.event(SUCCEEDED))
        return await self._webhooks.store.store(event, **more)


async def test_a_session_that_is_stored_while_its_capture_is_committed_waits_for_nothing(
    webhooks: Webhooks,
) -> None:
    webhooks.simulator.pay(webhooks.session)
    overtaken = receiver_on(webhooks.airline, CapturedMeanwhile(webhooks))
    completed = webhooks.event(COMPLETED)
    assert await webhooks.deliver(completed, to=overtaken) == "fresh"
    assert await webhooks.captures() == 1
    assert await webhooks.row(completed) == "done"


async def test_both_events_of_a_payment_in_any_order_and_number_give_one_capture(
    webhooks: Webhooks,
) -> None:
    webhooks.simulator.pay(webhooks.session)
    paid = [webhooks.event(SUCCEEDED), webhooks.event(COMPLETED)]
    twin = {**paid[0], "id": f"{paid[0]['id']}2"}
    for order in itertools.permutations([*paid, twin, *paid]):
        for event in order[:3]:
            await webhooks.deliver(event)
        await webhooks.work()
    tags = stored_log.tags(webhooks.dsn, webhooks.payment)
    assert tags.count("payment.captured.1") == 1
    assert stored_log.tags(webhooks.dsn, webhooks.booking).count("booking.paid.1") == 1
    assert [await webhooks.row(event) for event in (*paid, twin)] == ["done"] * 3
    assert await webhooks.deliver(paid[0]) == "duplicate"
    assert webhooks.calls() == [OPENING]
    stored_log.assert_invariants(webhooks.dsn)


async def test_a_paid_session_whose_capture_is_never_reported_is_asked_about_once(
    webhooks: Webhooks,
) -> None:
    webhooks.simulator.pay(webhooks.session)
    completed = webhooks.event(COMPLETED)
    await webhooks.deliver(completed)
    assert await webhooks.work() == [], "the event of the capture may still come"
    webhooks.change("due_at = clock_timestamp()")
    assert await webhooks.work() == [completed["id"]]
    assert (await webhooks.row(completed), await webhooks.captures()) == ("done", 1)
    assert webhooks.calls() == [OPENING, ("GET", f"/v1/checkout/sessions/{webhooks.session}")]


async def test_a_session_is_not_asked_about_when_its_capture_was_recorded_by_other_means(
    webhooks: Webhooks,
) -> None:
    webhooks.simulator.pay(webhooks.session)
    completed = webhooks.event(COMPLETED)
    await webhooks.deliver(completed)
    intent = webhooks.event(SUCCEEDED)["data"]["object"]
    await webhooks.airline.pay(webhooks.booking, intent=intent["id"])
    webhooks.change("due_at = clock_timestamp()")
    assert await webhooks.work() == [completed["id"]]
    assert await webhooks.row(completed) == "done"
    assert webhooks.calls() == [OPENING]


@pytest.mark.parametrize(
    "hint",
    [
        lambda event: {**event, "api_version": "2026-11-25.endive"},
        lambda event: {**event, "api_version": None},
        lambda event: about(event, metadata=...),
        lambda event: about(event, metadata={}),
        lambda event: naming(event, booking="booking-ZZZZZZ"),
        lambda event: naming(event, payment="payment-ZZZZZZ-1"),
        lambda event: naming(event, attempt="a1"),
        lambda event: about(
            event,
            metadata={
                "booking": "booking-ZZZZZZ",
                "payment": "payment-ZZZZZZ-1",
                "attempt": "payment-ZZZZZZ-1-a1",
            },
        ),
        lambda event: naming(event, attempt=f"{event['data']['object']['metadata']['payment']}-a7"),
        lambda event: about(event, amount=1, amount_received=1),
        lambda event: about(event, amount_received=1),
        lambda event: about(event, amount_received=0),
        lambda event: about(event, amount_received="1"),
        lambda event: about(event, amount_received=...),
        lambda event: about(event, currency="usd"),
        lambda event: about(event, currency=None),
        lambda event: about(event, latest_charge=None),
        lambda event: about(event, latest_charge=...),
        lambda event: about(event, status="processing"),
        lambda event: about(event, status="settled"),
        lambda event: about(event, object="charge"),
    ],
)
async def test_a_payment_whose_event_differs_from_our_records_is_fetched_as_before(
    webhooks: Webhooks, hint: Callable[[Event], Event]
) -> None:
    webhooks.simulator.pay(webhooks.session)
    event = hint(webhooks.event(SUCCEEDED))
    assert await webhooks.deliver(event) == "fresh"
    assert (await webhooks.row(event), await webhooks.captures()) == ("new", 0)
    assert await webhooks.work() == [event["id"]]
    assert (await webhooks.row(event), await webhooks.captures()) == ("done", 1)
    assert webhooks.calls() == [
        OPENING,
        ("GET", f"/v1/payment_intents/{event_object(event)['id']}"),
    ]


async def test_a_thin_event_records_nothing_and_its_full_rendering_does(webhooks: Webhooks) -> None:
    webhooks.simulator.pay(webhooks.session)
    full = webhooks.event(SUCCEEDED)
    thin = {
        "id": full["id"],
        "object": "v2.core.event",
        "type": SUCCEEDED,
        "created": "2026-11-26T07:00:00Z",
        "livemode": False,
    }
    await webhooks.deliver(thin)
    assert (await webhooks.row(full), await webhooks.captures()) == ("ignored", 0)
    await webhooks.deliver(full)
    assert (await webhooks.row(full), await webhooks.captures()) == ("done", 1)
    assert await webhooks.deliver(thin) == "duplicate"


async def test_while_stripe_is_away_what_it_has_signed_is_recorded_all_the_same(
    webhooks: Webhooks,
) -> None:
    webhooks.simulator.pay(webhooks.session)
    paid = [webhooks.event(COMPLETED), webhooks.event(SUCCEEDED)]
    webhooks.simulator.fault("refuse", status=503, times=1000)
    for event in paid:
        await webhooks.deliver(event)
    await webhooks.work()
    assert (await webhooks.airline.booking(webhooks.booking)).status is Status.PAID
    assert [await webhooks.row(event) for event in paid] == ["done", "done"]


async def test_a_decline_is_recorded_from_its_event_and_once(webhooks: Webhooks) -> None:
    webhooks.simulator.decline(webhooks.session)
    declined = webhooks.event("payment_intent.payment_failed")
    assert await webhooks.deliver(declined) == "fresh"
    assert await webhooks.row(declined) == "done"
    charges = (await webhooks.state()).attempts[0].declined_charges
    assert charges == {event_object(declined)["last_payment_error"]["charge"]}
    assert webhooks.calls() == [OPENING]
    # The same refusal, reported by another event in another version, is fetched and known.
    other = {**declined, "id": f"{declined['id']}2", "api_version": "2026-11-25.endive"}
    await webhooks.deliver(other)
    await webhooks.work()
    assert stored_log.tags(webhooks.dsn, webhooks.payment).count("payment.declined.1") == 1
    webhooks.simulator.pay(webhooks.session)
    await webhooks.deliver(webhooks.event(SUCCEEDED))
    await webhooks.deliver(declined)
    assert (await webhooks.airline.booking(webhooks.booking)).status is Status.PAID


async def test_a_failed_authentication_is_recorded_under_its_payment_method(
    webhooks: Webhooks,
) -> None:
    webhooks.simulator.decline(webhooks.session)
    event = webhooks.event("payment_intent.payment_failed")
    error = {
        "code": "payment_intent_authentication_failure",
        "type": "invalid_request_error",
        "payment_method": {"id": "pm_1", "object": "payment_method"},
    }
    await webhooks.deliver(about(event, last_payment_error=error, latest_charge=None))
    assert (await webhooks.state()).attempts[0].declined_charges == {"pm_1"}
    assert webhooks.calls() == [OPENING]


@pytest.mark.parametrize(
    "changes",
    [
        {"last_payment_error": None},
        {"last_payment_error": {"code": "card_declined"}},
        {"last_payment_error": {"charge": "ch_1"}},
        {"status": "canceled"},
        {"amount": 1},
    ],
)
async def test_a_decline_with_something_missing_is_fetched(
    webhooks: Webhooks, changes: dict[str, Any]
) -> None:
    webhooks.simulator.decline(webhooks.session)
    event = about(webhooks.event("payment_intent.payment_failed"), **changes)
    await webhooks.deliver(event)
    assert await webhooks.row(event) == "new"
    await webhooks.work()
    assert await webhooks.row(event) == "done"
    assert len((await webhooks.state()).attempts[0].declined_charges) == 1


@pytest.mark.parametrize("session", [None, "cs_test_of_another_integration"])
async def test_an_expired_session_is_recorded_from_its_event_if_it_is_the_attempts(
    webhooks: Webhooks, session: str | None
) -> None:
    expired = _expired(webhooks)
    event = expired if session is None else about(expired, id=session)
    await webhooks.deliver(event)
    status = (await webhooks.state()).attempts[0].status
    if session is None:
        assert (await webhooks.row(event), status) == ("done", AttemptStatus.EXPIRED)
    else:
        assert (await webhooks.row(event), status) == ("new", AttemptStatus.OPEN)


def _expired(webhooks: Webhooks) -> Event:
    """Expire the session at Stripe by other hands; return its event."""
    httpx.post(
        f"{webhooks.simulator.url}/v1/checkout/sessions/{webhooks.session}/expire",
        auth=(webhooks.simulator.api_key, ""),
        verify=False,
    ).raise_for_status()
    return webhooks.event("checkout.session.expired")
