"""The sweep of a timer: pages, repeats, and an unavailable queue."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest

from application import ports
from application.payment.refund_payment import SendRefund
from interfaces.composition import Core
from interfaces.worker import sweep
from interfaces.worker.sweep import PAGE_LIMIT, Sweep, TimerQueue, step_all
from interfaces.worker.task_queue import TaskQueue
from interfaces.worker.timers.timer import Page, Timer

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
TASKS = [SendRefund("p", f"r{number:04}") for number in range(PAGE_LIMIT + 1)]


class FakeCore:
    """The clock of a core."""

    def clock(self) -> dt.datetime:
        return NOW


class FakeQueue:
    """Keeps what is enqueued, unless it is unavailable."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Mapping[str, Any]]] = []
        self.away = False
        self.meanwhile: Callable[[], None] | None = None

    async def enqueue(self, topic: str, body: Mapping[str, Any]) -> None:
        if self.away:
            raise ports.Unavailable("queue")
        if self.meanwhile is not None:
            self.meanwhile()
        self.messages.append((topic, body))


class Rig:
    """A timer over tasks that stay due, and the pages it was asked for."""

    def __init__(
        self,
        tasks: Sequence[SendRefund],
        *,
        period_seconds: float = 0.0,
        repeat_seconds: float | None = None,
    ) -> None:
        self.queue = FakeQueue()
        self.pages: list[Page] = []
        self.fault: Exception | None = None
        self._tasks = tasks
        timer = Timer(
            name="test",
            due=self._due,
            period_seconds=period_seconds,
            repeat_seconds=repeat_seconds,
        )
        self.sweep = Sweep(timer, cast(Core, FakeCore()), TimerQueue(cast(TaskQueue, self.queue)))

    async def _due(self, core: Core, page: Page) -> list[SendRefund]:
        self.pages.append(page)
        if self.fault is not None:
            raise self.fault
        after = page.after.refund if isinstance(page.after, SendRefund) else ""
        return [task for task in self._tasks if task.refund > after][: page.limit]


async def test_a_due_task_is_enqueued_with_its_topic_and_body() -> None:
    rig = Rig(TASKS[:1])
    await rig.sweep.step()
    assert rig.pages == [Page(NOW, PAGE_LIMIT)]
    assert rig.queue.messages == [("refund_payment", {"payment_id": "p", "refund": "r0000"})]


async def test_a_task_that_stays_due_is_not_enqueued_again_at_once() -> None:
    rig = Rig(TASKS[:2])
    for _ in range(3):
        await rig.sweep.step()
    assert len(rig.pages) == 3
    assert len(rig.queue.messages) == 2


async def test_a_task_that_stays_due_is_enqueued_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep, "REPEAT_SECONDS", 0.0)
    rig = Rig(TASKS[:2])
    for _ in range(3):
        await rig.sweep.step()
        await asyncio.sleep(0)
    assert len(rig.queue.messages) == 6


async def test_a_timer_may_have_its_tasks_enqueued_again_sooner_than_others() -> None:
    soon, late = Rig(TASKS[:1], repeat_seconds=0.0), Rig(TASKS[:1])
    for _ in range(3):
        await soon.sweep.step()
        await late.sweep.step()
    assert (len(soon.queue.messages), len(late.queue.messages)) == (3, 1)


async def test_a_timer_with_a_period_waits_after_its_last_page() -> None:
    rig = Rig(TASKS, period_seconds=600.0)
    for _ in range(4):
        await rig.sweep.step()
    assert [page.after for page in rig.pages] == [None, TASKS[PAGE_LIMIT - 1]]
    assert len(rig.queue.messages) == len(TASKS)


async def test_a_page_that_could_not_be_enqueued_is_repeated() -> None:
    rig = Rig(TASKS, period_seconds=600.0)
    rig.queue.away = True
    with pytest.raises(ports.Unavailable):
        await rig.sweep.step()
    rig.queue.away = False
    await rig.sweep.step()
    await rig.sweep.step()
    assert [page.after for page in rig.pages] == [None, None, TASKS[PAGE_LIMIT - 1]]
    assert len(rig.queue.messages) == len(TASKS)


@pytest.mark.parametrize("fault", [KeyError("a defect"), ports.Unavailable("database")])
async def test_a_timer_that_fails_stops_none_behind_it(fault: Exception) -> None:
    failing, behind = Rig(TASKS[:1]), Rig(TASKS[:1])
    failing.fault = fault
    await step_all([failing.sweep, behind.sweep])
    assert (len(failing.pages), len(behind.queue.messages)) == (1, 1)


async def test_after_a_defect_the_same_page_is_tried_again_but_not_at_every_tick(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(TASKS)
    await step_all([rig.sweep])
    rig.fault = KeyError("a defect")
    for _ in range(3):
        await step_all([rig.sweep])
    assert [page.after for page in rig.pages] == [None, TASKS[PAGE_LIMIT - 1]]
    assert [each.getMessage() for each in caplog.records] == ["timer test fails: KeyError"]
    rig.sweep.begin_now()
    await step_all([rig.sweep])
    assert rig.sweep.state().waits
    monkeypatch.setattr(sweep, "DEFECT_PAUSE_SECONDS", 0.0)
    rig.sweep.set_back()
    rig.fault = None
    for _ in range(2):
        await step_all([rig.sweep])
    assert not rig.sweep.state().waits
    assert len(rig.queue.messages) == PAGE_LIMIT + len(TASKS)


async def test_a_timer_that_is_asked_begins_a_whole_round_and_enqueues_tasks_under_way() -> None:
    rig = Rig(TASKS, period_seconds=600.0)
    for _ in range(3):
        await rig.sweep.step()
    assert len(rig.queue.messages) == len(TASKS)
    rig.sweep.begin_now()
    for _ in range(3):
        await rig.sweep.step()
    assert [page.after for page in rig.pages] == [None, TASKS[PAGE_LIMIT - 1]] * 2
    assert len(rig.queue.messages) == 2 * len(TASKS)
    state = rig.sweep.state()
    assert (state.begun_at, state.tasks, state.waits) == (NOW, len(TASKS), False)
    assert NOW + dt.timedelta(seconds=590) < state.next_at <= NOW + dt.timedelta(seconds=600)


async def test_a_timer_that_is_asked_waits_for_its_queue_and_then_begins() -> None:
    rig = Rig(TASKS[:1], period_seconds=600.0)
    await rig.sweep.step()
    rig.queue.away = True
    rig.sweep.begin_now()
    with pytest.raises(ports.Unavailable):
        await rig.sweep.step()
    assert rig.sweep.state().waits
    rig.queue.away = False
    await rig.sweep.step()
    assert not rig.sweep.state().waits
    assert len(rig.queue.messages) == 2


@pytest.mark.parametrize(("pause_seconds", "messages"), [(3_600.0, 1), (0.0, 5)])
async def test_a_timer_that_is_asked_without_end_does_not_enqueue_its_tasks_without_end(
    monkeypatch: pytest.MonkeyPatch, pause_seconds: float, messages: int
) -> None:
    monkeypatch.setattr(sweep, "AGAIN_PAUSE_SECONDS", pause_seconds)
    rig = Rig(TASKS[:1], period_seconds=600.0)
    for _ in range(5):
        rig.sweep.begin_now()
        await rig.sweep.step()
    assert (len(rig.pages), len(rig.queue.messages)) == (5, messages)


async def test_what_is_asked_while_a_page_is_under_way_is_another_round() -> None:
    rig = Rig(TASKS[:1], period_seconds=600.0)
    rig.queue.meanwhile = rig.sweep.begin_now
    await rig.sweep.step()
    rig.queue.meanwhile = None
    await rig.sweep.step()
    await rig.sweep.step()
    assert len(rig.pages) == 2
