"""Stored Stripe events on Postgres and the simulator: none is lost while Stripe is away."""

import datetime as dt
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import psycopg
import pytest
import stripe

from application.payment import event_retries, replay_event
from application.payment.gateway import CheckoutRequest
from application.payment.process_event import ProcessStripeEvents, StoredEventProcessor
from application.payment.receive_event import EventReceiver, Received
from domain.payment import rejections
from infrastructure.postgres import pool as pools
from infrastructure.postgres.inbox import StripeInbox
from infrastructure.sealing import master_key
from infrastructure.sealing.vault import SubjectVault
from infrastructure.stripe import webhook
from infrastructure.stripe.version import API_VERSION
from tests.integration.stripe.test_gateway import checkout_request
from tests.integration.stripe.test_refunding import Rig, paid
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import WEBHOOK_SECRET, StripeSimulator
from tests.support.unused_settlement import UnusedSettlement


class Inbox(msgspec.Struct, frozen=True):
    """The inbox of one database: what arrives, what the worker does with it."""

    store: StripeInbox
    receiver: EventReceiver
    processor: StoredEventProcessor
    rig: Rig
    dsn: str

    async def receive(self, event_id: str, **fields: Any) -> Received:
        """Receive a signed event about the paid session."""
        session = (await self.rig.state()).attempts[0].session
        content = {
            "id": event_id,
            "object": "event",
            "type": "checkout.session.completed",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": session, "object": "checkout.session"}},
            **fields,
        }
        body = json.dumps(content)
        signature = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)
        return await self.receiver.receive(body.encode(), signature)

    async def work(self) -> list[str]:
        """Claim what is due and process it; return the ids."""
        claimed = await self.store.claim(again_after_seconds=60, limit=100)
        await self.processor.process(ProcessStripeEvents(tuple(claimed)))
        return claimed

    async def state(self, event_id: str) -> str:
        """Return the state of the event."""
        found = await self.store.read(event_id)
        assert found is not None
        return found.state

    def change(self, statement: str) -> None:
        """Change all rows as time would."""
        with psycopg.connect(self.dsn) as connection:
            connection.execute(f"UPDATE inbox.stripe_event SET {statement}".encode())


@pytest.fixture
async def inbox(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Inbox]:
    pool = pools.make_pool(database.app_dsn)
    await pool.open()
    keys = master_key.parse(master_key.generated())
    vault = SubjectVault(pool, keys, monotonic=time.monotonic, time_ns=time.time_ns)
    store = StripeInbox(pool)
    async with paid(database, simulator) as rig:
        yield Inbox(
            store,
            EventReceiver(
                inbox=store,
                vault=vault,
                bus=rig.process.dispatcher,
                verify=lambda body, signature: webhook.verify(
                    body, signature, [WEBHOOK_SECRET], dt.datetime.now(dt.UTC), livemode=False
                ),
            ),
            StoredEventProcessor(
                inbox=store,
                collector=rig.collector,
                refunder=rig.refunder,
                settlement=UnusedSettlement(),
                disputes=rig.disputes,
            ),
            rig,
            database.owner_dsn,
        )
    await pool.close()


async def second_capture(inbox: Inbox, simulator: StripeSimulator) -> str:
    """Pay another session of the booking, which only an event reports; return its id."""
    rig = inbox.rig
    session = await rig.gateway.open_checkout(another_checkout(rig))
    simulator.pay(session.id)
    return session.id


def another_checkout(rig: Rig) -> CheckoutRequest:
    """Return the order of another session of the booking's first attempt."""
    return msgspec.structs.replace(
        checkout_request(), booking=rig.booking, payment=rig.payment, attempt=f"{rig.payment}-a1"
    )


async def captures(inbox: Inbox) -> int:
    return len((await inbox.rig.state()).captures)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_payment_reported_while_stripe_is_away_is_recorded_once_stripe_is_back(
    inbox: Inbox, simulator: StripeSimulator, status: int
) -> None:
    session = await second_capture(inbox, simulator)
    await inbox.receive("evt_1", data={"object": {"id": session, "object": "checkout.session"}})
    simulator.fault("refuse", status=status, method="GET", times=1000)
    for _ in range(event_retries.TRY_LIMIT + 5):
        assert await inbox.work() == ["evt_1"]
        assert await inbox.work() == [], "a waiting event is not asked about at once"
        inbox.change("due_at = clock_timestamp()")
    assert (await inbox.state("evt_1"), await captures(inbox)) == ("new", 1)
    simulator.control("faults", "DELETE")
    await inbox.work()
    assert (await inbox.state("evt_1"), await captures(inbox)) == ("done", 2)


async def test_an_event_waits_for_days_and_is_parked_only_then(
    inbox: Inbox, simulator: StripeSimulator
) -> None:
    await inbox.receive("evt_1")
    simulator.fault("refuse", status=503, method="GET", times=1000)
    await inbox.work()
    for age, state in (("71 hours", "new"), ("73 hours", "parked")):
        inbox.change(
            f"due_at = clock_timestamp(), waiting_since = clock_timestamp() - interval '{age}'"
        )
        await inbox.work()
        assert await inbox.state("evt_1") == state


async def test_stripes_own_resend_of_an_unfinished_event_works_it_off_at_once(
    inbox: Inbox, simulator: StripeSimulator
) -> None:
    assert await inbox.receive("evt_1") == "fresh"
    assert await inbox.receive("evt_1") == "duplicate"
    simulator.fault("refuse", status=503, method="GET", times=1)
    await inbox.work()
    assert await inbox.receive("evt_1") == "resumed"
    assert await inbox.work() == ["evt_1"]
    assert await inbox.state("evt_1") == "done"
    assert await inbox.receive("evt_1") == "duplicate"
    assert await inbox.work() == []


@pytest.mark.parametrize("again", ["resend", "replay"])
async def test_a_parked_event_is_listed_and_works_when_it_is_sent_or_replayed_again(
    inbox: Inbox, again: str
) -> None:
    await inbox.receive("evt_1")
    inbox.change("state = 'parked', reason = 'ValueError', tries = 10")
    (listed,) = await replay_event.parked_events(inbox.store)
    assert (listed.id, listed.reason) == ("evt_1", "ValueError")
    assert await inbox.work() == []
    if again == "resend":
        assert await inbox.receive("evt_1") == "resumed"
    else:
        assert (await replay_event.replay_event(inbox.store, "evt_1")).state == "new"
    await inbox.work()
    assert await inbox.state("evt_1") == "done"
    assert await replay_event.parked_events(inbox.store) == []
    assert (await replay_event.replay_event(inbox.store, "evt_1")).state == "done"
    with pytest.raises(rejections.EventNotFound):
        await replay_event.replay_event(inbox.store, "evt_unknown")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"booking": "booking-ZZZZZZ"},
        {"booking": "booking-ZZZZZZ", "payment": "payment-ZZZZZZ-1", "attempt": "a1"},
        {"booking": "42", "payment": "a gift card", "attempt": "1"},
        {"booking": "flight-SV1-2026-11-24", "payment": "booking-ZZZZZZ", "attempt": "1"},
    ],
)
async def test_money_that_matches_no_payment_is_in_the_books_once_and_raises_an_alarm(
    inbox: Inbox,
    sdk: stripe.StripeClient,
    caplog: pytest.LogCaptureFixture,
    metadata: dict[str, str],
) -> None:
    intent = await sdk.v1.payment_intents.create_async(
        {
            "amount": 5_000,
            "currency": "sar",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "metadata": metadata,
        }
    )
    about = {"object": {"id": intent.id, "object": "payment_intent"}}
    for event in ("evt_1", "evt_2"):
        await inbox.receive(event, type="payment_intent.succeeded", data=about)
        await inbox.work()
        assert await inbox.state(event) == "done"
    assert await replay_event.parked_events(inbox.store) == []
    with psycopg.connect(inbox.dsn) as connection:
        posted = connection.execute(
            "SELECT account, amount FROM ledger.posting WHERE booking = %s ORDER BY 1", (intent.id,)
        ).fetchall()
    assert posted == [("1010", 5_000), ("2020", -5_000)]
    assert "CRITICAL" in [each.levelname for each in caplog.records]


async def test_an_unknown_object_is_asked_about_once(
    inbox: Inbox, simulator: StripeSimulator
) -> None:
    before = len(simulator.requests())
    missing = {"object": {"id": "cs_test_missing", "object": "checkout.session"}}
    await inbox.receive("evt_1", data=missing)
    await inbox.work()
    inbox.change("enqueued_at = NULL")
    assert await inbox.work() == []
    assert await inbox.state("evt_1") == "ignored"
    assert len(simulator.requests()) == before + 1


async def test_a_rendering_that_cannot_be_used_does_not_use_up_the_id_of_the_event(
    inbox: Inbox,
) -> None:
    thin = {"object": {"id": "SUMMER-26", "object": "coupon"}}
    assert await inbox.receive("evt_1", data=thin, api_version="2026-11-25.endive") == "fresh"
    assert await inbox.state("evt_1") == "ignored"
    assert await inbox.receive("evt_1") == "resumed"
    await inbox.work()
    assert await inbox.state("evt_1") == "done"
    assert await inbox.receive("evt_1", data=thin) == "duplicate"
    assert await inbox.state("evt_1") == "done"


async def test_an_event_of_another_release_is_worked_off_by_fetching_its_object(
    inbox: Inbox, simulator: StripeSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    session = await second_capture(inbox, simulator)
    about = {"object": {"id": session, "object": "checkout.session"}}
    await inbox.receive("evt_1", data=about, api_version="2026-11-25.endive")
    assert "2026-11-25.endive" in caplog.text
    await inbox.work()
    assert (await inbox.state("evt_1"), await captures(inbox)) == ("done", 2)
    assert await inbox.receive("evt_1", data=about) == "duplicate"


async def test_many_events_are_claimed_read_and_recorded_by_three_queries(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"evt_{number}" for number in range(16)]
    for name in names:
        unknown = {"object": {"id": f"re_{name}", "object": "refund"}}
        await inbox.receive(name, type="refund.updated", data=unknown)
    queries: list[str] = []
    execute = StripeInbox._execute

    async def counted(store: StripeInbox, query: str, parameters: Any) -> Any:
        queries.append(query)
        return await execute(store, query, parameters)

    monkeypatch.setattr(StripeInbox, "_execute", counted)
    assert sorted(await inbox.work()) == sorted(names)
    assert len(queries) == 3
    backwards = names[::-1]
    assert [each.id for each in await inbox.store.read_all([*backwards, "evt_x"])] == backwards
    assert {await inbox.state(name) for name in names} == {"ignored"}
