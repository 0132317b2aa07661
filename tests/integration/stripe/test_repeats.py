"""A busy Stripe is asked again within the call, as often and as long as that is right."""

import asyncio
from typing import Any

import pytest

from application.payment import gateway as port
from infrastructure.stripe import backoff
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe.test_gateway import checkout_request, sessions_of
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator

LASTING = backoff.TRIES_LIMIT


def statuses(simulator: StripeSimulator, key: str) -> list[int]:
    """The answers to the requests with this idempotency key."""
    return [each["status"] for each in simulator.requests() if each["key"] == key]


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 429},
        {"status": 429, "code": "lock_timeout"},
        {"status": 429, "limited": "global-rate"},
        {"status": 409, "should_retry": True},
        {"status": 503, "should_retry": True},
    ],
)
async def test_what_stripe_wants_repeated_succeeds_within_the_call_with_the_same_key(
    gateway: StripePaymentGateway, simulator: StripeSimulator, refusal: dict[str, Any]
) -> None:
    request = checkout_request()
    simulator.fault("refuse", **refusal)
    opened = await gateway.open_checkout(request)
    assert statuses(simulator, request.idempotency_key) == [refusal["status"], 200]
    assert await sessions_of(gateway, request.attempt) == [opened]


async def test_a_request_without_a_stored_key_is_repeated_with_its_own(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    opened = await gateway.open_checkout(checkout_request())
    simulator.fault("fail_after", path="*/expire", status=500, should_retry=True)
    assert (await gateway.expire_session(opened.id)).status == "expired"
    first, second = [each for each in simulator.requests() if opened.id in each["path"]]
    assert first["key"] == second["key"]
    assert second["replayed"]


async def test_a_lasting_429_is_asked_a_few_times_and_is_known_not_to_have_happened(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    request = checkout_request()
    simulator.fault("refuse", status=429, times=LASTING)
    with pytest.raises(port.GatewayNotExecuted):
        await gateway.open_checkout(request)
    assert statuses(simulator, request.idempotency_key) == [429] * LASTING
    assert await sessions_of(gateway, request.attempt) == []


@pytest.mark.parametrize("status", [429, 409, 500, 503])
async def test_what_stripe_does_not_want_repeated_is_sent_once(
    gateway: StripePaymentGateway, simulator: StripeSimulator, status: int
) -> None:
    request = checkout_request()
    simulator.fault("refuse", status=status, should_retry=False)
    with pytest.raises(port.GatewayUnavailable):
        await gateway.open_checkout(request)
    assert statuses(simulator, request.idempotency_key) == [status]


@pytest.mark.parametrize("status", [409, 500, 503])
async def test_without_a_word_of_stripe_only_a_429_is_repeated(
    gateway: StripePaymentGateway, simulator: StripeSimulator, status: int
) -> None:
    request = checkout_request()
    simulator.fault("refuse", status=status)
    with pytest.raises(port.GatewayUnavailable):
        await gateway.open_checkout(request)
    assert statuses(simulator, request.idempotency_key) == [status]


async def test_a_call_is_not_repeated_when_its_time_would_be_over(
    simulator: StripeSimulator,
) -> None:
    hasty = StripePaymentGateway(
        api_key=simulator.api_key,
        base_url=simulator.url,
        timeout_seconds=backoff.FIRST_WAIT_SECONDS / 2,
        limits=UNLIMITED,
    )
    request = checkout_request()
    simulator.fault("refuse", status=429, times=LASTING)
    try:
        with pytest.raises((port.GatewayNotExecuted, port.GatewayTimeout)):
            await hasty.open_checkout(request)
    finally:
        await hasty.close()
    assert len(statuses(simulator, request.idempotency_key)) <= 1


async def test_a_429_after_a_try_in_doubt_leaves_the_outcome_in_doubt(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    request = checkout_request()
    simulator.fault("fail_after", status=500, should_retry=True)
    simulator.fault("refuse", status=429, times=LASTING)
    with pytest.raises(port.GatewayUnavailable) as caught:
        await gateway.open_checkout(request)
    assert not isinstance(caught.value, port.GatewayNotExecuted)
    assert statuses(simulator, request.idempotency_key) == [500, 429, 429]
    simulator.control("faults", "DELETE")
    assert len(await sessions_of(gateway, request.attempt)) == 1


async def test_a_failure_that_stripe_keeps_is_repeated_once_at_most_and_then_known_as_kept(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    request = checkout_request()
    simulator.fault("fail_stored", status=500, should_retry=True)
    with pytest.raises(port.GatewayFailureKept):
        await gateway.open_checkout(request)
    assert statuses(simulator, request.idempotency_key) == [500, 500]


async def test_many_who_wait_are_sent_in_the_end(
    gateway: StripePaymentGateway, simulator: StripeSimulator
) -> None:
    requests = [checkout_request() for _ in range(5)]
    simulator.fault("refuse", status=429, limited="endpoint-rate", times=2)
    opened = await asyncio.gather(*(gateway.open_checkout(each) for each in requests))
    assert len({each.id for each in opened}) == len(requests)
