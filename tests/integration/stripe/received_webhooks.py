"""One process that receives the simulator's events, each delivered by the test when it likes."""

import copy
import datetime as dt
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import psycopg
import stripe

from application.booking.learn_disputes import DisputeLearner
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.payment.check_captures import CaptureChecker
from application.payment.collect import Collector, ReturnUrls
from application.payment.process_event import ProcessStripeEvents, StoredEventProcessor
from application.payment.receive_event import EventInbox, EventReceiver, Received
from application.payment.refunding import Refunder
from domain.payment.state import Payment
from infrastructure.postgres.inbox import StripeInbox
from infrastructure.sealing import master_key
from infrastructure.sealing.vault import SubjectVault
from infrastructure.stripe import webhook
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe.test_refunding import cause
from tests.support.airline import attempt_of, payment_of
from tests.support.postgres_airline import PostgresAirline, postgres_airline, utc_now
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import UNLIMITED, WEBHOOK_SECRET, StripeSimulator
from tests.support.unused_settlement import UnusedSettlement

Event = dict[str, Any]


class Webhooks(msgspec.Struct, frozen=True):
    """A booking whose session is open, and what receives and processes events about it."""

    airline: PostgresAirline
    receiver: EventReceiver
    store: StripeInbox
    processor: StoredEventProcessor
    collector: Collector
    refunder: Refunder
    checker: CaptureChecker
    simulator: StripeSimulator
    booking: str
    session: str
    dsn: str
    asked_before: frozenset[str]

    @property
    def payment(self) -> str:
        """The stream of the booking's payment."""
        return payment_of(self.booking)

    async def deliver(self, event: Event, *, to: EventReceiver | None = None) -> Received:
        """Receive the event, signed as Stripe signs it."""
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)
        return await (to or self.receiver).receive(body.encode(), signature)

    async def work(self) -> list[str]:
        """Process what is due, as the worker does; return the ids."""
        claimed = await self.store.claim(again_after_seconds=60, limit=100)
        await self.processor.process(ProcessStripeEvents(tuple(claimed)))
        return claimed

    async def state(self) -> Payment:
        """Return the payment now."""
        found = (await self.airline.dispatcher.current(stream_kinds.PAYMENT, self.payment))[0]
        assert found is not None
        return found

    async def captures(self) -> int:
        """Return how many captures are recorded."""
        return len((await self.state()).captures)

    async def row(self, event: Event) -> str | None:
        """Return the state of the event's row; None where it has none."""
        found = await self.store.read(event["id"])
        return None if found is None else found.state

    def change(self, statement: str) -> None:
        """Change all rows as time would."""
        with psycopg.connect(self.dsn) as connection:
            connection.execute(f"UPDATE inbox.stripe_event SET {statement}".encode())

    def calls(self) -> list[tuple[str, str]]:
        """Return what the process has asked Stripe since the checkout began."""
        return [
            (each["method"], each["path"])
            for each in self.simulator.requests()
            if each["id"] not in self.asked_before and each["path"] != "/v1/events"
        ]

    def events(self, *types: str) -> list[Event]:
        """Return Stripe's events about the booking of these types, in order; copies."""
        answer = httpx.get(
            f"{self.simulator.url}/v1/events",
            params={"limit": 100, **{f"types[{n}]": name for n, name in enumerate(types)}},
            auth=(self.simulator.api_key, ""),
            verify=False,
        )
        found = [
            event
            for event in reversed(answer.json()["data"])
            if event["data"]["object"].get("metadata", {}).get("payment") == self.payment
        ]
        return copy.deepcopy(found)

    def event(self, name: str) -> Event:
        """Return the only event of this type about the booking."""
        (found,) = self.events(name)
        return found


def learner(
    bus: CommandBus, gateway: StripePaymentGateway, collector: Collector, refunder: Refunder
) -> DisputeLearner:
    """What asks Stripe about disputes."""
    return DisputeLearner(
        bus=bus, disputes=gateway.disputes, collector=collector, refunder=refunder
    )


def receiver_on(airline: PostgresAirline, inbox: EventInbox) -> EventReceiver:
    """What receives webhooks into this inbox."""
    keys = master_key.parse(master_key.generated())
    return EventReceiver(
        inbox=inbox,
        vault=SubjectVault(airline.pool, keys, monotonic=time.monotonic, time_ns=time.time_ns),
        bus=airline.dispatcher,
        verify=lambda body, signature: webhook.verify(
            body, signature, [WEBHOOK_SECRET], dt.datetime.now(dt.UTC), livemode=False
        ),
    )


@asynccontextmanager
async def receiving_webhooks(
    database: TestDatabase,
    simulator: StripeSimulator,
    *,
    app_dsn: str | None = None,
    flight: str = "SV1",
) -> AsyncIterator[Webhooks]:
    """Yield webhooks whose booking has an open session; `app_dsn` may lead over another line."""
    gateway = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=60, limits=UNLIMITED
    )
    async with postgres_airline(app_dsn or database.app_dsn) as airline:
        bus = airline.dispatcher
        collector = Collector(
            bus=bus,
            payments=gateway,
            clock=utc_now,
            urls=ReturnUrls(success="http://127.0.0.1/paid", cancel="http://127.0.0.1/unpaid"),
            describe=lambda booking: booking,
        )
        checker = CaptureChecker(bus=bus, payments=gateway)
        refunder = Refunder(bus=bus, payments=gateway, collector=collector, clock=utc_now)
        store = StripeInbox(airline.pool)
        receiver = receiver_on(airline, store)
        processor = StoredEventProcessor(
            inbox=store,
            collector=collector,
            refunder=refunder,
            settlement=UnusedSettlement(),
            disputes=learner(bus, gateway, collector, refunder),
        )
        booking = await airline.book(await airline.schedule(flight, seats=3))
        payment, attempt = await airline.checkout(booking)
        before = frozenset(each["id"] for each in simulator.requests())
        opened = await collector.open_session(payment, attempt, cause=cause())
        assert opened.session is not None
        assert attempt == attempt_of(booking)
        yield Webhooks(
            airline,
            receiver,
            store,
            processor,
            collector,
            refunder,
            checker,
            simulator,
            booking,
            opened.session,
            database.owner_dsn,
            before,
        )
    await gateway.close()
