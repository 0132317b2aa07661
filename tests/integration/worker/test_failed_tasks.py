"""Tasks that failed for good are listed and tried again, from the outbox and from Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from unittest.mock import Mock

import dramatiq
import psycopg
import pytest
from dramatiq.brokers.redis import RedisBroker
from psycopg.types.json import Jsonb

from application import ports
from application.failed_tasks import list_failed, try_failed_again
from application.modes.current_modes import CurrentModes
from infrastructure.identity import tokens
from infrastructure.postgres.failed_tasks import OutboxFailedTasks
from infrastructure.postgres.outbox import Outbox
from infrastructure.postgres.pool import make_pool
from infrastructure.redis.dead_letters import DeadLetters
from infrastructure.redis.queue import QUEUE_NAME, RedisTaskQueue, make_broker
from infrastructure.sealing import master_key
from interfaces.cli import tasks as command
from interfaces.composition import Core
from interfaces.worker import local_queue
from interfaces.worker.local_queue import LocalQueue
from interfaces.worker.task_handler import TaskHandler
from tests.support.servers import TestDatabase

OPEN = SimpleNamespace(current=CurrentModes())

# One of twenty looks for workers that are gone: the chance that none of these does is 1 to 5e6.
FETCHES = 300


class Print(ports.BackgroundTask, frozen=True):
    """A task of this test."""

    topic: ClassVar[str] = "print"
    page: str


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


async def test_what_a_killed_worker_had_taken_is_carried_out_by_another(
    broker: RedisBroker, valkey_url: str
) -> None:
    await RedisTaskQueue(broker).enqueue("mail.a", {"booking_id": "booking-ABC234"})
    killed = make_broker(valkey_url)
    taken = cast("Any", killed).do_fetch(QUEUE_NAME, 1)
    assert len(taken) == 1
    heartbeats = f"{broker.namespace}:__heartbeats__"
    broker.client.zadd(heartbeats, {killed.broker_id: 0})  # silent since 1970
    # A worker asks once a second when it is idle: another has the letter within minutes.
    fetches = (cast("Any", broker).do_fetch(QUEUE_NAME, 1) for _ in range(FETCHES))
    assert next((fetched for fetched in fetches if fetched), None) == taken
    killed.close()


@pytest.fixture
def configured(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of an operator's command on the database of the test."""
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


@pytest.mark.usefixtures("outbox", "configured")
def test_the_command_lists_and_retries(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.failed() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["mail.a", "mail.b"]
    assert command.retry() == 0
    assert capsys.readouterr().out == "2 tried again\n"


@pytest.mark.usefixtures("configured")
async def test_a_task_that_failed_for_good_is_found_and_carried_out_once_by_the_command(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(local_queue, "retry_pause_seconds", lambda _: 0.0)
    works = False
    done: list[str] = []

    async def act(core: Any, task: Print) -> None:
        if not works:
            raise ValueError("no ink")
        done.append(task.page)

    _store(database, "print", page="p1")
    async with make_pool(database.app_dsn) as pool:
        core = cast(Core, SimpleNamespace(outbox=Outbox(pool), follower=Mock(), modes=OPEN))
        queue = LocalQueue(core, [TaskHandler(Print, act)])
        await _relayed_until(queue, database, "failed_at IS NOT NULL")
        assert await asyncio.to_thread(command.failed) == 0
        (line,) = capsys.readouterr().out.splitlines()
        _, task_id, topic, body = line.split(" ", 3)
        assert (topic, body) == ("print", '{"page":"p1"}')
        works = True
        # A queue that has given a task up does not hold it: the command's answer is enough.
        assert await asyncio.to_thread(command.retry, task_id) == 0
        assert capsys.readouterr().out == "1 tried again\n"
        await _relayed_until(queue, database, "failed_at IS NULL AND sent_at IS NOT NULL")
        assert await asyncio.to_thread(command.retry, task_id) == 0
        assert capsys.readouterr().out == "0 tried again\n"
        await queue.relay()
        await queue.drain()
    assert done == ["p1"]


def _store(database: TestDatabase, topic: str, **body: str) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            "INSERT INTO ledger.outbox (topic, body) VALUES (%s, %s)", (topic, Jsonb(body))
        )


async def _relayed_until(queue: LocalQueue, database: TestDatabase, state: str) -> None:
    """Relay, as the scheduler does, until the one message is in this state."""
    async with asyncio.timeout(20):
        while True:
            await queue.relay()
            with psycopg.connect(database.owner_dsn) as connection:
                found = connection.execute(f"SELECT FROM ledger.outbox WHERE {state}".encode())
                if found.rowcount == 1:
                    return
            await asyncio.sleep(0.01)


async def _until_there_are(letters: DeadLetters, count: int) -> Any:
    async with asyncio.timeout(10):
        while len(found := await letters.oldest(limit=10)) != count:  # noqa: ASYNC110 - in Redis
            await asyncio.sleep(0.05)
    return found
