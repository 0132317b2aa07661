"""Holds that lapse, on a real log and the Stripe simulator, with a clock that the test moves."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import psycopg
import pytest

from application.booking.learn_disputes import DisputeLearner
from application.booking.release_hold import HoldReleaser
from application.commands import follow_up
from application.payment import process_event
from application.payment.collect import Collector, ReturnUrls
from application.payment.gateway import GatewayFailure, GatewayUnavailable
from application.payment.refunding import Refunder
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.kernel import ids
from domain.payment.state import Attempt, AttemptStatus, Payment
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.support.airline import payment_of
from tests.support.moved_clock import MovedClock
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator
from tests.support.unused_settlement import UnusedSettlement

HOLD = dt.timedelta(minutes=15)


class Rig(msgspec.Struct, frozen=True):
    """One process with its Stripe conversations, a flight and a booking on it."""

    process: PostgresAirline
    collector: Collector
    refunder: Refunder
    releaser: HoldReleaser
    gateway: StripePaymentGateway
    clock: MovedClock
    flight: str
    booking: str

    async def release(self) -> None:
        """Release the hold as the timer does."""
        await self.releaser.release(self.booking, cause=cause())

    async def checkout(self) -> Attempt:
        """Open a checkout as the traveller does."""
        payment, attempt = await self.process.checkout(self.booking)
        return await self.collector.open_session(payment, attempt, cause=cause())

    async def ticketed(self) -> None:
        """Pay and confirm the booking."""
        await self.process.pay(self.booking)
        await self.process.confirm(self.booking)

    async def state(self) -> Booking:
        """Return the booking now."""
        found: Booking = await self.process.booking(self.booking)
        return found

    async def payment(self) -> Payment:
        """Return its payment now."""
        found: Payment = await self.process.payment(payment_of(self.booking))
        return found

    async def free_seats(self) -> int:
        """Return the seats on sale."""
        return int((await self.process.flight(self.flight)).cabins["Y"].free_count)


def cause() -> follow_up.Cause:
    """Return the cause of a command of some user."""
    return follow_up.Cause(id=uuid.uuid4(), actor="test", correlation_id="test")


@pytest.fixture(scope="module")
def simulator() -> Iterator[StripeSimulator]:
    with StripeSimulator() as found:
        yield found


@asynccontextmanager
async def reserved(database: TestDatabase, stripe_url: str, api_key: str) -> AsyncIterator[Rig]:
    """Yield a flight of three seats of which one is held."""
    clock = MovedClock()
    gateway = StripePaymentGateway(
        api_key=api_key, base_url=stripe_url, timeout_seconds=60, limits=UNLIMITED
    )
    async with postgres_airline(database.app_dsn, clock=clock) as airline:
        flight = await airline.schedule(seats=3)
        booking = await airline.book(flight)
        collector = Collector(
            bus=airline.dispatcher,
            payments=gateway,
            clock=clock,
            urls=ReturnUrls(success="http://127.0.0.1/paid", cancel="http://127.0.0.1/unpaid"),
            describe=lambda booking: booking,
        )
        releaser = HoldReleaser(bus=airline.dispatcher, collector=collector, clock=clock)
        refunder = Refunder(
            bus=airline.dispatcher, payments=gateway, collector=collector, clock=clock
        )
        yield Rig(airline, collector, refunder, releaser, gateway, clock, flight, booking)
    await gateway.close()


@pytest.fixture
async def held(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Rig]:
    async with reserved(database, simulator.url, simulator.api_key) as found:
        yield found


async def test_a_hold_is_not_released_before_its_deadline(held: Rig) -> None:
    held.clock.ahead = HOLD - dt.timedelta(minutes=5)
    await held.release()
    assert (await held.state()).status is Status.RESERVED
    assert await held.free_seats() == 2


async def test_a_lapsed_hold_expires_the_booking_and_sells_the_seat_again(held: Rig) -> None:
    held.clock.ahead = HOLD
    await held.release()
    assert (await held.state()).status is Status.EXPIRED
    assert await held.free_seats() == 3
    await held.release()
    assert await held.free_seats() == 3


async def test_a_lapsed_hold_ends_the_open_session_first(
    held: Rig, simulator: StripeSimulator
) -> None:
    attempt = await held.checkout()
    assert attempt.session is not None
    held.clock.ahead = HOLD
    await held.release()
    assert (await held.state()).status is Status.EXPIRED
    assert (await held.payment()).attempts[0].status is AttemptStatus.EXPIRED
    assert simulator.pay(attempt.session).status_code == 410


async def test_a_payment_whose_webhooks_never_came_is_found_instead_of_lapsing(
    held: Rig, simulator: StripeSimulator
) -> None:
    attempt = await held.checkout()
    assert attempt.session is not None
    assert simulator.pay(attempt.session).status_code == 303
    held.clock.ahead = HOLD
    await held.release()
    assert (await held.state()).status is Status.PAID
    assert await held.free_seats() == 2


async def test_money_that_comes_too_late_is_parked_and_stays_visible(
    held: Rig, simulator: StripeSimulator, database: TestDatabase
) -> None:
    attempt = await held.checkout()
    assert attempt.session is not None
    simulator.control("attempts", session=attempt.session, under_way=True)
    held.clock.ahead = HOLD
    await held.release()
    simulator.control("attempts", session=attempt.session, finishes=True)
    late = (await held.gateway.session(attempt.session)).payment_intent
    assert late is not None
    await process_event.process_event(
        "payment_intent.succeeded",
        late,
        collector=held.collector,
        refunder=held.refunder,
        settlement=UnusedSettlement(),
        disputes=DisputeLearner(
            bus=held.process.dispatcher,
            disputes=held.gateway.disputes,
            collector=held.collector,
            refunder=held.refunder,
        ),
        cause=cause(),
    )
    assert (await held.state()).status is Status.EXPIRED
    payment = await held.payment()
    assert [capture.parked for capture in payment.captures] == [True]
    with psycopg.connect(database.owner_dsn) as connection:
        row = connection.execute(
            "SELECT sum(amount)::bigint FROM ledger.posting WHERE account = '2020'"
        ).fetchone()
    due = (await held.state()).amount_due().amount
    assert row == (-due,)


async def test_an_unreachable_stripe_is_waited_for_and_then_the_seats_go(
    database: TestDatabase, simulator: StripeSimulator
) -> None:
    async with reserved(database, "http://127.0.0.1:9", simulator.api_key) as held:
        with pytest.raises(GatewayUnavailable):
            await held.checkout()
        held.clock.ahead = HOLD
        with pytest.raises(GatewayUnavailable):
            await held.release()
        assert (await held.state()).status is Status.RESERVED
        held.clock.ahead = HOLD + dt.timedelta(minutes=60)
        await held.release()
        assert (await held.state()).status is Status.EXPIRED
        assert await held.free_seats() == 3


async def test_the_timer_completes_an_attempt_whose_answer_was_lost(
    held: Rig, simulator: StripeSimulator
) -> None:
    simulator.fault("lost", path="/v1/checkout/sessions", method="POST", times=1)
    with pytest.raises(GatewayFailure):
        await held.checkout()
    attempt = (await held.payment()).attempts[0]
    assert attempt.status is AttemptStatus.UNKNOWN
    stream = ids.payment_stream(held.booking, 1)
    found = await held.collector.open_session(stream, attempt.id, cause=cause())
    assert found.status is AttemptStatus.OPEN
    opened = [
        request
        for request in simulator.requests()
        if request["method"] == "POST" and request["path"] == "/v1/checkout/sessions"
    ]
    assert found.session is not None
    assert opened, "Stripe was asked"


async def test_a_captured_intent_reported_repeatedly_is_one_capture(
    held: Rig, simulator: StripeSimulator
) -> None:
    attempt = await held.checkout()
    assert attempt.session is not None
    simulator.pay(attempt.session)
    for _ in range(5):
        await held.collector.learn_session(attempt.session, cause=cause())
    payment = await held.payment()
    assert len(payment.captures) == 1
    assert (await held.state()).status is Status.PAID
