"""Webhook deliveries of the simulator: signed, repeated until 2xx, and faulty on demand."""

import asyncio
import datetime as dt
from typing import Any

import msgspec
import pytest
import stripe

from application.payment import gateway as port
from infrastructure.stripe import webhook
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe.receiver import Arrival, WebhookReceiver
from tests.integration.stripe.test_gateway import checkout_request
from tests.support.stripe_simulator import StripeSimulator


def verified(arrival: Arrival, receiver: WebhookReceiver) -> port.VerifiedEvent:
    return webhook.verify(
        arrival.body,
        arrival.signature,
        [receiver.secret],
        dt.datetime.now(dt.UTC),
        livemode=False,
    )


async def delivery_states(simulator: StripeSimulator, event: str) -> list[str]:
    """States of the deliveries of one event once none is under way any more."""
    for _ in range(500):
        states = [each["state"] for each in simulator.deliveries() if each["event"] == event]
        if "waiting" not in states:
            return states
        await asyncio.sleep(0.01)
    raise AssertionError("a delivery is still in progress")


async def test_a_paid_session_arrives_as_genuine_events(
    gateway: StripePaymentGateway, simulator: StripeSimulator, receiver: WebhookReceiver
) -> None:
    request = checkout_request()
    session = await gateway.open_checkout(request)
    simulator.pay(session.id)
    arrivals = await receiver.wait_for(5)
    events = {event.type: event for event in (verified(each, receiver) for each in arrivals)}
    assert set(events) == {
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    }
    completed = events["checkout.session.completed"]
    assert completed.supported
    assert (completed.object_id, completed.booking) == (session.id, request.booking)
    assert events["payment_intent.succeeded"].attempt == request.attempt
    assert events["charge.succeeded"].payment == request.payment


async def test_a_refused_delivery_is_repeated_and_pending_until_accepted(
    gateway: StripePaymentGateway,
    simulator: StripeSimulator,
    receiver: WebhookReceiver,
    sdk: stripe.StripeClient,
) -> None:
    receiver.statuses.extend([500, 302])
    session = await gateway.open_checkout(checkout_request())
    await gateway.expire_session(session.id)
    arrivals = await receiver.wait_for(3)
    assert len({arrival.event for arrival in arrivals}) == 1
    assert await delivery_states(simulator, arrivals[0].event) == ["delivered"]
    assert (await sdk.v1.events.retrieve_async(arrivals[0].event)).pending_webhooks == 0
    assert msgspec.json.decode(arrivals[0].body)["pending_webhooks"] == 1


async def test_retries_end_and_the_event_stays_pending(
    gateway: StripePaymentGateway,
    simulator: StripeSimulator,
    receiver: WebhookReceiver,
    sdk: stripe.StripeClient,
) -> None:
    receiver.statuses.extend([500] * 4)
    session = await gateway.open_checkout(checkout_request())
    await gateway.expire_session(session.id)
    arrival = (await receiver.wait_for(4))[0]
    assert await delivery_states(simulator, arrival.event) == ["failed"]
    assert (await sdk.v1.events.retrieve_async(arrival.event)).pending_webhooks == 1
    failed = await sdk.v1.events.list_async({"delivery_success": False, "limit": 1})
    assert failed.data[0].id == arrival.event
    simulator.control("redeliver", event=arrival.event)
    await receiver.wait_for(5)
    assert "delivered" in await delivery_states(simulator, arrival.event)


async def test_a_dropped_delivery_never_arrives_but_the_event_is_listed(
    gateway: StripePaymentGateway,
    simulator: StripeSimulator,
    receiver: WebhookReceiver,
    sdk: stripe.StripeClient,
) -> None:
    simulator.control("rules", action="drop", type="checkout.session")
    session = await gateway.open_checkout(checkout_request())
    simulator.pay(session.id)
    await receiver.wait_for(3)
    listed = await sdk.v1.events.list_async({"type": "checkout.session.*", "limit": 1})
    assert listed.data[0].data.object["id"] == session.id
    assert await delivery_states(simulator, listed.data[0].id) == ["dropped"]
    assert all(arrival.event != listed.data[0].id for arrival in receiver.arrivals)


async def test_duplicates_carry_the_same_event(
    gateway: StripePaymentGateway, simulator: StripeSimulator, receiver: WebhookReceiver
) -> None:
    simulator.control("rules", action="duplicate", copies=5, type="checkout.session")
    session = await gateway.open_checkout(checkout_request())
    simulator.pay(session.id)
    arrivals = await receiver.wait_for(5, type_prefix="checkout.session")
    assert len({arrival.event for arrival in arrivals}) == 1


async def test_reordered_deliveries_arrive_newest_first(
    gateway: StripePaymentGateway, simulator: StripeSimulator, receiver: WebhookReceiver
) -> None:
    simulator.control("rules", action="reorder", times=5)
    session = await gateway.open_checkout(checkout_request())
    simulator.pay(session.id)
    assert [arrival.type for arrival in await receiver.wait_for(5)] == [
        "charge.updated",
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]


async def test_held_deliveries_wait_until_they_are_released(
    gateway: StripePaymentGateway, simulator: StripeSimulator, receiver: WebhookReceiver
) -> None:
    simulator.control("rules", action="hold", times=5)
    session = await gateway.open_checkout(checkout_request())
    simulator.pay(session.id)
    assert (await gateway.session(session.id)).status == "complete"
    assert receiver.arrivals == []
    assert simulator.control("release", order="oldest") == {"released": 5}
    assert (await receiver.wait_for(5))[0].type == "payment_intent.created"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"action": "bad_signature"}, "signature_mismatch"),
        ({"action": "skew", "seconds": -400}, "too_old"),
        ({"action": "skew", "seconds": 400}, "from_the_future"),
        ({"action": "rewrite", "fields": {"livemode": True}}, "livemode"),
    ],
)
async def test_a_delivery_with_a_bad_signature_is_not_genuine(
    gateway: StripePaymentGateway,
    simulator: StripeSimulator,
    receiver: WebhookReceiver,
    rule: dict[str, Any],
    reason: str,
) -> None:
    receiver.statuses.append(400)
    simulator.control("rules", **rule)
    session = await gateway.open_checkout(checkout_request())
    await gateway.expire_session(session.id)
    first, second = (await receiver.wait_for(2))[:2]
    with pytest.raises(port.NotGenuine) as caught:
        verified(first, receiver)
    assert caught.value.reason == reason
    if rule["action"] != "rewrite":
        assert verified(second, receiver).id == first.event


@pytest.mark.parametrize("version", ["2020-08-27", "2026-11-25.endive"])
async def test_an_event_of_another_api_version_is_processed_and_marked(
    gateway: StripePaymentGateway,
    simulator: StripeSimulator,
    receiver: WebhookReceiver,
    version: str,
) -> None:
    simulator.control("rules", action="rewrite", fields={"api_version": version})
    session = await gateway.open_checkout(checkout_request())
    await gateway.expire_session(session.id)
    found = verified((await receiver.wait_for(1))[0], receiver)
    assert (found.supported, found.expected_version) == (True, False)
    assert found.object_id == session.id


async def test_two_events_may_report_one_change(
    gateway: StripePaymentGateway, simulator: StripeSimulator, receiver: WebhookReceiver
) -> None:
    session = await gateway.open_checkout(checkout_request())
    await gateway.expire_session(session.id)
    first = (await receiver.wait_for(1))[0]
    simulator.control("twin", event=first.event)
    events = [verified(each, receiver) for each in await receiver.wait_for(2)]
    assert events[0].id != events[1].id
    assert events[0].object_id == events[1].object_id == session.id


async def test_a_payment_may_win_its_race_against_expiry(
    gateway: StripePaymentGateway, simulator: StripeSimulator, receiver: WebhookReceiver
) -> None:
    session = await gateway.open_checkout(checkout_request())
    simulator.control("attempts", session=session.id, under_way=True)
    await gateway.expire_session(session.id)
    simulator.control("attempts", session=session.id, finishes=True)
    await receiver.wait_for(1, type_prefix="payment_intent.succeeded")
    found = await gateway.session(session.id)
    assert (found.status, found.payment_status) == ("expired", "unpaid")
    assert found.intent is not None
    assert found.intent.status == "succeeded"
