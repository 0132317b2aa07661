"""Tasks that failed for good are listed and tried again, from the outbox and from Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import dramatiq
import psycopg
import pytest
from dramatiq.brokers.redis import RedisBroker

from application.failed_tasks import list_failed, try_failed_again
from infrastructure.identity import tokens
from infrastructure.postgres.failed_tasks import OutboxFailedTasks
from infrastructure.postgres.outbox import Outbox
from infrastructure.postgres.pool import make_pool
from infrastructure.redis.dead_letters import DeadLetters
from infrastructure.redis.queue import QUEUE_NAME, RedisTaskQueue, make_broker
from infrastructure.sealing import master_key
from interfaces.cli import tasks as command
from tests.support.servers import TestDatabase


@pytest.fixture
def broker(valkey_url: str) -> Iterator[RedisBroker]:
    """A broker on an empty queue."""
    found = make_broker(valkey_url)
    found.declare_queue(QUEUE_NAME)
    found.flush_all()
    yield found
    found.flush_all()
    found.close()


@pytest.fixture
async def outbox(database: TestDatabase) -> AsyncIterator[tuple[Outbox, OutboxFailedTasks]]:
    """An outbox with one unsent message and two that failed."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        for topic, failed in (("mail.a", True), ("mail.b", True), ("mail.c", False)):
            connection.execute(
                "INSERT INTO ledger.outbox (topic, body, sent_at, failed_at) VALUES (%s, "
                """'{"booking_id": "booking-ABC234"}', """
                "CASE WHEN %s THEN now() END, CASE WHEN %s THEN now() END)",
                (topic, failed, failed),
            )
    async with make_pool(database.app_dsn) as pool:
        yield Outbox(pool), OutboxFailedTasks(pool)


async def test_tasks_of_the_outbox_are_listed_and_tried_again(
    outbox: tuple[Outbox, OutboxFailedTasks],
) -> None:
    queue, failed = outbox
    found = await list_failed([failed], limit=10)
    assert [(each.topic, each.body) for each in found] == [
        ("mail.a", {"booking_id": "booking-ABC234"}),
        ("mail.b", {"booking_id": "booking-ABC234"}),
    ]
    assert await try_failed_again([failed], chosen=["mail.b"], limit=10) == 1
    assert [each.topic for each in await list_failed([failed], limit=10)] == ["mail.a"]
    assert [each.topic for each in await queue.unsent(limit=10)] == ["mail.b", "mail.c"]
    assert await failed.try_again(found) == 1  # the other one is unsent by now
    assert await list_failed([failed], limit=10) == []


async def test_dead_letters_of_workers_are_carried_out_when_tried_again(
    broker: RedisBroker,
) -> None:
    works = False
    done: list[dict[str, Any]] = []
    carried_out, loop = asyncio.Event(), asyncio.get_running_loop()

    def act(**body: Any) -> None:
        if not works:
            raise RuntimeError("the mail system is away")
        done.append(body)
        loop.call_soon_threadsafe(carried_out.set)

    dramatiq.actor(actor_name="mail.a", queue_name=QUEUE_NAME, broker=broker, max_retries=0)(act)
    letters = DeadLetters(broker)
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
    worker.start()
    try:
        await RedisTaskQueue(broker).enqueue("mail.a", {"booking_id": "booking-ABC234"})
        found = await _until_there_are(letters, 1)
        assert (found[0].topic, found[0].body) == ("mail.a", {"booking_id": "booking-ABC234"})
        works = True
        assert await try_failed_again([letters], chosen=["mail.other"], limit=10) == 0
        assert await try_failed_again([letters], chosen=[found[0].id], limit=10) == 1
        assert await _until_there_are(letters, 0) == []
        async with asyncio.timeout(10):
            await carried_out.wait()
        assert done == [{"booking_id": "booking-ABC234"}]
        assert await letters.try_again(found) == 0
    finally:
        worker.stop()


def test_the_command_lists_and_retries(
    database: TestDatabase,
    outbox: tuple[Outbox, OutboxFailedTasks],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del outbox
    settings = {
        "AIS_DATABASE_URL": database.app_dsn,
        "AIS_MASTER_KEY": master_key.generated(),
        "AIS_TOKEN_KEY": tokens.generated(),
        "AIS_STRIPE_API_KEY": "sk_test_x",
        "AIS_STRIPE_WEBHOOK_SECRETS": "whsec_x",
        "AIS_PUBLIC_URL": "http://127.0.0.1:1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert command.failed() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["mail.a", "mail.b"]
    assert command.retry() == 0
    assert capsys.readouterr().out == "2 tried again\n"


async def _until_there_are(letters: DeadLetters, count: int) -> Any:
    async with asyncio.timeout(10):
        while len(found := await letters.oldest(limit=10)) != count:  # noqa: ASYNC110 - in Redis
            await asyncio.sleep(0.05)
    return found
