"""The gateway's requests wait for their turn; what has none in time never reaches Stripe."""

import asyncio

import pytest

from application.payment import gateway as port
from application.payment.urgency import Urgency, calls_are
from infrastructure.stripe import backoff
from infrastructure.stripe.calls import StripeCalls
from infrastructure.stripe.gateway import LIST_REFUNDS, LIST_SESSIONS
from infrastructure.stripe.pace import Limits, Pace
from tests.support.fake_time import FakeTime, settle
from tests.support.stripe_simulator import StripeSimulator

SECONDS = 60.0
ONE: dict[str, int] = {"limit": 1}


class Paced:
    """Calls with a pace whose time passes only when a test says so."""

    def __init__(self, simulator: StripeSimulator, limits: Limits) -> None:
        self.time = FakeTime()
        pace = Pace(limits, monotonic=self.time.monotonic, call_later=self.time.call_later)
        self.calls = StripeCalls(
            api_key=simulator.api_key,
            base_url=simulator.url,
            timeout_seconds=SECONDS,
            pace=pace,
        )


async def test_what_waits_too_long_is_not_sent_and_known_not_to_have_happened(
    simulator: StripeSimulator,
) -> None:
    paced = Paced(simulator, Limits(account=1, endpoint=1))
    before = len(simulator.requests())
    await paced.calls.send(LIST_REFUNDS, params=ONE)
    waiting = [asyncio.create_task(paced.calls.send(LIST_REFUNDS, params=ONE)) for _ in range(40)]
    await settle()
    # One goes each second while half of a call's time lasts.
    await paced.time.advance(SECONDS / 2)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    await paced.calls.close()
    failed = [each for each in results if isinstance(each, BaseException)]
    assert [type(each) for each in failed] == [port.GatewayNotExecuted] * 10
    assert len(simulator.requests()) - before == 31


async def test_a_checkout_that_comes_last_is_sent_before_the_sweeps_that_wait(
    simulator: StripeSimulator,
) -> None:
    paced = Paced(simulator, Limits(account=1, endpoint=1))
    await paced.calls.send(LIST_REFUNDS, params=ONE)
    with calls_are(Urgency.SWEEP):
        sweep = asyncio.create_task(paced.calls.send(LIST_REFUNDS, params=ONE))
    await settle()
    checkout = asyncio.create_task(paced.calls.send(LIST_SESSIONS, params=ONE))
    await paced.time.advance(1)
    await checkout
    assert not sweep.done()
    await paced.time.advance(1)
    await sweep
    await paced.calls.close()
    assert [each["path"] for each in simulator.requests()][-3:] == [
        "/v1/refunds",
        "/v1/checkout/sessions",
        "/v1/refunds",
    ]


@pytest.mark.parametrize(("reason", "held_up"), [("global-rate", True), ("endpoint-rate", False)])
async def test_a_limit_that_stripe_names_holds_up_all_that_would_reach_it(
    simulator: StripeSimulator,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
    held_up: bool,
) -> None:
    monkeypatch.setattr(backoff, "FIRST_WAIT_SECONDS", 10 * SECONDS)
    monkeypatch.setattr(backoff, "LONGEST_WAIT_SECONDS", 10 * SECONDS)
    paced = Paced(simulator, Limits(account=10, endpoint=10))
    simulator.fault("refuse", status=429, limited=reason)
    with pytest.raises(port.GatewayNotExecuted):
        await paced.calls.send(LIST_REFUNDS, params=ONE)
    before = len(simulator.requests())
    same = asyncio.create_task(paced.calls.send(LIST_REFUNDS, params=ONE))
    other = asyncio.create_task(paced.calls.send(LIST_SESSIONS, params=ONE))
    await paced.time.advance(SECONDS / 2)
    results = await asyncio.gather(same, other, return_exceptions=True)
    await paced.calls.close()
    assert [isinstance(each, port.GatewayNotExecuted) for each in results] == [True, held_up]
    assert len(simulator.requests()) - before == (0 if held_up else 1)
