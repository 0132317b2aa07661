"""The one scheduler: runs processes over the log, relays outbox and inbox, watches deadlines.

Leader by advisory lock: a second scheduler waits and takes over. Everything it starts is
idempotent, so a change of leader in mid-step does no harm.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg

from application import ports
from infrastructure.event_store import statement
from infrastructure.postgres import inbox
from interfaces.composition import Core
from interfaces.worker import actors

LEADER_LOCK_KEY = 7302
PROCESS_CHECKPOINT = "processes"
RELAY_LIMIT = 500
# A task takes a second at most; what was enqueued longer ago was lost with its worker or queue.
CLAIM_AGAIN_SECONDS = 15.0
POLL_SECONDS = 1.0
TIMER_SECONDS = 1.0
TIMER_LIMIT = 200
TIMER_AGAIN_SECONDS = 30.0
BACKOFF_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Scheduler:
    """Runs until `stop` is set."""

    def __init__(self, core: Core, *, dsn: str) -> None:
        self._core = core
        self._dsn = dsn
        self._log_moved = asyncio.Event()
        self._inbox_moved = asyncio.Event()
        self._sent_timers: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Lead when no other scheduler does; start again after a lost connection."""
        while not stop.is_set():
            try:
                await self._lead(stop)
            except* (psycopg.OperationalError, ports.Unavailable) as errors:
                kinds = sorted({type(each).__name__ for each in errors.exceptions})
                logger.warning("scheduler pauses: %s", ", ".join(kinds))
                await asyncio.sleep(BACKOFF_SECONDS)

    async def _lead(self, stop: asyncio.Event) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=3
        ) as connection:
            while not stop.is_set():
                cursor = await connection.execute(
                    "SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK_KEY,)
                )
                row = await cursor.fetchone()
                if row is not None and row[0]:
                    break
                await asyncio.sleep(POLL_SECONDS)
            await connection.execute(f"LISTEN {statement.NOTIFY_CHANNEL}".encode())
            await connection.execute(f"LISTEN {inbox.NOTIFY_CHANNEL}".encode())
            await self._lead_until(stop, connection)

    async def _lead_until(
        self, stop: asyncio.Event, connection: psycopg.AsyncConnection[tuple[object, ...]]
    ) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._listen(connection)),
                group.create_task(self._repeat(self._run_processes, self._log_moved)),
                group.create_task(self._repeat(self._relay_inbox, self._inbox_moved)),
                group.create_task(self._repeat(self._watch_deadlines, None)),
            ]
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        async for notice in connection.notifies():
            moved = self._log_moved
            if notice.channel == inbox.NOTIFY_CHANNEL:
                moved = self._inbox_moved
            moved.set()

    async def _repeat(
        self, work: Callable[[], Awaitable[None]], moved: asyncio.Event | None
    ) -> None:
        """Do the work whenever something moved, and every POLL_SECONDS in any case."""
        while True:
            if moved is not None:
                moved.clear()
            try:
                await work()
            except ports.Unavailable as error:
                logger.warning("scheduler waits: %s", error)
                await asyncio.sleep(BACKOFF_SECONDS)
            if moved is None:
                await asyncio.sleep(TIMER_SECONDS)
                continue
            try:
                await asyncio.wait_for(moved.wait(), POLL_SECONDS)
            except TimeoutError:
                continue

    async def _run_processes(self) -> None:
        position = await self._core.checkpoints.read(PROCESS_CHECKPOINT)
        while True:
            done = await self._core.processes.run_from(position)
            if done == position:
                break
            await self._core.checkpoints.move(PROCESS_CHECKPOINT, done)
            position = done
        await self._relay_outbox()

    async def _relay_outbox(self) -> None:
        messages = await self._core.outbox.unsent(limit=RELAY_LIMIT)
        for message in messages:
            await self._core.queue.enqueue(message.topic, message.body)
        if messages:
            await self._core.outbox.mark_sent([message.id for message in messages])

    async def _relay_inbox(self) -> None:
        events = await self._core.inbox.claim(
            again_after_seconds=CLAIM_AGAIN_SECONDS, limit=RELAY_LIMIT
        )
        for event in events:
            await self._core.queue.enqueue(actors.STRIPE_EVENT_TOPIC, {"event": event})

    async def _watch_deadlines(self) -> None:
        now = self._core.clock()
        for booking in await self._core.due_holds(now, TIMER_LIMIT):
            await self._send_timer(actors.RELEASE_HOLD_TOPIC, {"booking": booking})
        for payment, attempt in await self._core.unfinished_attempts(now, TIMER_LIMIT):
            body = {"payment": payment, "attempt": attempt}
            await self._send_timer(actors.COMPLETE_ATTEMPT_TOPIC, body)

        for booking in await self._core.unconfirmed(now, TIMER_LIMIT):
            await self._send_timer(actors.CONFIRM_AGAIN_TOPIC, {"booking": booking})

    async def _send_timer(self, topic: str, body: dict[str, str]) -> None:
        """Enqueue, but not again within TIMER_AGAIN_SECONDS while the worker is at it."""
        loop_time = asyncio.get_running_loop().time()
        name = f"{topic}:{sorted(body.values())}"
        if self._sent_timers.get(name, 0.0) > loop_time - TIMER_AGAIN_SECONDS:
            return
        self._sent_timers = {
            sent: at
            for sent, at in self._sent_timers.items()
            if at > loop_time - TIMER_AGAIN_SECONDS
        }
        await self._core.queue.enqueue(topic, body)
        self._sent_timers[name] = loop_time
