"""Refunds on a real log and the simulator: a request is one refund at Stripe, whatever fails."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import psycopg
import pytest
import stripe

from application.booking.learn_disputes import DisputeLearner
from application.commands import follow_up, stream_kinds
from application.payment import process_event
from application.payment.collect import Collector, ReturnUrls
from application.payment.gateway import (
    GatewayFailure,
    GatewayMisconfigured,
    GatewayRejected,
    GatewayTimeout,
    GatewayUnavailable,
    RefundOrder,
)
from application.payment.refund_payment import RefundPayment, SendRefund
from application.payment.refunding import NEVER_REACHED, Refunder
from domain.kernel import ids, money
from domain.payment import rejections
from domain.payment.events import RefundRefused
from domain.payment.state import Payment, Refund, RefundStatus
from infrastructure.stripe.gateway import StripePaymentGateway
from interfaces.worker.handlers import HANDLERS
from tests.integration.stripe.test_contract import own_account
from tests.support.moved_clock import MovedClock
from tests.support.postgres_airline import PostgresAirline, postgres_airline
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator
from tests.support.unused_settlement import UnusedSettlement

PART = money.Money(10_000, "SAR")


class Rig(msgspec.Struct, frozen=True):
    """One process with its Stripe conversations and a paid booking."""

    process: PostgresAirline
    collector: Collector
    refunder: Refunder
    disputes: DisputeLearner
    gateway: StripePaymentGateway
    clock: MovedClock
    booking: str
    dsn: str

    @property
    def payment(self) -> str:
        """The stream of the booking's payment."""
        return ids.payment_stream(self.booking, 1)

    @property
    def refund(self) -> str:
        """The id of the first refund."""
        return f"{self.payment}-r1"

    async def ask(self, amount: money.Money = PART, obligation: str = "cancellation") -> str:
        """Record the request; return the refund's id."""
        command = RefundPayment(self.booking, obligation, amount, (self.payment,))
        outcome = await self.process.submit(command)
        return outcome.answer.ids[self.payment]

    async def send(self, refund: str | None = None) -> Refund:
        """Send the refund as the worker does."""
        return await self.refunder.send(self.payment, refund or self.refund, cause=cause())

    async def order(self) -> RefundOrder:
        """Return the worker's order to Stripe for the first refund."""
        refund = (await self.state()).refunds[0]
        return RefundOrder(
            payment_intent=refund.intent,
            amount=refund.amount,
            idempotency_key=refund.idempotency_key,
            booking=self.booking,
            payment=self.payment,
            refund=refund.id,
        )

    async def process_webhook(self, event_type: str, provider_refund: str) -> None:
        """Process a webhook as the worker does."""
        await process_event.process_event(
            event_type,
            provider_refund,
            collector=self.collector,
            refunder=self.refunder,
            settlement=UnusedSettlement(),
            disputes=self.disputes,
            cause=cause(),
        )

    async def state(self) -> Payment:
        """Return the payment now."""
        found = (await self.process.dispatcher.current(stream_kinds.PAYMENT, self.payment))[0]
        assert found is not None
        return found

    async def status(self) -> RefundStatus:
        """Return the status of the first refund."""
        return (await self.state()).refunds[0].status

    def balance(self, account: str) -> int:
        """Return the sum of the booking's postings to the account."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(
                "SELECT coalesce(sum(amount), 0)::bigint FROM ledger.posting "
                "WHERE account = %s AND booking = %s",
                (account, self.booking),
            ).fetchone()
        assert row is not None
        return int(row[0])


def cause() -> follow_up.Cause:
    """Return the cause of a command of some user."""
    return follow_up.Cause(id=uuid.uuid4(), actor="test", correlation_id="test")


@asynccontextmanager
async def paid(
    database: TestDatabase, simulator: StripeSimulator, *, timeout_seconds: float = 60
) -> AsyncIterator[Rig]:
    """Yield a booking whose money Stripe has captured; its refunds wait this long for an answer."""
    clock = MovedClock()
    gateway, patient = (
        StripePaymentGateway(
            api_key=simulator.api_key,
            base_url=simulator.url,
            timeout_seconds=seconds,
            limits=UNLIMITED,
        )
        for seconds in (timeout_seconds, 60)
    )
    async with postgres_airline(database.app_dsn, clock=clock) as airline:
        flight = await airline.schedule(seats=3)
        booking = await airline.book(flight)
        collector = Collector(
            bus=airline.dispatcher,
            payments=patient,
            clock=clock,
            urls=ReturnUrls(success="http://127.0.0.1/paid", cancel="http://127.0.0.1/unpaid"),
            describe=lambda booking: booking,
        )
        refunder = Refunder(
            bus=airline.dispatcher, payments=gateway, collector=collector, clock=clock
        )
        disputes = DisputeLearner(
            bus=airline.dispatcher,
            disputes=gateway.disputes,
            collector=collector,
            refunder=refunder,
        )
        found = Rig(
            airline, collector, refunder, disputes, gateway, clock, booking, database.owner_dsn
        )
        payment, name = await airline.checkout(booking)
        attempt = await collector.open_session(payment, name, cause=cause())
        assert attempt.session is not None
        simulator.pay(attempt.session)
        await collector.learn_session(attempt.session, cause=cause())
        yield found
    await gateway.close()
    await patient.close()


@pytest.fixture
async def airline(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Rig]:
    async with paid(database, simulator) as found:
        yield found
    simulator.control("refund_plans", "DELETE")


async def at_stripe(sdk: stripe.StripeClient, airline: Rig) -> list[stripe.Refund]:
    """Return every refund of the booking's money at Stripe."""
    intent = (await airline.state()).captures[0].intent
    return list((await sdk.v1.refunds.list_async({"payment_intent": intent})).data)


def posts(simulator: StripeSimulator, refund: str) -> list[int]:
    """Return the statuses of our tries to create the refund."""
    key = f"refund:{refund}"
    return [request["status"] for request in simulator.requests() if request["key"] == key]


async def test_a_refund_is_requested_once_and_recorded_with_its_entry(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    await airline.ask()
    assert airline.balance("2100") == 0
    captured = airline.balance("1010")
    for _ in range(3):
        assert (await airline.send()).status is RefundStatus.SETTLED
    (made,) = await at_stripe(sdk, airline)
    assert (made.amount, made.currency) == (PART.amount, "sar")
    assert made.metadata is not None
    assert made.metadata.to_dict() == {
        "booking": airline.booking,
        "payment": airline.payment,
        "refund": airline.refund,
    }
    assert posts(simulator, airline.refund) == [200]
    assert (airline.balance("2100"), airline.balance("1010")) == (10_000, captured - 10_000)


async def test_two_workers_at_once_make_one_refund(airline: Rig, sdk: stripe.StripeClient) -> None:
    await airline.ask()
    found = await asyncio.gather(*(airline.send() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(each, Refund | GatewayUnavailable) for each in found)
    assert (await airline.send()).status is RefundStatus.SETTLED
    assert len(await at_stripe(sdk, airline)) == 1
    assert airline.balance("2100") == 10_000


@pytest.mark.parametrize("kind", ["lost", "truncated", "fail_after", "fail_stored"])
async def test_a_refund_with_a_lost_answer_is_unknown_and_then_found_instead_of_made_again(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient, kind: str
) -> None:
    await airline.ask()
    simulator.fault(kind, path="/v1/refunds", method="POST")
    with pytest.raises(GatewayFailure):
        await airline.send()
    assert await airline.status() is RefundStatus.UNKNOWN
    assert airline.balance("2100") == 0
    assert (await airline.send()).status is RefundStatus.SETTLED
    assert len(await at_stripe(sdk, airline)) == 1
    assert len(posts(simulator, airline.refund)) == 1
    assert airline.balance("2100") == 10_000


@pytest.mark.parametrize("kind", ["lost_before", "refuse"])
async def test_a_request_that_never_arrived_is_sent_again_with_the_same_key(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient, kind: str
) -> None:
    await airline.ask()
    simulator.fault(kind, path="/v1/refunds", method="POST", status=503)
    with pytest.raises(GatewayFailure):
        await airline.send()
    assert await airline.status() is RefundStatus.UNKNOWN
    assert (await airline.send()).status is RefundStatus.SETTLED
    assert len(await at_stripe(sdk, airline)) == 1
    assert len(posts(simulator, airline.refund)) == 2


async def test_a_slow_stripe_is_unknown_and_completed_once(
    database: TestDatabase, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    async with paid(database, simulator, timeout_seconds=0.5) as airline:
        await airline.ask()
        simulator.fault("slow", seconds=1.0, path="/v1/refunds", method="POST")
        with pytest.raises(GatewayTimeout):
            await airline.send()
        assert await airline.status() is RefundStatus.UNKNOWN
        while await airline.status() is not RefundStatus.SETTLED:
            with contextlib.suppress(GatewayFailure):
                await airline.send()
        assert len(await at_stripe(sdk, airline)) == 1
        assert airline.balance("2100") == 10_000


async def test_when_even_the_search_fails_nothing_is_recorded(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    await airline.ask()
    simulator.fault("truncated", path="/v1/refunds", times=3)
    for _ in range(3):
        with pytest.raises(GatewayTimeout):
            await airline.send()
        assert await airline.status() is RefundStatus.UNKNOWN
    simulator.fault("refuse", path="/v1/refunds", method="GET", status=400)
    with pytest.raises(GatewayUnavailable):
        await airline.send()
    assert await airline.status() is RefundStatus.UNKNOWN
    assert (await airline.send()).status is RefundStatus.SETTLED
    assert len(await at_stripe(sdk, airline)) == 1


@pytest.mark.parametrize("recorded", [True, False])
async def test_a_day_later_a_refund_is_searched_for_and_never_made_again(
    database: TestDatabase, recorded: bool
) -> None:
    async with own_account() as (fresh, client), paid(database, fresh) as airline:
        await airline.ask()
        fresh.fault("lost", path="/v1/refunds", method="POST")
        if recorded:
            with pytest.raises(GatewayTimeout):
                await airline.send()
        else:  # the worker died before it could record anything
            with pytest.raises(GatewayTimeout):
                await airline.gateway.create_refund(await airline.order())
        fresh.advance(25 * 3600)
        airline.clock.ahead = dt.timedelta(hours=25)
        assert (await airline.send()).status is RefundStatus.SETTLED
        assert len(await at_stripe(client, airline)) == 1
        assert posts(fresh, airline.refund) == [200]


@pytest.mark.parametrize("recorded", [True, False])
async def test_a_day_later_a_request_that_stripe_never_had_is_refused_and_not_sent(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient, recorded: bool
) -> None:
    await airline.ask()
    if recorded:
        simulator.fault("lost_before", path="/v1/refunds", method="POST")
        with pytest.raises(GatewayTimeout):
            await airline.send()
    sent = len(posts(simulator, airline.refund))
    airline.clock.ahead = dt.timedelta(hours=23)
    assert (await airline.send()).status is RefundStatus.REFUSED
    assert await at_stripe(sdk, airline) == []
    assert len(posts(simulator, airline.refund)) == sent
    history = await airline.process.dispatcher.history(airline.payment)
    assert history[-1].event == RefundRefused(refund=airline.refund, code=NEVER_REACHED)
    assert airline.balance("2100") == 0


async def test_a_kept_failure_is_refused_after_an_hour_if_stripe_has_no_refund(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    await airline.ask()
    simulator.fault("refuse_stored", path="/v1/refunds", method="POST")
    for _ in range(2):
        with pytest.raises(GatewayFailure):
            await airline.send()
        assert await airline.status() is RefundStatus.UNKNOWN
    airline.clock.ahead = dt.timedelta(hours=1)
    assert (await airline.send()).status is RefundStatus.REFUSED
    assert posts(simulator, airline.refund) == [500, 500, 500]
    assert (await airline.send()).status is RefundStatus.REFUSED
    assert len(posts(simulator, airline.refund)) == 3
    assert await at_stripe(sdk, airline) == []


async def test_a_refusal_is_recorded_and_the_request_not_repeated(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    intent = (await airline.state()).captures[0].intent
    await sdk.v1.refunds.create_async({"payment_intent": intent})
    await airline.ask()
    assert (await airline.send()).status is RefundStatus.REFUSED
    assert (await airline.send()).status is RefundStatus.REFUSED
    assert posts(simulator, airline.refund) == [400]
    assert airline.balance("2100") == 0
    assert (await airline.state()).refundable(intent) == (await airline.state()).due


async def test_a_wrong_key_records_nothing_and_raises_the_alarm(
    airline: Rig, simulator: StripeSimulator
) -> None:
    await airline.ask()
    simulator.fault("refuse", path="/v1/refunds", status=403)
    with pytest.raises(GatewayMisconfigured):
        await airline.send()
    assert await airline.status() is RefundStatus.REQUESTED


async def test_a_pending_refund_is_accepted_and_checked_until_it_ends(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    simulator.control("refund_plans", status="pending")
    await airline.ask()
    accepted = await airline.send()
    assert accepted.status is RefundStatus.ACCEPTED
    assert airline.balance("2100") == 10_000
    assert (await airline.send()).status is RefundStatus.ACCEPTED
    simulator.control("refund_ends", refund=accepted.provider_refund, status="succeeded")
    assert (await airline.send()).status is RefundStatus.SETTLED
    assert airline.balance("2100") == 10_000
    assert len(await at_stripe(sdk, airline)) == 1


@pytest.mark.parametrize("end", ["failed", "canceled"])
async def test_money_that_a_bank_returned_is_owed_again(
    airline: Rig, simulator: StripeSimulator, end: str
) -> None:
    simulator.control("refund_plans", status="requires_action")
    captured = airline.balance("1010")
    await airline.ask()
    accepted = await airline.send()
    simulator.control("refund_ends", refund=accepted.provider_refund, status=end)
    assert accepted.status is RefundStatus.REQUIRES_ACTION, "the payer has to act"
    assert (await airline.send()).status is RefundStatus(end)
    assert (airline.balance("2100"), airline.balance("1010")) == (0, captured)
    intent = accepted.intent
    assert (await airline.state()).refundable(intent) == (await airline.state()).due


async def test_webhooks_in_any_order_and_number_lead_to_the_state_at_stripe(
    airline: Rig, simulator: StripeSimulator
) -> None:
    captured = airline.balance("1010")
    simulator.control("refund_plans", status="pending")
    await airline.ask()
    provider = (await airline.send()).provider_refund
    assert provider is not None
    for event in ("refund.updated", "refund.created", "refund.created"):
        await airline.process_webhook(event, provider)
    assert await airline.status() is RefundStatus.ACCEPTED
    simulator.control("refund_ends", refund=provider, status="succeeded")
    for event in ("refund.created", "refund.updated"):
        await airline.process_webhook(event, provider)
    assert await airline.status() is RefundStatus.SETTLED
    simulator.control("refund_ends", refund=provider, status="failed", reason="declined")
    for event in ("refund.failed", "refund.updated", "refund.created", "refund.failed"):
        await airline.process_webhook(event, provider)
    assert await airline.status() is RefundStatus.FAILED
    assert (airline.balance("2100"), airline.balance("1010")) == (0, captured)
    tags = [each.event.tag for each in await airline.process.dispatcher.history(airline.payment)]
    assert [tag for tag in tags if "refund" in tag] == [
        "payment.refund_requested.1",
        "payment.refund_accepted.1",
        "payment.refund_settled.1",
        "payment.refund_failed.1",
    ]


async def test_a_webhook_that_overtakes_the_answer_records_the_outcome(
    airline: Rig, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    await airline.ask()
    simulator.fault("lost", path="/v1/refunds", method="POST")
    with pytest.raises(GatewayTimeout):
        await airline.send()
    (handler,) = [each for each in HANDLERS if each.task is SendRefund]
    task, core = SendRefund(airline.payment, airline.refund), cast(Any, airline)
    assert handler.is_over is not None
    assert not await handler.is_over(core, task), "the message is tried again"
    (made,) = await at_stripe(sdk, airline)
    await airline.process_webhook("refund.created", made.id)
    assert await airline.status() is RefundStatus.SETTLED
    assert await handler.is_over(core, task), "the message ends before its next try"
    assert (await airline.send()).status is RefundStatus.SETTLED
    assert len(await at_stripe(sdk, airline)) == 1
    assert airline.balance("2100") == 10_000


async def test_a_refund_that_was_not_requested_is_not_sent(airline: Rig) -> None:
    with pytest.raises(rejections.PaymentNotFound):
        await airline.send()
    with pytest.raises(rejections.PaymentNotFound):
        await airline.refunder.send("payment-ZZZZZZ-1", "payment-ZZZZZZ-1-r1", cause=cause())
    with pytest.raises(GatewayRejected):
        await airline.process_webhook("refund.created", "re_none")


async def test_several_obligations_are_several_refunds_and_end_at_what_was_captured(
    airline: Rig, sdk: stripe.StripeClient
) -> None:
    due = (await airline.state()).due
    first = await airline.ask(PART)
    second = await airline.ask(due - PART, "rest")
    with pytest.raises(rejections.RefundExceedsCaptured):
        await airline.ask(money.Money(1, "SAR"), "more")
    for refund in (second, first):
        assert (await airline.send(refund)).status is RefundStatus.SETTLED
    made = await at_stripe(sdk, airline)
    assert sorted(each.amount for each in made) == sorted([PART.amount, due.amount - PART.amount])
    assert (airline.balance("2100"), airline.balance("1010")) == (due.amount, 0)
