"""Events that Stripe could not deliver are stored from its own list, once, and take effect."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import pytest
import stripe

from application.payment.backfill_events import Backfilled, BackfillEvents, EventBackfill
from application.payment.gateway import GatewayUnavailable
from application.payment.read_events import EventQuestion, find_events, read_event
from domain.payment import rejections
from infrastructure.postgres.outbox import ProcessCheckpoints
from infrastructure.postgres.stripe_event_answers import StripeEventAnswers
from infrastructure.sealing import master_key
from infrastructure.sealing.vault import SubjectVault
from infrastructure.stripe.gateway import StripePaymentGateway
from interfaces.composition import Core
from interfaces.worker.timers import backfill_stripe_events
from tests.integration.stripe.received_webhooks import Webhooks, receiving_webhooks
from tests.integration.stripe.receiver import WebhookReceiver
from tests.support.postgres_airline import utc_now
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator

# Nobody listens there: every delivery fails.
OUT_OF_REACH = "http://127.0.0.1:9/webhooks"
HOUR = dt.timedelta(hours=1)
CAPTURED = "payment_intent.succeeded"


@pytest.fixture
async def webhooks(
    database: TestDatabase, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> AsyncIterator[Webhooks]:
    """A paid session whose events cannot be delivered."""
    endpoint = await sdk.v1.webhook_endpoints.create_async(
        {"url": OUT_OF_REACH, "enabled_events": ["*"]}
    )
    async with receiving_webhooks(database, simulator) as found:
        simulator.pay(found.session)
        yield found
    await sdk.v1.webhook_endpoints.delete_async(endpoint.id)


def backfill_of(webhooks: Webhooks, gateway: StripePaymentGateway) -> EventBackfill:
    """What reads Stripe's list into the inbox of these webhooks."""
    pool = webhooks.airline.pool
    keys = master_key.parse(master_key.generated())
    return EventBackfill(
        stripe=gateway.events,
        inbox=webhooks.store,
        vault=SubjectVault(pool, keys, monotonic=time.monotonic, time_ns=time.time_ns),
        checkpoints=ProcessCheckpoints(pool),
        clock=utc_now,
    )


@pytest.fixture
def backfill(webhooks: Webhooks, gateway: StripePaymentGateway) -> EventBackfill:
    return backfill_of(webhooks, gateway)


async def stored_since_an_hour(backfill: EventBackfill, *, everything: bool = False) -> Backfilled:
    return await backfill.store_stretch(
        utc_now() - HOUR, None, undelivered_only=not everything, progress=lambda _: None
    )


def await_deliveries(simulator: StripeSimulator) -> None:
    """Wait until no delivery is under way."""
    while any(each["state"] == "waiting" for each in simulator.deliveries()):
        time.sleep(0.02)


async def test_what_could_not_be_delivered_is_stored_and_takes_effect_once(
    webhooks: Webhooks, backfill: EventBackfill
) -> None:
    assert await webhooks.captures() == 0
    assert await backfill.store_undelivered() > 0
    await webhooks.work()
    assert await webhooks.captures() == 1
    await webhooks.deliver(webhooks.event(CAPTURED))
    await webhooks.work()
    assert await webhooks.captures() == 1


async def test_the_timer_stores_what_is_missing_and_leaves_the_rest_to_the_next_time(
    webhooks: Webhooks, backfill: EventBackfill, caplog: pytest.LogCaptureFixture
) -> None:
    core = cast(Core, SimpleNamespace(backfill=backfill))
    webhooks.simulator.fault("refuse", status=503, path="/v1/events", times=20)
    await backfill_stripe_events.backfill(core, BackfillEvents())
    assert "wait: GatewayNotExecuted" in caplog.text or "wait: GatewayUnavailable" in caplog.text
    webhooks.simulator.control("faults", "DELETE")
    await backfill_stripe_events.backfill(core, BackfillEvents())
    assert "were not delivered and are stored now" in caplog.text
    await webhooks.work()
    assert await webhooks.captures() == 1


async def test_a_second_backfill_finds_nothing_new_and_costs_one_call(
    webhooks: Webhooks, backfill: EventBackfill
) -> None:
    await backfill.store_undelivered()
    before = len(webhooks.simulator.requests())
    assert await backfill.store_undelivered() == 0
    asked = [each["path"] for each in webhooks.simulator.requests()[before:]]
    assert asked == ["/v1/events"]


async def test_delivered_events_are_listed_only_when_everything_is_asked_for(
    database: TestDatabase,
    simulator: StripeSimulator,
    gateway: StripePaymentGateway,
    receiver: WebhookReceiver,
) -> None:
    async with receiving_webhooks(database, simulator) as found:
        simulator.pay(found.session)
        await receiver.wait_for(1, type_prefix=CAPTURED)
        await asyncio.to_thread(await_deliveries, simulator)
        reading = backfill_of(found, gateway)
        await stored_since_an_hour(reading)
        assert await found.row(found.event(CAPTURED)) is None
        # A restored database lacks what was delivered since its backup.
        listed = await stored_since_an_hour(reading, everything=True)
        assert await found.row(found.event(CAPTURED)) == "new"
        assert listed.listed > listed.concerning >= listed.new > 0


async def test_what_was_listed_before_stripe_went_away_is_stored_and_the_rest_comes_later(
    webhooks: Webhooks, backfill: EventBackfill
) -> None:
    webhooks.simulator.fault("refuse", status=503, path="/v1/events", times=20)
    with pytest.raises(GatewayUnavailable):
        await backfill.store_undelivered()
    webhooks.simulator.control("faults", "DELETE")
    await backfill.store_undelivered()
    await webhooks.work()
    assert await webhooks.captures() == 1


async def test_an_operator_reads_what_was_done_with_an_event(
    webhooks: Webhooks, backfill: EventBackfill
) -> None:
    await backfill.store_undelivered()
    event = webhooks.event(CAPTURED)["id"]
    answers = StripeEventAnswers(webhooks.airline.pool)
    assert (await read_event(answers, event)).effects == []
    await webhooks.work()
    # Both events report the payment; what the first one changed, the other finds done.
    both = [event, webhooks.event("checkout.session.completed")["id"]]
    found = [await read_event(answers, each) for each in both]
    assert {each.event.state for each in found} == {"done"}
    tags = [effect.tag for each in found for effect in each.effects]
    assert tags[:2] == ["payment.captured.1", "booking.paid.1"]
    assert len(tags) == len(set(tags))
    page = await find_events(answers, EventQuestion(type=CAPTURED))
    assert event in [each.id for each in page.events]
    with pytest.raises(rejections.EventNotFound):
        await read_event(answers, "evt_unknown")


async def test_pages_of_events_follow_each_other_without_gap_or_repetition(
    webhooks: Webhooks, backfill: EventBackfill
) -> None:
    await backfill.store_undelivered()
    answers = StripeEventAnswers(webhooks.airline.pool)
    everything = await find_events(answers, EventQuestion(limit=200))
    read, before = [], None
    while True:
        page = await find_events(answers, EventQuestion(limit=2, before=before))
        read += page.events
        if page.next_before is None:
            break
        before = page.next_before
    assert read == everything.events
    assert len(read) > 2
