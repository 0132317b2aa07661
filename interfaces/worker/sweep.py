"""Enqueues what is due by one timer, page by page."""

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence

import msgspec

from application import ports
from infrastructure.postgres.pool import raising_unavailable
from infrastructure.postgres.timer_requests import TimerState
from interfaces.composition import Core
from interfaces.worker.task_queue import TaskQueue
from interfaces.worker.timers.timer import Page, Timer

PAGE_LIMIT = 200
# A task that is still due after this time is enqueued again; until then the worker may be at it.
REPEAT_SECONDS = 30.0
# After a defect the page is tried again, but not at every tick: each try is an error in the log.
DEFECT_PAUSE_SECONDS = 30.0
# A round that is asked for enqueues tasks again; one asked for sooner after that does not, as any
# login of the database may ask without end.
AGAIN_PAUSE_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Round(msgspec.Struct, frozen=True):
    """A round over what is due begins at a time of the event loop.

    `after` is the last task of the page before; None for the first page.
    """

    begins_at: float = 0.0
    after: ports.BackgroundTask | None = None

    def moved_on(
        self, page: Sequence[ports.BackgroundTask], *, now: float, period_seconds: float
    ) -> "Round":
        """Return the round of the next page; after the last page a new round, one period later."""
        if len(page) == PAGE_LIMIT:
            return Round(self.begins_at, after=page[-1])
        return Round(now + period_seconds)


class TimerQueue:
    """Enqueues tasks, but the same one only once within a time."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue
        # Until when each is not enqueued again, by the clock of the event loop.
        self._enqueued: dict[ports.BackgroundTask, float] = {}

    async def enqueue(
        self,
        tasks: Sequence[ports.BackgroundTask],
        *,
        repeat_seconds: float | None = None,
        again: bool = False,
    ) -> None:
        """Enqueue the tasks that were not enqueued within `repeat_seconds` (REPEAT_SECONDS without
        it), or all `again`; raises Unavailable.
        """
        now = asyncio.get_running_loop().time()
        for task in [task for task, until in self._enqueued.items() if until <= now]:
            del self._enqueued[task]
        until = now + (REPEAT_SECONDS if repeat_seconds is None else repeat_seconds)
        for task in tasks:
            if task in self._enqueued and not again:
                continue
            await self._queue.enqueue(task.topic, task.body)
            self._enqueued[task] = until


class Sweep:
    """Enqueues what is due by one timer."""

    def __init__(self, timer: Timer, core: Core, queue: TimerQueue) -> None:
        self.name = timer.name
        self._timer = timer
        self._core = core
        self._queue = queue
        self._round = Round()
        self._is_asked = False
        self._again_from = 0.0
        self._set_back_until = 0.0
        # Tasks of a round that was asked for are enqueued, whatever was enqueued before.
        self._is_again = False
        self._begun_at: dt.datetime | None = None
        self._tasks = 0

    def begin_now(self) -> None:
        """Begin a round at the next step, whenever it would be due."""
        self._is_asked = True
        self._set_back_until = 0.0

    def state(self) -> TimerState:
        """Return how the timer stands."""
        begins_at = max(self._round.begins_at, self._set_back_until)
        left = max(0.0, begins_at - asyncio.get_running_loop().time())
        return TimerState(
            name=self.name,
            begun_at=self._begun_at,
            next_at=self._core.clock() + dt.timedelta(seconds=left),
            tasks=self._tasks,
            waits=self._is_asked,
        )

    async def step(self) -> None:
        """Enqueue the next page if its round has begun.

        Raises Unavailable; the next step then repeats the page.
        """
        now = asyncio.get_running_loop().time()
        asked = self._is_asked
        current = Round(now) if asked else self._round
        if now < max(current.begins_at, self._set_back_until):
            return
        is_again = (asked and now >= self._again_from) or self._is_again
        page = Page(self._core.clock(), PAGE_LIMIT, current.after)
        # What is asked for while this page is under way is another round.
        self._is_asked = False
        try:
            async with raising_unavailable():
                tasks = await self._timer.due(self._core, page)
            await self._queue.enqueue(
                tasks, repeat_seconds=self._timer.repeat_seconds, again=is_again
            )
        except BaseException:
            self._is_asked = self._is_asked or asked
            raise
        if asked and is_again:
            self._again_from = now + AGAIN_PAUSE_SECONDS
        is_first = current.after is None
        self._begun_at = page.now if is_first else self._begun_at
        self._tasks = len(tasks) + (0 if is_first else self._tasks)
        self._round = current.moved_on(tasks, now=now, period_seconds=self._timer.period_seconds)
        self._is_again = is_again and self._round.after is not None

    def set_back(self) -> None:
        """Try the same page again after DEFECT_PAUSE_SECONDS, or at once when it is asked for."""
        self._set_back_until = asyncio.get_running_loop().time() + DEFECT_PAUSE_SECONDS


async def step_all(sweeps: Sequence[Sweep]) -> None:
    """Take one step of each timer in turn; one that fails, for whatever reason, stops no other."""
    for sweep in sweeps:
        try:
            await sweep.step()
        except ports.Unavailable as error:
            logger.warning("timer %s waits: %s", sweep.name, error)
        except Exception as error:  # noqa: BLE001 - a defect of one timer must not stop the others
            logger.error("timer %s fails: %s", sweep.name, type(error).__name__)
            sweep.set_back()
