"""A text message from the outbox to the gateway: tried again, set aside, replayed, never twice."""

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import dramatiq
import msgspec
import psycopg
import pytest
from psycopg.types.json import Jsonb

from application import ports
from application.booking import texts
from application.failed_tasks import try_failed_again
from application.modes.current_modes import CurrentModes
from application.text_messages import RecordedMessenger, TextMessage, TextRefused
from infrastructure.postgres.failed_tasks import OutboxFailedTasks
from infrastructure.postgres.outbox import Outbox
from infrastructure.postgres.pool import Pool, make_pool
from infrastructure.redis.dead_letters import DeadLetters
from infrastructure.redis.queue import QUEUE_NAME, RedisTaskQueue, make_broker
from infrastructure.sms.file_outbox import FileTextOutbox
from infrastructure.sms.http_gateway import HttpTextGateway
from infrastructure.sms.sent_texts import PostgresSentTexts
from interfaces.composition import Core
from interfaces.worker import actors, local_queue
from interfaces.worker.handlers import send_text
from interfaces.worker.local_queue import LocalQueue
from interfaces.worker.task_handler import TaskHandler
from tests.support.servers import TestDatabase
from tests.support.text_gateway import TextGateway, running_gateway

MESSAGE = TextMessage("sms-disruption-ABC234-0", "+966500000000", "gone", "disruption", "en")
TASK = texts.DisruptionText("booking-ABC234", "0-cancelled-20261224T0830")
WAIT_SECONDS = 30.0

OPEN = SimpleNamespace(current=CurrentModes())


class Sender:
    """Stands for the use case, which has tests of its own: it sends one message."""

    def __init__(self, messenger: RecordedMessenger) -> None:
        self._messenger = messenger

    async def send(self, task: texts.BookingText) -> None:
        await self._messenger.send(MESSAGE)


@pytest.fixture
async def gateway() -> AsyncIterator[TextGateway]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def pool(database: TestDatabase) -> AsyncIterator[Pool]:
    async with make_pool(database.app_dsn) as found:
        yield found


@pytest.fixture
def messenger(gateway: TextGateway, pool: Pool) -> RecordedMessenger:
    sending = HttpTextGateway(gateway.url, token="t0ken", sender="Rimal Air")
    return RecordedMessenger(sending, PostgresSentTexts(pool))


def rows(database: TestDatabase, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.owner_dsn) as connection:
        return connection.execute(query.encode()).fetchall()


async def relayed_until(queue: LocalQueue, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():
            await queue.relay()
            await asyncio.sleep(0.01)


async def test_a_message_is_tried_again_until_the_gateway_takes_it_and_then_never(
    gateway: TextGateway,
    messenger: RecordedMessenger,
    pool: Pool,
    database: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_queue, "retry_pause_seconds", lambda _: 0.0)
    gateway.behaviour = [500, 503, "reset", 422]
    core = cast(
        Core,
        SimpleNamespace(outbox=Outbox(pool), follower=Mock(), modes=OPEN, texts=Sender(messenger)),
    )
    queue = LocalQueue(core, [TaskHandler(texts.DisruptionText, send_text)])
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            "INSERT INTO ledger.outbox (topic, body) VALUES (%s, %s)",
            (TASK.topic, Jsonb(TASK.body)),
        )
    state = "SELECT sent_at IS NOT NULL, failed_at IS NOT NULL FROM ledger.outbox"
    # Refused: set aside at the first refusal, for an operator.
    await relayed_until(queue, lambda: rows(database, state) == [(True, True)])
    assert (len(gateway.requests), gateway.taken) == (4, {})
    assert await try_failed_again([OutboxFailedTasks(pool)], chosen=[TASK.topic], limit=10) == 1
    await relayed_until(queue, lambda: rows(database, state) == [(True, False)])
    assert list(gateway.taken) == [MESSAGE.id]
    await queue.drain()
    await messenger.send(MESSAGE)
    assert len(gateway.requests) == 5
    assert rows(database, "SELECT message, segments FROM operations.sent_text") == [(MESSAGE.id, 1)]


async def test_two_tries_at_once_send_one_message(
    gateway: TextGateway, messenger: RecordedMessenger
) -> None:
    done = await asyncio.gather(
        *(messenger.send(MESSAGE) for _ in range(5)), return_exceptions=True
    )
    # The others come again, or have found it sent.
    assert all(each is None or isinstance(each, ports.Unavailable) for each in done)
    assert len(gateway.requests) == 1
    await messenger.send(MESSAGE)
    assert len(gateway.requests) == 1


async def test_a_claim_of_a_process_that_is_gone_holds_nothing_up_for_ever(
    gateway: TextGateway, messenger: RecordedMessenger, pool: Pool, database: TestDatabase
) -> None:
    assert await PostgresSentTexts(pool).claim(MESSAGE.id) == "claimed"
    with pytest.raises(ports.Unavailable):
        await messenger.send(MESSAGE)
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            "UPDATE operations.sent_text SET claimed_at = claimed_at - interval '61 seconds'"
        )
    await messenger.send(MESSAGE)
    assert list(gateway.taken) == [MESSAGE.id]


async def test_a_sent_message_stays_so_and_the_application_removes_none(
    messenger: RecordedMessenger, database: TestDatabase
) -> None:
    await messenger.send(MESSAGE)
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        for attack, state in (
            ("UPDATE operations.sent_text SET sent_at = NULL, segments = NULL", "AIS01"),
            ("DELETE FROM operations.sent_text", "42501"),
            ("UPDATE operations.sent_text SET first_at = now()", "42501"),
        ):
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(attack.encode())
            assert refused.value.sqlstate == state


async def test_old_records_go_and_young_ones_stay(database: TestDatabase, pool: Pool) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        for age in (89, 91):
            connection.execute(
                "INSERT INTO operations.sent_text (message, first_at) "
                "VALUES (%s, now() - make_interval(days => %s))",
                (f"sms-x-{age}", age),
            )
    async with pool.connection() as connection:
        await connection.execute("SELECT operations.remove_old_texts(10)")
    assert rows(database, "SELECT message FROM operations.sent_text") == [("sms-x-89",)]


async def test_separate_workers_set_a_refused_message_aside_at_the_first_try(
    valkey_url: str,
) -> None:
    tried: list[str] = []

    class Refusing:
        async def send(self, task: texts.BookingText) -> None:
            tried.append(task.booking_id)
            raise TextRefused(422)

    broker = make_broker(valkey_url)
    broker.declare_queue(QUEUE_NAME)
    broker.flush_all()
    loop = asyncio.get_running_loop()
    actors.register(broker, cast(Core, SimpleNamespace(texts=Refusing(), modes=OPEN)), loop)
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
    worker.start()
    try:
        await RedisTaskQueue(broker).enqueue(TASK.topic, TASK.body)
        dead = DeadLetters(broker)
        async with asyncio.timeout(WAIT_SECONDS):
            while not (found := await dead.oldest(limit=10)):  # noqa: ASYNC110 - in Redis
                await asyncio.sleep(0.05)
    finally:
        await asyncio.to_thread(worker.stop)
        broker.flush_all()
        broker.close()
    assert [(each.topic, each.body) for each in found] == [(TASK.topic, TASK.body)]
    assert tried == [TASK.booking_id]


async def test_the_folder_of_the_demo_has_the_message_without_its_number(tmp_path: Path) -> None:
    folder = tmp_path / "sms"
    outbox = FileTextOutbox(folder, sender="Rimal Air")
    for _ in range(2):
        await outbox.send(MESSAGE)
    (file,) = folder.iterdir()
    assert msgspec.json.decode(file.read_bytes()) == {
        "id": MESSAGE.id,
        "from": "Rimal Air",
        "to": "…00",
        "text": "gone",
        "segments": 1,
    }
    # A crash left one unfinished; another file is gone as soon as it was listed.
    unfinished = folder / f".{file.name}.1"
    unfinished.write_bytes(b"{")
    (folder / "gone.json").symlink_to("nowhere")
    for each in (file, unfinished):
        os.utime(each, (0, 0))
    assert await outbox.remove_before(dt.datetime.fromtimestamp(0, dt.UTC)) == 0
    assert await outbox.remove_before(dt.datetime.fromtimestamp(1, dt.UTC)) == 2
    (folder / "gone.json").unlink()
    assert list(folder.iterdir()) == []
