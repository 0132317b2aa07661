"""Subscriptions and deliveries over a real database, with a clock that tests move."""

import datetime as dt
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import psycopg
import pytest

from application.partners.add_subscription import AddSubscription, add_subscription
from application.partners.deliver_events import deliver_events
from application.partners.ports import By, DeliveryPorts, SubscriptionPorts
from application.partners.subscription import Subscription
from infrastructure.event_store.audited_log import PostgresAuditedLog
from infrastructure.partners.sender import HttpDeliverySender
from infrastructure.partners.subscriptions import PostgresSubscriptions
from infrastructure.postgres import pool as pools
from infrastructure.sealing import master_key
from tests.support.partner_server import PartnerServer, running_partner
from tests.support.servers import TestDatabase

BY = By("admin:user_1", "cor_1")
KEYS = master_key.parse(master_key.generated())
# A real partner has ten seconds.
SEND_SECONDS = 1.0
INSERT = (
    "INSERT INTO ledger.event (position, stream, version, tag, recorded_at, actor, command_id, "
    "correlation_id, payload) SELECT coalesce(max(position), 0) + 1, %s, "
    "coalesce(max(version) FILTER (WHERE stream = %s), 0) + 1, %s, now(), 'customer:user_9', "
    "gen_random_uuid(), 'c', %s FROM ledger.event"
)
CONFIRMED, CANCELLED, HELD = (
    *("booking.confirmed.1", "booking.cancelled.1"),
    "flight.seats_held.1",
)


class Office:
    """What an admin and the scheduler do."""

    def __init__(
        self, pool: pools.Pool, database: TestDatabase, sender: HttpDeliverySender
    ) -> None:
        self.database = database
        self.pool = pool
        self.now = dt.datetime.now(dt.UTC)
        self.chance = 0.0
        self.store = PostgresSubscriptions(pool, KEYS)
        log = PostgresAuditedLog(pool)
        self.changing = SubscriptionPorts(
            subscriptions=self.store,
            log=log,
            new_id=lambda: f"sub_{secrets.token_hex(12)}",
            random_bytes=os.urandom,
            clock=lambda: self.now,
            loopback=True,
        )
        self.delivering = DeliveryPorts(
            subscriptions=self.store,
            log=log,
            sender=sender,
            clock=lambda: self.now,
            chance=lambda: self.chance,
        )

    def open_with(self, key: str) -> None:
        """Deliver with this master key from now on."""
        self.store = PostgresSubscriptions(self.pool, master_key.parse(key))
        self.delivering = msgspec.structs.replace(self.delivering, subscriptions=self.store)

    async def subscribe(
        self, partner: PartnerServer, *types: str, name: str = "Hotel hub"
    ) -> Subscription:
        """Subscribe the partner, who notes secret and position."""
        command = AddSubscription(name, partner.url, types or None)
        added = await add_subscription(command, BY, self.changing)
        partner.secrets.insert(0, added.secret)
        partner.position = added.subscription.delivered
        return added.subscription

    async def deliver(self, subscription: Subscription) -> Subscription:
        """Deliver what is due; return the subscription as it is then."""
        await deliver_events(subscription.id, self.delivering, may_go_on=lambda: True)
        return await self.read(subscription)

    async def read(self, subscription: Subscription) -> Subscription:
        """The subscription as it is now."""
        found = await self.store.find(subscription.id)
        assert found is not None
        return found

    def append(self, *tags: str, payload: dict[str, Any] | None = None) -> None:
        """Put events into the log as its owner may."""
        body = msgspec.json.encode(payload or {"note": "x"})
        with psycopg.connect(self.database.owner_dsn) as connection:
            for tag in tags:
                connection.execute(INSERT, ("booking-ABC234", "booking-ABC234", tag, body))

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """What the owner of the database reads."""
        with psycopg.connect(self.database.owner_dsn) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
async def office(database: TestDatabase) -> AsyncIterator[Office]:
    pool = pools.make_pool(database.app_dsn, max_size=4)
    sender = HttpDeliverySender(
        loopback=True, clock=lambda: dt.datetime.now(dt.UTC), seconds=SEND_SECONDS
    )
    async with pool:
        yield Office(pool, database, sender)
    await sender.close()


@pytest.fixture
async def partner() -> AsyncIterator[PartnerServer]:
    async with running_partner() as running:
        yield running
