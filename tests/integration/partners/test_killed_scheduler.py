"""A scheduler that is killed loses no delivery and records none that it did not see answered."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from application.partners.subscription import Subscription
from infrastructure.sealing import master_key
from tests.integration.partners.conftest import CANCELLED, CONFIRMED, Office
from tests.support.partner_server import PartnerServer

REPOSITORY = Path(__file__).parents[3]
WAIT_SECONDS = 30.0
# What the scheduler that leads does, in a process that can be killed.
SCHEDULER = """
import asyncio, datetime, os, sys
from application.partners.ports import DeliveryPorts
from infrastructure.event_store.audited_log import PostgresAuditedLog
from infrastructure.partners.sender import HttpDeliverySender
from infrastructure.partners.subscriptions import PostgresSubscriptions
from infrastructure.postgres import pool as pools
from infrastructure.sealing import master_key
from interfaces.worker.deliveries import Deliveries

def now():
    return datetime.datetime.now(datetime.UTC)

async def main():
    async with pools.make_pool(sys.argv[1], max_size=2) as pool:
        sender = HttpDeliverySender(loopback=True, clock=now)
        store = PostgresSubscriptions(pool, master_key.parse(os.environ["KEY"]))
        running = Deliveries(DeliveryPorts(store, PostgresAuditedLog(pool), sender, now, float))
        while True:
            await running.start_due()
            await asyncio.sleep(0.05)

asyncio.run(main())
"""
LOCK = "SELECT FROM partner.subscription WHERE id = %s FOR UPDATE"
WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextlib.asynccontextmanager
async def scheduler(office: Office, key: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that delivers what is due, killed on exit."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SCHEDULER, office.database.app_dsn),
        cwd=REPOSITORY,
        env={**os.environ, "KEY": key},
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def subscribed(office: Office, partner: PartnerServer) -> tuple[str, Subscription]:
    key = master_key.generated()
    office.open_with(key)
    office.changing = msgspec.structs.replace(office.changing, subscriptions=office.store)
    return key, await office.subscribe(partner)


async def test_killed_between_the_answer_and_its_record_it_repeats_the_same_delivery(
    office: Office, partner: PartnerServer, subscribed: tuple[str, Subscription]
) -> None:
    key, subscription = subscribed
    office.append(CONFIRMED, CANCELLED)
    with psycopg.connect(office.database.owner_dsn) as holder:
        # Whoever delivers reads the subscription and cannot record the answer.
        holder.execute(LOCK, (subscription.id,))
        async with scheduler(office, key):
            await partner.reached(2)
            async with asyncio.timeout(WAIT_SECONDS):
                while office.rows(f"SELECT pid {WAITING}") == []:  # noqa: ASYNC110 - in another process
                    await asyncio.sleep(0.02)
        # The statement of a process that is gone could still be carried out.
        office.rows(f"SELECT pg_terminate_backend(pid) {WAITING}")
        holder.rollback()
    assert len(partner.ids) == 1
    assert (await office.read(subscription)).delivered == 0
    office.append(CONFIRMED)
    async with scheduler(office, key):
        await partner.reached(3)
    assert partner.taken == [1, 2, 3]
    assert [each["after"] for each in partner.bodies][:2] == [0, 0]


async def test_killed_before_the_answer_it_sends_the_delivery_again(
    office: Office, partner: PartnerServer, subscribed: tuple[str, Subscription]
) -> None:
    key, subscription = subscribed
    office.append(CONFIRMED)
    partner.behaviour = ["slow"]
    async with scheduler(office, key), asyncio.timeout(WAIT_SECONDS):
        while not partner.requests:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.02)
    killed = await office.read(subscription)
    assert (killed.delivered, killed.tries) == (0, 0)
    async with scheduler(office, key):
        await partner.reached(1)
    first, second, *_ = (each["webhook-id"] for each in partner.requests)
    assert first == second
    assert partner.taken == [1]
