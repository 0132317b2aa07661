"""The outbox as the task queue of one process: no task is lost, doubled while held, or endless."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar, cast

import msgspec
import psycopg
import pytest

from application import ports
from application.modes.current_modes import CurrentModes
from application.modes.ports import ModePorts
from application.payment import gateway
from domain.modes.modes import ModeOn
from infrastructure.postgres.outbox import Outbox
from infrastructure.postgres.pool import make_pool
from infrastructure.redis.queue import MAX_BACKOFF_MS, MIN_BACKOFF_MS, RETRY_LIMIT
from interfaces.composition import Core
from interfaces.worker import local_queue
from interfaces.worker.local_queue import CONCURRENCY, LocalQueue
from interfaces.worker.task_handler import TaskHandler
from tests.support.http_client import NORMAL
from tests.support.servers import TestDatabase

LIMIT_SECONDS = 10.0
LETTER = 1_000


class Print(ports.BackgroundTask, frozen=True):
    """A task of this test."""

    topic: ClassVar[str] = "print"
    page: int


class Post(ports.BackgroundTask, frozen=True):
    """A task of another topic."""

    topic: ClassVar[str] = "post"
    page: int


class FakeFollower:
    """Long tasks, which a stop interrupts."""

    def __init__(self) -> None:
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class FakeCore(msgspec.Struct):
    """The parts of a core that the queue itself uses."""

    outbox: Outbox
    follower: FakeFollower
    modes: ModePorts


class Press:
    """An outbox, the queue over it, and a handler that prints pages as the test says."""

    def __init__(self, outbox: Outbox, database: TestDatabase) -> None:
        self._owner_dsn = database.owner_dsn
        self.core = FakeCore(outbox, FakeFollower(), NORMAL)
        self.printed: list[int] = []
        self.running = 0
        self.most_running = 0
        self.work: Callable[[int], Awaitable[None]] = self._nothing
        self.queue = self.start()

    def start(self) -> LocalQueue:
        """A queue that holds nothing, as after a start of the process."""
        handlers = [TaskHandler(Print, self._print), TaskHandler(Post, self._print)]
        self.queue = LocalQueue(cast(Core, self.core), handlers)
        return self.queue

    async def _nothing(self, page: int) -> None:
        await asyncio.sleep(0)

    async def _print(self, core: Any, task: Print | Post) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.work(task.page)
            self.printed.append(task.page)
        finally:
            self.running -= 1

    def store(self, *pages: int, topic: str = "print") -> None:
        """Put messages into the outbox, as an append does."""
        with psycopg.connect(self._owner_dsn) as connection:
            connection.execute(
                "INSERT INTO ledger.outbox (topic, body) "
                "SELECT %s, jsonb_build_object('page', page) FROM unnest(%s::integer[]) AS page",
                (topic, list(pages)),
            )

    def stored(self) -> dict[str, int]:
        """How many messages are unsent, done, and failed for good."""
        with psycopg.connect(self._owner_dsn) as connection:
            rows = connection.execute(
                "SELECT CASE WHEN failed_at IS NOT NULL THEN 'failed' "
                "WHEN sent_at IS NOT NULL THEN 'done' ELSE 'unsent' END, count(*) "
                "FROM ledger.outbox GROUP BY 1"
            ).fetchall()
        return dict(rows)

    async def relay_until(self, holds: Callable[[], bool]) -> None:
        """Relay again and again, as the scheduler does."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not holds():
                await self.queue.relay()
                await asyncio.sleep(0.005)


@pytest.fixture
async def press(database: TestDatabase) -> AsyncIterator[Press]:
    """A press on a database of its own."""
    pool = make_pool(database.app_dsn)
    await pool.open()
    found = Press(Outbox(pool), database)
    yield found
    await found.queue.drain()
    await pool.close()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Retries follow at once; the list holds how many there had been before each."""
    asked = list[int]()

    def pause(retries: int) -> float:
        asked.append(retries)
        return 0.0

    monkeypatch.setattr(local_queue, "retry_pause_seconds", pause)
    return asked


async def test_a_message_that_waits_for_its_next_try_ends_once_its_work_is_done_another_way(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_queue, "retry_pause_seconds", lambda _retries: 3_600.0)
    monkeypatch.setattr(local_queue, "LOOK_SECONDS", 0.01)
    is_done = False
    looks = 0

    async def is_over(_core: Core, task: Print) -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ports.Unavailable("log")
        return is_done and task.page == 1

    async def away(_page: int) -> None:
        raise gateway.GatewayUnavailable("Stripe")

    press.work = away
    handler = TaskHandler(Print, press._print, is_over=is_over)
    press.queue = LocalQueue(cast(Core, press.core), [handler])
    press.store(1, 2)
    await press.relay_until(lambda: looks > 4)
    assert press.stored() == {"unsent": 2}
    is_done = True
    await press.relay_until(lambda: press.stored() == {"done": 1, "unsent": 1})


async def test_a_message_counts_as_sent_only_when_its_task_is_done(press: Press) -> None:
    may_end = asyncio.Event()
    press.work = lambda page: may_end.wait() if page == 1 else press._nothing(page)  # type: ignore[assignment,return-value]
    press.store(1, 2)
    await press.relay_until(lambda: press.stored() == {"unsent": 1, "done": 1})
    assert press.printed == [2]
    may_end.set()
    await press.relay_until(lambda: press.stored() == {"done": 2})
    assert press.printed == [2, 1]


async def test_what_is_done_is_recorded_soon_without_another_relay(press: Press) -> None:
    for page in (1, 2):
        press.store(page)
        await press.queue.relay()
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                if press.stored() == {"done": page}:
                    break
                await asyncio.sleep(0.005)


async def test_a_task_under_way_is_not_begun_again_by_the_next_relay(press: Press) -> None:
    may_end = asyncio.Event()

    async def wait(page: int) -> None:
        await may_end.wait()

    press.work = wait
    press.store(1, 2, 3)
    for _ in range(5):
        await press.queue.relay()
        await asyncio.sleep(0.005)
    assert press.running == 3
    may_end.set()
    await press.relay_until(lambda: press.stored() == {"done": 3})
    assert sorted(press.printed) == [1, 2, 3]


async def test_a_failed_task_is_tried_again_until_it_succeeds(
    press: Press, no_pauses: list[int]
) -> None:
    async def fail_twice(page: int) -> None:
        if len(no_pauses) < 2:
            raise ports.Unavailable("paper")

    press.work = fail_twice
    press.store(1)
    await press.relay_until(lambda: press.stored() == {"done": 1})
    assert (press.printed, no_pauses) == ([1], [0, 1])


@pytest.mark.parametrize("topic", ["print", "of a later release"])
async def test_a_task_that_fails_in_every_retry_stays_in_the_outbox_as_failed(
    press: Press, no_pauses: list[int], topic: str
) -> None:
    async def fail(page: int) -> None:
        raise ValueError("no ink")

    press.work = fail
    press.store(1, topic=topic)
    await press.relay_until(lambda: press.stored() == {"failed": 1})
    assert no_pauses == list(range(RETRY_LIMIT))
    press.start()
    await press.queue.relay()
    assert no_pauses == list(range(RETRY_LIMIT)), "it was begun again"


@pytest.mark.parametrize(
    "outage",
    [
        ports.Unavailable("paper"),
        gateway.GatewayTimeout("no answer"),
        gateway.GatewayUnavailable("status 503"),
        gateway.GatewayNotExecuted("not reached"),
        gateway.GatewayMisconfigured("status 401"),
    ],
    ids=lambda outage: type(outage).__name__,
)
async def test_an_outage_longer_than_all_retries_sets_no_task_of_the_outbox_aside(
    press: Press, no_pauses: list[int], outage: Exception
) -> None:
    async def away(page: int) -> None:
        if len(no_pauses) < 3 * RETRY_LIMIT:
            raise outage

    press.work = away
    press.store(1)
    await press.relay_until(lambda: press.stored() == {"done": 1})
    assert press.printed == [1]


async def test_a_task_of_a_timer_is_not_held_during_an_outage_because_it_is_given_again(
    press: Press, no_pauses: list[int]
) -> None:
    async def away(page: int) -> None:
        raise ports.Unavailable("paper")

    press.work = away
    await press.queue.enqueue("print", {"page": 1})
    await press.relay_until(lambda: len(no_pauses) == RETRY_LIMIT)
    await asyncio.sleep(0.01)
    assert len(no_pauses) == RETRY_LIMIT
    press.work = press._nothing
    await press.queue.enqueue("print", {"page": 1})
    await press.relay_until(lambda: press.printed == [1])


async def test_what_another_process_has_done_is_not_recorded_as_failed(
    press: Press, no_pauses: list[int]
) -> None:
    other, failing = press.queue, asyncio.Event()

    async def fail(page: int) -> None:
        await failing.wait()
        raise ValueError("no ink")

    press.work = fail
    press.store(1)
    await other.relay()
    await asyncio.sleep(0.01)
    press.work = press._nothing
    press.start()
    await press.relay_until(lambda: press.stored() == {"done": 1})
    failing.set()
    await asyncio.sleep(0.01)
    await other.relay()
    assert press.stored() == {"done": 1}


def test_the_pauses_between_tries_grow_within_those_of_separate_workers() -> None:
    for retries in range(RETRY_LIMIT):
        pause_ms = 1_000 * local_queue.retry_pause_seconds(retries)
        assert MIN_BACKOFF_MS * 2**retries <= pause_ms <= 2 * MIN_BACKOFF_MS * 2**retries
    assert 1_000 * local_queue.retry_pause_seconds(60) <= MAX_BACKOFF_MS


def test_tasks_that_failed_together_are_not_tried_again_together() -> None:
    assert len({local_queue.retry_pause_seconds(RETRY_LIMIT) for _ in range(50)}) > 10


async def test_a_task_that_waits_for_a_slot_when_maintenance_begins_waits_for_its_end(
    press: Press,
) -> None:
    current = CurrentModes()
    press.core.modes = msgspec.structs.replace(NORMAL, current=current)
    press.start()
    may_end = asyncio.Event()

    async def wait(page: int) -> None:
        await may_end.wait()

    press.work = wait
    press.store(*range(CONCURRENCY + 1))
    await press.relay_until(lambda: press.running == CONCURRENCY)
    now = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    current.replace({"maintenance": ModeOn("maintenance", now, "operator", "a drill", None)})
    may_end.set()
    await press.relay_until(lambda: press.stored() == {"unsent": 1, "done": CONCURRENCY})
    await asyncio.sleep(0.01)
    assert len(press.printed) == CONCURRENCY
    current.replace({})
    await press.relay_until(lambda: press.stored() == {"done": CONCURRENCY + 1})


async def test_tasks_that_fail_delay_no_others(press: Press) -> None:
    async def fail_on_first(page: int) -> None:
        if page <= CONCURRENCY:
            raise ports.Unavailable("paper")

    press.work = fail_on_first
    press.store(*range(1, CONCURRENCY + 3))
    await press.relay_until(lambda: press.stored().get("done") == 2)
    assert sorted(press.printed) == [CONCURRENCY + 1, CONCURRENCY + 2]


async def test_tasks_that_stripe_keeps_waiting_delay_no_task_of_another_topic(press: Press) -> None:
    may_end = asyncio.Event()

    async def wait(page: int) -> None:
        if page != LETTER:
            await may_end.wait()

    press.work = wait
    press.store(*range(2 * CONCURRENCY))
    await press.relay_until(lambda: press.running == CONCURRENCY)
    press.store(LETTER, topic="post")
    await press.relay_until(lambda: press.printed == [LETTER])
    may_end.set()
    await press.relay_until(lambda: press.stored() == {"done": 2 * CONCURRENCY + 1})


async def test_no_more_tasks_run_at_once_than_the_bound(press: Press) -> None:
    async def linger(page: int) -> None:
        await asyncio.sleep(0.01)

    press.work = linger
    press.store(*range(3 * CONCURRENCY))
    await press.relay_until(lambda: press.stored() == {"done": 3 * CONCURRENCY})
    assert press.most_running == CONCURRENCY


async def test_a_queue_that_holds_too_many_tasks_leaves_the_others_where_they_are(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_queue, "HELD_LIMIT", 3)
    may_end = asyncio.Event()

    async def wait(page: int) -> None:
        await may_end.wait()

    press.work = wait
    press.store(*range(5))
    for _ in range(2):
        await press.queue.relay()
        await asyncio.sleep(0.005)
    assert press.running == 3
    with pytest.raises(ports.Unavailable):
        await press.queue.enqueue("print", {"page": 9})
    may_end.set()
    await press.relay_until(lambda: press.stored() == {"done": 5})


async def test_a_task_that_a_timer_gives_again_while_it_is_held_runs_once(press: Press) -> None:
    for _ in range(2):
        await press.queue.enqueue("print", {"page": 1})
    await press.relay_until(lambda: press.printed == [1])
    await asyncio.sleep(0.01)
    await press.queue.enqueue("print", {"page": 1})
    await press.relay_until(lambda: press.printed == [1, 1])


async def test_a_stop_finishes_what_runs_and_leaves_the_rest_in_the_outbox(press: Press) -> None:
    async def linger(page: int) -> None:
        await asyncio.sleep(0.05)

    press.work = linger
    press.store(*range(CONCURRENCY + 4))
    await press.queue.relay()
    await asyncio.sleep(0.01)
    assert press.running == CONCURRENCY
    await press.queue.drain()
    assert press.stored() == {"done": CONCURRENCY, "unsent": 4}
    assert press.core.follower.stopped
    press.start()
    await press.relay_until(lambda: press.stored() == {"done": CONCURRENCY + 4})
    assert len(press.printed) == CONCURRENCY + 4


async def test_a_stop_does_not_wait_for_a_task_without_end_or_for_a_retry(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_queue, "DRAIN_SECONDS", 0.05)

    async def hang(page: int) -> None:
        if page == 1:
            raise ports.Unavailable("paper")
        await asyncio.Event().wait()

    press.work = hang
    press.store(1, 2)
    await press.queue.relay()
    await asyncio.sleep(0.02)
    async with asyncio.timeout(LIMIT_SECONDS):
        await press.queue.drain()
    assert press.stored() == {"unsent": 2}
