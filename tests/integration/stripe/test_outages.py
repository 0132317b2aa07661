"""What counts as an outage of Stripe: no answer and server errors, but no refusal."""

from typing import Any

import pytest

from application.payment import gateway as port
from infrastructure.stripe import backoff
from infrastructure.stripe.breaker import OUTAGES, Breaker
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator

ENDLESS = 10**6
OUTAGE: dict[str, dict[str, Any]] = {
    "connection lost": {"kind": "lost_before"},
    "server error": {"kind": "refuse", "status": 503},
    "busy": {"kind": "refuse", "status": 500},
}
ANSWER: dict[str, dict[str, Any]] = {
    "too many requests": {"kind": "refuse", "status": 429},
    "locked": {"kind": "refuse", "status": 409},
    "unknown object": {},
}


async def stopped(simulator: StripeSimulator, fault: dict[str, Any]) -> tuple[list[bool], bool]:
    """Return what the breaker reported of OUTAGES calls, and whether one more was sent."""
    changes: list[bool] = []
    adapter = StripePaymentGateway(
        api_key=simulator.api_key,
        base_url=simulator.url,
        timeout_seconds=60,
        limits=UNLIMITED,
        breaker=Breaker(pause_seconds=3600, changed=changes.append),
    )
    if fault:
        simulator.fault(**fault, times=ENDLESS)
    try:
        for _ in range(OUTAGES):
            with pytest.raises(port.GatewayFailure):
                await adapter.session("cs_test_unknown")
        before = len(simulator.requests())
        with pytest.raises(port.GatewayFailure):
            await adapter.session("cs_test_unknown")
        return changes, len(simulator.requests()) > before
    finally:
        await adapter.close()


@pytest.mark.parametrize("fault", OUTAGE)
async def test_calls_without_an_answer_in_a_row_stop_the_next_one(
    simulator: StripeSimulator, fault: str
) -> None:
    assert await stopped(simulator, OUTAGE[fault]) == ([True], False)


@pytest.mark.parametrize("fault", ANSWER)
async def test_a_refusal_is_an_answer_and_stops_nothing(
    simulator: StripeSimulator, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(backoff, "FIRST_WAIT_SECONDS", 0.01)
    assert await stopped(simulator, ANSWER[fault]) == ([], True)
