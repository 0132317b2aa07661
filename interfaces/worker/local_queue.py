"""The task queue inside a process: the outbox is the queue, its tasks are carried out here.

A message counts as sent when its task is done, so a crash loses none. Retries and their pauses are
those of separate workers; a task that fails in all of them stays in the outbox as failed, but an
outage, also of Stripe, is waited for. Tasks of inbox and timers are not in the outbox: their source
gives them again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from application import ports, telemetry
from application.payment import gateway
from infrastructure.redis.queue import RETRY_LIMIT, retry_pause_seconds
from interfaces.composition import Core
from interfaces.worker.handlers import HANDLERS
from interfaces.worker.task_handler import TASK_SECONDS, TaskHandler
from interfaces.worker.task_queue import RELAY_LIMIT

# Tasks of one topic that run at once: those that Stripe keeps waiting hold up no others.
CONCURRENCY = 16
# Tasks that run or wait for a retry; more stay in the outbox, or with the timer that has them.
HELD_LIMIT = 2_000
# Retries of a task of the outbox while a component is away: about a day, at the longest pauses.
OUTAGE_RETRY_LIMIT = 300
# How often a task that waits for its next try is looked at: it may be over by then.
LOOK_SECONDS = 10.0
DRAIN_SECONDS = 10.0
# Tasks that end within this time are recorded together.
RECORD_SECONDS = 0.05
# What a task meets while a component is away; Stripe refuses a wrong key until it is set right.
OUTAGES = (
    ports.Unavailable,
    gateway.GatewayTimeout,
    gateway.GatewayUnavailable,
    gateway.GatewayMisconfigured,
)

logger = logging.getLogger(__name__)


class LocalQueue:
    """Runs tasks in this event loop, CONCURRENCY of a topic at once.

    Call `drain` before the core closes.

    The key of a task from the outbox is its id there; that of another is the task itself.
    """

    def __init__(self, core: Core, handlers: Sequence[TaskHandler[Any]] = HANDLERS) -> None:
        self._core = core
        self._handlers = {handler.task.topic: handler for handler in handlers}
        self._slots = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(CONCURRENCY))
        self._held: dict[object, asyncio.Task[None]] = {}
        self._running: set[object] = set()
        self._done: set[int] = set()
        self._failed: set[int] = set()
        self._recording: asyncio.Task[None] | None = None
        self._draining = False

    async def enqueue(self, topic: str, body: Mapping[str, Any]) -> None:
        """Begin a task, unless it is held already; raises Unavailable when too many are."""
        if self._room() <= 0:
            raise ports.Unavailable("queue")
        self._hold((topic, msgspec.json.encode(body)), topic, body)

    async def relay(self) -> None:
        """Record which tasks of the outbox are done, and begin new ones; raises Unavailable."""
        await self._record()
        limit = min(RELAY_LIMIT, self._room())
        if limit <= 0:
            return
        known = [key for key in self._held if isinstance(key, int)]
        messages = await self._core.outbox.unsent(
            limit=limit, besides=[*known, *self._done, *self._failed]
        )
        for message in messages:
            self._hold(message.id, message.topic, message.body)

    async def counts(self) -> tuple[int, int]:
        """Return how many tasks are held; those that failed stay in the outbox."""
        return len(self._held), 0

    async def drain(self) -> None:
        """Finish the tasks under way within DRAIN_SECONDS; the next start begins the others."""
        self._draining = True
        self._core.follower.stop()
        for key, task in list(self._held.items()):
            if key not in self._running:
                task.cancel()
        running = [self._held[key] for key in self._running]
        if running:
            _, late = await asyncio.wait(running, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            if late:
                logger.warning("%d tasks did not end in time; they are done again", len(late))
        if (recording := self._recording) is not None:
            recording.cancel()
            await asyncio.wait([recording])
        try:
            await self._record()
        except ports.Unavailable:
            logger.warning("tasks that are done could not be recorded; they are done again")

    def _room(self) -> int:
        return 0 if self._draining else HELD_LIMIT - len(self._held)

    def _hold(self, key: object, topic: str, body: Mapping[str, Any]) -> None:
        if key in self._held or self._draining:
            return
        task = asyncio.create_task(self._carry_out(key, topic, body))
        self._held[key] = task
        task.add_done_callback(lambda _: self._held.pop(key))

    async def _carry_out(self, key: object, topic: str, body: Mapping[str, Any]) -> None:
        with telemetry.carrying(telemetry.resumed(body)):
            await self._try_until_done(key, topic, body)

    async def _try_until_done(self, key: object, topic: str, body: Mapping[str, Any]) -> None:
        for retries in range(OUTAGE_RETRY_LIMIT + 1):
            error = await self._try(key, topic, body)
            if error is None:
                self._end(key, self._done)
                return
            if self._draining:
                return
            if retries >= _retry_limit(key, error):
                break
            if await self._is_over_within(retry_pause_seconds(retries), topic, body):
                self._end(key, self._done)
                return
        logger.error("task %s failed for good: %s", topic, msgspec.json.encode(body).decode())
        self._end(key, self._failed)

    async def _is_over_within(self, seconds: float, topic: str, body: Mapping[str, Any]) -> bool:
        """Wait for the next try; return early, and True, once the task's work is done otherwise."""
        handler = self._handlers.get(topic)
        left = seconds
        while handler is not None and handler.is_over is not None and left > LOOK_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            left -= LOOK_SECONDS
            try:
                if await handler.is_over(self._core, msgspec.convert(body, handler.task)):
                    return True
            except Exception as error:  # noqa: BLE001 - the next try shows what is wrong
                logger.warning("task %s cannot be looked at: %s", topic, type(error).__name__)
        await asyncio.sleep(left)
        return False

    async def _try(self, key: object, topic: str, body: Mapping[str, Any]) -> Exception | None:
        async with self._slots[topic]:
            # Asked with the slot held: a mode may have begun while the task waited for it.
            await self._core.modes.current.wait_until_open()
            self._running.add(key)
            try:
                handler = self._handlers[topic]
                task = msgspec.convert(body, handler.task)
                async with asyncio.timeout(TASK_SECONDS):
                    await handler.handle(self._core, task, telemetry.resumed(body))
            except Exception as error:  # noqa: BLE001 - a task is tried again, whatever went wrong
                logger.warning("task %s: %s", topic, type(error).__name__)
                return error
            finally:
                self._running.discard(key)
        return None

    def _end(self, key: object, ended: set[int]) -> None:
        if isinstance(key, int):
            ended.add(key)
            if self._recording is None and not self._draining:
                self._recording = asyncio.create_task(self._record_soon())

    async def _record_soon(self) -> None:
        """Record what has ended: until then a crash repeats it, be it a letter."""
        try:
            while self._done or self._failed:
                await asyncio.sleep(RECORD_SECONDS)
                await self._record()
        except ports.Unavailable:
            pass  # the next relay records it
        finally:
            self._recording = None

    async def _record(self) -> None:
        done, failed = set(self._done), set(self._failed)
        if done or failed:
            await self._core.outbox.mark_sent(sorted(done), failed=sorted(failed))
            self._done -= done
            self._failed -= failed


def _retry_limit(key: object, error: Exception) -> int:
    if isinstance(error, ports.TaskRefused):
        return 0
    is_outage = isinstance(error, OUTAGES) and isinstance(key, int)
    return OUTAGE_RETRY_LIMIT if is_outage else RETRY_LIMIT
