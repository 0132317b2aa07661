"""Payments that take long, or fail before a charge: the bank's answer decides."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import stripe

from application.booking.allocate_funds import AllocateFunds
from application.booking.split_checkout import SplitCheckout
from application.payment.record_capture import EndSession
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from domain.booking.states import Status
from domain.kernel import money
from domain.payment.rejections import AttemptPending
from domain.payment.state import AttemptStatus
from interfaces.worker import handlers
from tests.integration.timers.test_lapsed_holds import HOLD, Rig, cause, reserved
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


@pytest.fixture
async def sdk(simulator: StripeSimulator) -> AsyncIterator[stripe.StripeClient]:
    transport = stripe.AIOHTTPClient(timeout=60)
    yield stripe.StripeClient(
        simulator.api_key, base_addresses={"api": simulator.url}, http_client=transport
    )
    await transport.close_async()  # type: ignore[no-untyped-call]  # untyped in the SDK


async def intent_of(sdk: stripe.StripeClient, session: str) -> str:
    """Return the intent of the session."""
    found = await sdk.v1.checkout.sessions.retrieve_async(session)
    return str(found.payment_intent)


async def session_of(held: Rig) -> str:
    attempt = await held.checkout()
    assert attempt.session is not None
    return attempt.session


async def processing(held: Rig, simulator: StripeSimulator) -> tuple[str, str]:
    """Let a bank decide about the payment; return the session and its intent."""
    session = await session_of(held)
    paid = simulator.control("attempts", session=session, card="pm_usBankAccount_processing")
    assert (paid["status"], paid["payment_status"]) == ("complete", "unpaid")
    return session, str(paid["payment_intent"])


async def test_sessions_ask_for_methods_that_settle_at_once(
    held: Rig, simulator: StripeSimulator
) -> None:
    session = await session_of(held)
    refused = simulator.pay(session, card="pm_usBankAccount_processing")
    assert refused.status_code == 400
    paid = simulator.control("attempts", session=session)
    assert paid["payment_method_types"] == ["card"]


async def test_a_payment_that_is_processing_when_the_hold_ends_keeps_the_seats(
    held: Rig, simulator: StripeSimulator
) -> None:
    session, intent = await processing(held, simulator)
    for later in (HOLD, HOLD + dt.timedelta(hours=2)):
        held.clock.ahead = later
        with pytest.raises(AttemptPending):
            await held.release()
        assert (await held.state()).status is Status.RESERVED
        assert await held.free_seats() == 2
    before = len(simulator.requests())
    with pytest.raises(AttemptPending):
        await held.release()
    assert len(simulator.requests()) == before, "that the bank decides is known"
    simulator.control("bank_answers", intent=intent, succeeds=True)
    await held.collector.learn_session(session, cause=cause())
    assert (await held.state()).status is Status.PAID
    assert await held.free_seats() == 2


async def test_while_a_bank_decides_the_traveller_is_asked_for_no_second_payment(
    held: Rig, simulator: StripeSimulator
) -> None:
    session, intent = await processing(held, simulator)
    for _ in range(2):
        await held.collector.learn_session(session, cause=cause())
    payment = await held.payment()
    assert [attempt.bank_decides for attempt in payment.attempts] == [True]
    with pytest.raises(AttemptPending) as caught:
        await held.checkout()
    assert caught.value.parameters["reason"] == "bank_decides"
    simulator.control("bank_answers", intent=intent, succeeds=False)
    await held.collector.learn_session(session, cause=cause())
    assert await session_of(held) != session


async def test_a_payment_processed_within_the_hold_pays_the_booking(
    held: Rig, simulator: StripeSimulator
) -> None:
    session, intent = await processing(held, simulator)
    await held.collector.learn_session(session, cause=cause())
    assert (await held.state()).status is Status.RESERVED
    simulator.control("bank_answers", intent=intent, succeeds=True)
    await held.collector.learn_session(session, cause=cause())
    assert (await held.state()).status is Status.PAID


async def test_a_processing_payment_that_fails_frees_the_attempt_and_then_the_seats(
    held: Rig, simulator: StripeSimulator
) -> None:
    session, intent = await processing(held, simulator)
    simulator.control("bank_answers", intent=intent, succeeds=False)
    await held.collector.learn_session(session, cause=cause())
    (attempt,) = (await held.payment()).attempts
    assert attempt.status is AttemptStatus.EXPIRED
    assert len(attempt.declined_charges) == 1
    assert await session_of(held) != session
    held.clock.ahead = HOLD
    await held.release()
    assert (await held.state()).status is Status.EXPIRED


async def test_what_pays_for_all_ends_a_share_behind_one_about_which_a_bank_decides(
    held: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    due = (await held.state()).price.total()
    process, payment = held.process, payment_of(held.booking)
    await process.submit(SplitCheckout(held.booking, tuple(money.split(due, [1, 1]))))
    first, second = [each.id for each in (await held.payment()).attempts]
    sessions = [
        (await held.collector.open_session(payment, each, cause=cause())).session
        for each in (first, second)
    ]
    simulator.control("attempts", session=sessions[0], card="pm_usBankAccount_processing")
    await process.submit(RecordUnmatchedMoney("pi_9", "ch_9", due))
    await process.submit(AllocateFunds(stream_of("pi_9"), "pi_9", held.booking))
    core: Any = SimpleNamespace(bus=process.dispatcher, collector=held.collector)
    for attempt in (first, second):
        await handlers.end_session(core, EndSession(payment, attempt))
    found = [await sdk.v1.checkout.sessions.retrieve_async(str(each)) for each in sessions]
    assert [each.status for each in found] == ["complete", "expired"]


async def test_each_declined_authentication_is_recorded_although_there_is_no_charge(
    held: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    session = await session_of(held)
    for count in (1, 2):
        assert simulator.pay(session, card="pm_card_authenticationRequired").status_code == 303
        failed = simulator.control(
            "authentications", intent=await intent_of(sdk, session), succeeds=False
        )
        assert (failed["status"], failed["latest_charge"]) == ("requires_payment_method", None)
        for _ in range(2):
            await held.collector.learn_session(session, cause=cause())
        (attempt,) = (await held.payment()).attempts
        assert len(attempt.declined_charges) == count
    simulator.pay(session)
    await held.collector.learn_session(session, cause=cause())
    assert (await held.state()).status is Status.PAID


async def test_an_authenticated_payment_pays_the_booking(
    held: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    session = await session_of(held)
    simulator.pay(session, card="pm_card_authenticationRequired")
    simulator.control("authentications", intent=await intent_of(sdk, session))
    await held.collector.learn_session(session, cause=cause())
    assert (await held.state()).status is Status.PAID
