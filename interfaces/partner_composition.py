"""Builds what subscriptions of partners need, for the web role, the scheduler and `ais partner`."""

import os
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.partners.ports import DeliveryPorts, SubscriptionPorts
from infrastructure.event_store.audited_log import PostgresAuditedLog
from infrastructure.partners.sender import HttpDeliverySender
from infrastructure.partners.subscriptions import PostgresSubscriptions
from infrastructure.postgres.pool import Pool
from infrastructure.sealing.master_key import MasterKeys
from interfaces.composition import Core, utc_now
from interfaces.settings import Settings


def subscriptions_on(pool: Pool, keys: MasterKeys, settings: Settings) -> SubscriptionPorts:
    """Return what changes and reads subscriptions."""
    return SubscriptionPorts(
        subscriptions=PostgresSubscriptions(pool, keys),
        log=PostgresAuditedLog(pool),
        new_id=lambda: f"sub_{secrets.token_hex(12)}",
        random_bytes=os.urandom,
        clock=utc_now,
        loopback=settings.partner_loopback,
    )


@asynccontextmanager
async def open_deliveries(core: Core) -> AsyncIterator[DeliveryPorts]:
    """Open what delivers; close its connections on exit."""
    sender = HttpDeliverySender(loopback=core.settings.partner_loopback, clock=core.clock)
    try:
        yield DeliveryPorts(
            subscriptions=PostgresSubscriptions(core.pool, core.keys),
            log=PostgresAuditedLog(core.pool),
            sender=sender,
            clock=core.clock,
            chance=random.random,
        )
    finally:
        await sender.close()
