"""Endpoints of the simulator: changed and disabled, in their own version, and retried for days."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import stripe

from infrastructure.stripe_simulator.configuration import LIVE_GAPS_SECONDS, SANDBOX_GAPS_SECONDS
from tests.integration.stripe.receiver import WebhookReceiver
from tests.integration.stripe.test_contract import DAY, Account, own_account, session_params
from tests.support.stripe_simulator import StripeSimulator

OLDER = "2025-03-31.basil"


@pytest.fixture
async def own() -> AsyncIterator[Account]:
    async with own_account() as found:
        yield found


@pytest.fixture
async def listening() -> AsyncIterator[WebhookReceiver]:
    found = await WebhookReceiver.start()
    yield found
    await found.stop()


async def registered(own: Account, receiver: WebhookReceiver, **changes: str) -> str:
    """Register the receiver for ends of sessions; return the id of its endpoint."""
    params: Any = {"url": receiver.url, "enabled_events": ["checkout.session.expired"], **changes}
    endpoint = await own[1].v1.webhook_endpoints.create_async(params)
    assert endpoint.secret is not None
    receiver.secret = endpoint.secret
    return endpoint.id


async def expired(own: Account) -> str:
    """Make an event: a session that is expired. Return the session's id."""
    session = await own[1].v1.checkout.sessions.create_async(session_params())
    await own[1].v1.checkout.sessions.expire_async(session.id)
    return session.id


async def delivery(simulator: StripeSimulator, *, attempts: int, state: str) -> None:
    """Wait until the only delivery is in this state after exactly so many attempts."""
    for _ in range(500):
        (found,) = simulator.deliveries()
        if (len(found["attempts"]), found["state"]) == (attempts, state):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not {attempts} attempts and {state}: {found}")


def test_stripe_repeats_for_three_days_with_growing_gaps() -> None:
    assert 2.5 * DAY < sum(LIVE_GAPS_SECONDS) <= 3 * DAY
    assert list(LIVE_GAPS_SECONDS) == sorted(LIVE_GAPS_SECONDS)
    assert len(SANDBOX_GAPS_SECONDS) == 3


async def test_a_failed_delivery_is_repeated_as_the_clock_goes_on_and_ends_after_three_days(
    own: Account, listening: WebhookReceiver
) -> None:
    simulator, _ = own
    simulator.control("retries", gaps=[60, 3_600, 2 * DAY])
    await registered(own, listening)
    listening.statuses.extend([500] * 100)
    await expired(own)
    await delivery(simulator, attempts=1, state="waiting")
    simulator.advance(61)
    await delivery(simulator, attempts=2, state="waiting")
    simulator.advance(DAY)
    await delivery(simulator, attempts=3, state="waiting")
    simulator.advance(2 * DAY)
    await delivery(simulator, attempts=4, state="failed")
    simulator.advance(30 * DAY)
    await delivery(simulator, attempts=4, state="failed")


async def test_the_retries_of_three_days_happen_when_the_clock_moves_over_them(
    own: Account, listening: WebhookReceiver
) -> None:
    simulator, _ = own
    simulator.control("retries", mode="live")
    await registered(own, listening)
    listening.statuses.extend([500] * 100)
    await expired(own)
    simulator.advance(3 * DAY)
    await delivery(simulator, attempts=1 + len(LIVE_GAPS_SECONDS), state="failed")


async def test_a_sandbox_repeats_three_times_and_a_later_retry_may_succeed(
    own: Account, listening: WebhookReceiver
) -> None:
    simulator, _ = own
    simulator.control("retries", mode="sandbox")
    await registered(own, listening)
    listening.statuses.extend([500, 500, 500])
    session = await expired(own)
    await delivery(simulator, attempts=1, state="waiting")
    simulator.advance(DAY)
    await delivery(simulator, attempts=4, state="delivered")
    about = {msgspec.json.decode(each.body)["data"]["object"]["id"] for each in listening.arrivals}
    assert about == {session}


async def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled_again(
    own: Account, listening: WebhookReceiver
) -> None:
    simulator, client = own
    endpoint = await registered(own, listening)
    disabled = await client.v1.webhook_endpoints.update_async(endpoint, {"disabled": True})
    assert disabled.status == "disabled"
    await expired(own)
    assert simulator.deliveries() == []
    enabled = await client.v1.webhook_endpoints.update_async(endpoint, {"disabled": False})
    assert enabled.status == "enabled"
    delivered = await expired(own)
    (arrival,) = await listening.wait_for(1)
    assert msgspec.json.decode(arrival.body)["data"]["object"]["id"] == delivered


async def test_the_retries_of_an_endpoint_end_when_it_is_disabled(
    own: Account, listening: WebhookReceiver
) -> None:
    simulator, client = own
    simulator.control("retries", gaps=[3_600, 3_600])
    endpoint = await registered(own, listening)
    listening.statuses.extend([500] * 50)
    await expired(own)
    await delivery(simulator, attempts=1, state="waiting")
    await client.v1.webhook_endpoints.update_async(endpoint, {"disabled": True})
    simulator.advance(DAY)
    await delivery(simulator, attempts=1, state="dropped")


async def test_an_endpoint_gets_the_events_for_which_it_was_changed(
    own: Account, listening: WebhookReceiver
) -> None:
    simulator, client = own
    endpoint = await registered(own, listening)
    changed = await client.v1.webhook_endpoints.update_async(
        endpoint, {"enabled_events": ["payment_intent.succeeded"], "description": "payments"}
    )
    assert changed.enabled_events == ["payment_intent.succeeded"]
    assert changed.description == "payments"
    await expired(own)
    paid = await client.v1.checkout.sessions.create_async(session_params())
    simulator.pay(paid.id)
    (arrival,) = await listening.wait_for(1)
    assert arrival.type == "payment_intent.succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.webhook_endpoints.update_async("we_none", {"disabled": True})
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.webhook_endpoints.update_async(endpoint, {"url": "ftp://nowhere"})


async def test_two_endpoints_get_one_event_id_each_in_its_own_version(own: Account) -> None:
    receivers = [await WebhookReceiver.start(), await WebhookReceiver.start()]
    await registered(own, receivers[0])
    await registered(own, receivers[1], api_version=OLDER)
    await expired(own)
    events = [msgspec.json.decode((await each.wait_for(1))[0].body) for each in receivers]
    assert events[0]["id"] == events[1]["id"]
    assert [each["api_version"] for each in events] == ["2026-10-28.endive", OLDER]
    for each in receivers:
        await each.stop()


async def test_requests_above_a_limit_are_refused_with_its_name(own: Account) -> None:
    simulator, client = own
    simulator.control("rate_limits", endpoint=0)
    with pytest.raises(stripe.RateLimitError) as caught:
        await client.v1.balance.retrieve_async()
    headers = caught.value.headers
    assert headers is not None
    assert headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert headers["Stripe-Should-Retry"] == "true"
    simulator.control("rate_limits", "DELETE")
    await client.v1.balance.retrieve_async()
