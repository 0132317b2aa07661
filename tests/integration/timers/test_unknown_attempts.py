"""Attempts without an outcome: repeated with their own key, and searched only as a last resort."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator

import pytest

from application.payment.gateway import GatewayFailure
from domain.kernel import ids
from domain.payment.state import Attempt, AttemptStatus
from infrastructure.stripe.backoff import TRIES_LIMIT
from tests.integration.timers.test_lapsed_holds import Rig, cause, reserved
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator

SESSIONS = "/v1/checkout/sessions"


@pytest.fixture(scope="module")
def simulator() -> Iterator[StripeSimulator]:
    with StripeSimulator() as found:
        yield found


@pytest.fixture
async def held(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Rig]:
    async with reserved(database, simulator.url, simulator.api_key) as found:
        yield found
    simulator.control("faults", "DELETE")


async def complete(held: Rig) -> Attempt:
    """Complete the attempt as the timer does."""
    stream = ids.payment_stream(held.booking, 1)
    attempt = (await held.payment()).attempts[0]
    return await held.collector.open_session(stream, attempt.id, cause=cause())


def searches(simulator: StripeSimulator) -> int:
    """Return the number of lists of sessions so far."""
    asked = [each for each in simulator.requests() if each["method"] == "GET"]
    return len([each for each in asked if each["path"] == SESSIONS])


async def test_a_busy_stripe_is_known_to_have_done_nothing(
    held: Rig, simulator: StripeSimulator
) -> None:
    before = searches(simulator)
    simulator.fault("refuse", path=SESSIONS, method="POST", status=429, times=3 * TRIES_LIMIT)
    with pytest.raises(GatewayFailure):
        await held.checkout()
    for _ in range(2):
        with pytest.raises(GatewayFailure):
            await complete(held)
    assert (await held.payment()).attempts[0].status is AttemptStatus.REQUESTED
    assert (await complete(held)).status is AttemptStatus.OPEN
    assert searches(simulator) == before


@pytest.mark.parametrize("kind", ["lost", "lost_before", "fail_after", "refuse"])
async def test_an_unknown_outcome_is_asked_for_by_its_own_key_and_nothing_is_listed(
    held: Rig, simulator: StripeSimulator, kind: str
) -> None:
    before = searches(simulator)
    simulator.fault(kind, path=SESSIONS, method="POST")
    with pytest.raises(GatewayFailure):
        await held.checkout()
    assert (await held.payment()).attempts[0].status is AttemptStatus.UNKNOWN
    assert (await complete(held)).status is AttemptStatus.OPEN
    assert searches(simulator) == before


async def test_a_failure_that_stripe_kept_under_the_key_is_searched_in_one_list(
    held: Rig, simulator: StripeSimulator
) -> None:
    before = searches(simulator)
    simulator.fault("fail_stored", path=SESSIONS, method="POST")
    with pytest.raises(GatewayFailure):
        await held.checkout()
    assert (await complete(held)).status is AttemptStatus.OPEN
    assert searches(simulator) == before + 1


async def test_a_kept_failure_without_a_session_is_followed_by_an_attempt_with_another_key(
    held: Rig, simulator: StripeSimulator
) -> None:
    simulator.fault("refuse_stored", path=SESSIONS, method="POST")
    with pytest.raises(GatewayFailure):
        await held.checkout()
    opened = await complete(held)
    first, second = (await held.payment()).attempts
    assert (first.status, second.status) == (AttemptStatus.REFUSED, AttemptStatus.OPEN)
    assert (second.replaces, second) == (first.id, opened)
    before = len(simulator.requests())
    assert await complete(held) == opened
    assert len(simulator.requests()) == before


async def test_a_stripe_that_keeps_failing_is_not_asked_by_one_attempt_after_the_other(
    held: Rig, simulator: StripeSimulator
) -> None:
    simulator.fault("refuse_stored", path=SESSIONS, method="POST", times=10)
    with pytest.raises(GatewayFailure):
        await held.checkout()
    for seconds, count in ((0, 2), (0, 2), (50, 3), (100, 3), (150, 4)):
        held.clock.ahead = dt.timedelta(seconds=seconds)
        with pytest.raises(GatewayFailure):
            await complete(held)
        assert len((await held.payment()).attempts) == count
    simulator.control("faults", "DELETE")
    held.clock.ahead = dt.timedelta(minutes=10)
    assert (await complete(held)).replaces == (await held.payment()).attempts[-2].id


async def test_a_key_that_stripe_may_have_forgotten_is_never_sent_again(
    held: Rig, simulator: StripeSimulator
) -> None:
    """Fault row 18: beyond a day it is looked up."""
    simulator.fault("lost_before", path=SESSIONS, method="POST")
    with pytest.raises(GatewayFailure):
        await held.checkout()
    posts = len([each for each in simulator.requests() if each["method"] == "POST"])
    held.clock.ahead = dt.timedelta(hours=23)
    assert (await complete(held)).status is AttemptStatus.REFUSED
    assert len([each for each in simulator.requests() if each["method"] == "POST"]) == posts
