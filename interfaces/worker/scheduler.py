"""The scheduler: runs processes and deliveries over the log, relays outbox and inbox, runs timers.

One scheduler leads, by an advisory lock; a second one waits and takes over. Everything it starts
is idempotent, so the leader may change at any moment.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial, wraps

import psycopg

from application import ports
from application.coordination import Channel, Lock, LogFollower
from application.payment.process_event import ProcessStripeEvents
from application.processes.follow_flight_when_changed import FollowFlight
from application.processes.runner import READ_LIMIT
from infrastructure.postgres import consumers, primary, timer_requests
from infrastructure.postgres.timer_requests import TimerRequest
from interfaces import partner_composition
from interfaces.composition import Core
from interfaces.worker import measuring
from interfaces.worker.deliveries import Deliveries
from interfaces.worker.loops import BACKOFF_SECONDS, Loop, run_loops
from interfaces.worker.sweep import Sweep, TimerQueue, step_all
from interfaces.worker.task_queue import RELAY_LIMIT, TaskQueue
from interfaces.worker.timers.registry import TIMERS

PROCESS_CHECKPOINT = LogFollower.PROCESSES
# Webhooks that one task of the worker processes together.
INBOX_CHUNK_SIZE = 16
# A task takes at most a second; one enqueued longer ago was lost with its worker or queue.
CLAIM_AGAIN_SECONDS = 15.0
POLL_SECONDS = 1.0
# Requests to timers that wait for an answer; of more, the oldest get none and are sent again.
REQUEST_LIMIT = 100
# What follows from an event at once was decided with it; letters and other tasks can wait a moment.
COLLECT_SECONDS = 0.05

logger = logging.getLogger(__name__)


class Scheduler:
    """Runs until `stop` is set."""

    def __init__(self, core: Core, queue: TaskQueue, *, dsn: str) -> None:
        self._core = core
        self._queue = queue
        self._dsn = dsn
        self._log_moved = asyncio.Event()
        self._deliveries_due = asyncio.Event()
        self._inbox_moved = asyncio.Event()
        self._timer_asked = asyncio.Event()
        self._requests: list[TimerRequest] = []
        timer_queue = TimerQueue(queue)
        self._measuring = measuring.Measuring(core, queue)
        self._sweeps = [Sweep(timer, core, timer_queue) for timer in TIMERS]

    async def run(self, stop: asyncio.Event) -> None:
        """Lead when no other scheduler leads; start again after a lost connection.

        Raises a group with ConsumersAhead on a log that is shorter than what was done over it.
        """
        while not stop.is_set():
            try:
                await self._lead(stop)
            except* (psycopg.OperationalError, ports.Unavailable) as errors:
                kinds = sorted({type(each).__name__ for each in errors.exceptions})
                logger.warning("scheduler pauses: %s", ", ".join(kinds))
                await asyncio.sleep(BACKOFF_SECONDS)

    async def _lead(self, stop: asyncio.Event) -> None:
        async with await primary.connect_to_listen(self._dsn) as connection:
            while not stop.is_set():
                cursor = await connection.execute(
                    "SELECT pg_try_advisory_lock(%s)", (Lock.SCHEDULER_LEADER,)
                )
                row = await cursor.fetchone()
                if row is not None and row[0]:
                    break
                await asyncio.sleep(POLL_SECONDS)
            await consumers.require_none_ahead(connection)
            for channel in (Channel.LOG, Channel.INBOX, Channel.TIMER):
                await connection.execute(f"LISTEN {channel}".encode())
            await self._run_loops(connection, stop)

    async def _run_loops(
        self, connection: psycopg.AsyncConnection[tuple[object, ...]], stop: asyncio.Event
    ) -> None:
        async with partner_composition.open_deliveries(self._core) as outside:
            deliveries = Deliveries(outside)
            unless = self._unless_closed
            loops = [
                Loop(partial(self._listen, connection), pause=0),
                Loop(unless(self._run_processes), POLL_SECONDS, self._log_moved, COLLECT_SECONDS),
                Loop(unless(self._relay_inbox), POLL_SECONDS, self._inbox_moved, COLLECT_SECONDS),
                Loop(unless(self._relay_flight_tasks), POLL_SECONDS),
                Loop(self._run_timers, POLL_SECONDS, self._timer_asked),
                Loop(self._measuring.measure, measuring.MEASURE_SECONDS),
                Loop(
                    unless(deliveries.start_due),
                    POLL_SECONDS,
                    self._deliveries_due,
                    COLLECT_SECONDS,
                ),
            ]
            try:
                await run_loops(loops, stop)
            finally:
                measuring.forget()
                await deliveries.end()

    def _unless_closed(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return the work, which does nothing in maintenance or on a full disk."""

        @wraps(work)
        async def unless_closed() -> None:
            if self._core.modes.current.closing() is None:
                await work()

        return unless_closed

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        # The lock on a server that was left makes nobody the leader.
        primary.require_newest(connection)
        async for notice in connection.notifies(timeout=POLL_SECONDS):
            if notice.channel == Channel.INBOX:
                self._inbox_moved.set()
                continue
            if notice.channel == Channel.TIMER:
                self._take_request(notice.payload)
                continue
            self._log_moved.set()
            self._deliveries_due.set()

    async def _run_processes(self) -> None:
        position = await self._core.checkpoints.read(PROCESS_CHECKPOINT)
        while True:
            done = await self._core.processes.run_from(position)
            if done == position:
                break
            await self._core.checkpoints.move(PROCESS_CHECKPOINT, done)
            if done - position < READ_LIMIT:
                break
            position = done
        await self._queue.relay()
        await self._relay_flight_tasks()

    async def _relay_inbox(self) -> None:
        events = await self._core.inbox.claim(
            again_after_seconds=CLAIM_AGAIN_SECONDS, limit=RELAY_LIMIT
        )
        for start in range(0, len(events), INBOX_CHUNK_SIZE):
            chunk = tuple(events[start : start + INBOX_CHUNK_SIZE])
            await self._enqueue(ProcessStripeEvents(chunk))

    def _take_request(self, payload: str) -> None:
        """Have the timers that a request names begin at the next step, which follows at once."""
        request = timer_requests.read_request(payload)
        if request is None:
            logger.warning("a request to the timers cannot be read")
            return
        for sweep in self._sweeps:
            if sweep.name == request.name:
                sweep.begin_now()
        self._requests = [*self._requests, request][-REQUEST_LIMIT:]
        self._timer_asked.set()

    async def _run_timers(self) -> None:
        """Take a step of each timer, but not in maintenance or on a full disk; answer who asked for
        them in any case.
        """
        requests, self._requests = self._requests, []
        if self._core.modes.current.closing() is None:
            await step_all(self._sweeps)
        for request in requests:
            states = [each.state() for each in self._sweeps if request.name in (None, each.name)]
            await timer_requests.answer(self._core.pool, request, states)

    async def _relay_flight_tasks(self) -> None:
        """Enqueue new follow-ups of flights, and those whose worker has stopped."""
        claimed = await self._core.flight_tasks.claim(
            idle_seconds=CLAIM_AGAIN_SECONDS, limit=RELAY_LIMIT
        )
        for flight_id, version in claimed:
            await self._enqueue(FollowFlight(flight_id, version))

    async def _enqueue(self, task: ports.BackgroundTask) -> None:
        await self._queue.enqueue(task.topic, task.body)
