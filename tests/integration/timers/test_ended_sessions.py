"""Sessions whose time is over: Stripe is asked, so a lost webhook loses no money."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from application.booking.expire_booking import ExpireBooking
from domain.booking.states import Status
from domain.payment.state import Attempt, AttemptStatus
from interfaces.composition import Core
from interfaces.worker.timers.ask_about_ended_sessions import AskAboutSession, ask
from tests.integration.timers.test_lapsed_holds import HOLD, Rig, reserved
from tests.support.airline import payment_of
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[StripeSimulator]:
    with StripeSimulator() as found:
        yield found


@pytest.fixture
async def held(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Rig]:
    async with reserved(database, simulator.url, simulator.api_key) as found:
        yield found


async def released_unasked(held: Rig) -> Attempt:
    """Open a session, and expire the booking as after an hour without Stripe."""
    attempt = await held.checkout()
    held.clock.ahead = HOLD + dt.timedelta(minutes=60)
    await held.process.submit(ExpireBooking(held.booking, "hold_lapsed_provider_unreachable"))
    return attempt


async def ask_again(held: Rig, attempt: Attempt) -> AttemptStatus:
    """Ask about the session as the timer does; return the status of the attempt."""
    core = cast(Core, SimpleNamespace(collector=held.collector))
    await ask(core, AskAboutSession(payment_of(held.booking), attempt.id))
    return (await held.payment()).attempts[0].status


async def test_money_of_a_session_nobody_reported_is_found_after_its_end(
    held: Rig, simulator: StripeSimulator
) -> None:
    attempt = await released_unasked(held)
    assert attempt.session is not None
    assert simulator.pay(attempt.session).status_code == 303
    for _ in range(2):
        assert await ask_again(held, attempt) is AttemptStatus.CAPTURED
    assert [each.parked for each in (await held.payment()).captures] == [True]
    assert (await held.state()).status is Status.EXPIRED


async def test_a_session_that_ended_unpaid_is_over_by_our_records_too(
    held: Rig, simulator: StripeSimulator
) -> None:
    attempt = await released_unasked(held)
    simulator.control("clock", seconds=3_700)
    assert await ask_again(held, attempt) is AttemptStatus.EXPIRED
    before = len(simulator.requests())
    await ask_again(held, attempt)
    assert len(simulator.requests()) == before, "its end is known"
