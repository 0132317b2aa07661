"""The one scheduler: runs processes over the log, relays outbox and inbox, watches deadlines.

Leader by advisory lock: a second scheduler waits and takes over. Everything it starts is
idempotent, so a change of leader in mid-step does no harm.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import psycopg

from application import ports
from application.coordination import Channel, Lock
from application.payment.refund_payment import REFUND_TOPIC
from interfaces.composition import Core
from interfaces.worker import actors

PROCESS_CHECKPOINT = "processes"
RELAY_LIMIT = 500
# Webhooks that one task of the worker works off together.
INBOX_CHUNK_SIZE = 16
# A task takes a second at most; what was enqueued longer ago was lost with its worker or queue.
CLAIM_AGAIN_SECONDS = 15.0
POLL_SECONDS = 1.0
TIMER_SECONDS = 1.0
TIMER_LIMIT = 200
TIMER_AGAIN_SECONDS = 30.0
BACKOFF_SECONDS = 0.5
# Stripe's webhooks tell how an accepted refund ends, within days; this is for those that got lost.
REFUND_ROUND_SECONDS = 600.0

logger = logging.getLogger(__name__)


class RefundRound(msgspec.Struct, frozen=True):
    """A round begins at a time of the event loop; `after` is the refund that it has come to."""

    begins_at: float = 0.0
    after: str = ""

    def moved_on(self, page: Sequence[tuple[str, str]], *, now: float) -> "RefundRound":
        """Behind a full page the round goes on; with the last page it is over for a while."""
        if len(page) == TIMER_LIMIT:
            return RefundRound(self.begins_at, after=page[-1][1])
        return RefundRound(now + REFUND_ROUND_SECONDS)


class Scheduler:
    """Runs until `stop` is set."""

    def __init__(self, core: Core, *, dsn: str) -> None:
        self._core = core
        self._dsn = dsn
        self._log_moved = asyncio.Event()
        self._inbox_moved = asyncio.Event()
        self._sent_timers: dict[str, float] = {}
        self._refund_round = RefundRound()

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
                    "SELECT pg_try_advisory_lock(%s)", (Lock.SCHEDULER_LEADER,)
                )
                row = await cursor.fetchone()
                if row is not None and row[0]:
                    break
                await asyncio.sleep(POLL_SECONDS)
            await connection.execute(f"LISTEN {Channel.LOG}".encode())
            await connection.execute(f"LISTEN {Channel.INBOX}".encode())
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
            if notice.channel == Channel.INBOX:
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
        await self._relay_flight_tasks()

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
        for start in range(0, len(events), INBOX_CHUNK_SIZE):
            body = {"events": ",".join(events[start : start + INBOX_CHUNK_SIZE])}
            await self._core.queue.enqueue(actors.STRIPE_EVENTS_TOPIC, body)

    async def _watch_deadlines(self) -> None:
        now = self._core.clock()
        for booking in await self._core.due_holds(now, TIMER_LIMIT):
            await self._send_timer(actors.RELEASE_HOLD_TOPIC, {"booking": booking})
        for payment, attempt in await self._core.unfinished_attempts(now, TIMER_LIMIT):
            body = {"payment": payment, "attempt": attempt}
            await self._send_timer(actors.COMPLETE_ATTEMPT_TOPIC, body)
        for payment, refund in await self._core.unanswered_refunds(now, TIMER_LIMIT):
            await self._send_timer(REFUND_TOPIC, {"payment": payment, "refund": refund})
        await self._follow_refunds(now)
        for booking in await self._core.to_run_again(now, TIMER_LIMIT):
            await self._send_timer(actors.RUN_AGAIN_TOPIC, {"booking": booking})
        await self._watch_flights(now)

    async def _watch_flights(self, now: dt.datetime) -> None:
        for flight in await self._core.due_departures(now, TIMER_LIMIT):
            await self._send_timer(actors.DEPART_FLIGHT_TOPIC, {"flight": flight})
        for flight in await self._core.with_waitlist(TIMER_LIMIT):
            await self._send_timer(actors.OFFER_AGAIN_TOPIC, {"flight": flight})
        await self._relay_flight_tasks()

    async def _relay_flight_tasks(self) -> None:
        """Fresh follow-ups, and those whose worker has stopped."""
        claimed = await self._core.flight_tasks.claim(
            idle_seconds=CLAIM_AGAIN_SECONDS, limit=RELAY_LIMIT
        )
        for flight, version in claimed:
            body = {"flight": flight, "version": str(version)}
            await self._core.queue.enqueue(actors.FOLLOW_FLIGHT_TOPIC, body)

    async def _follow_refunds(self, now: dt.datetime) -> None:
        """The next page of this round over the refunds that Stripe has and has not settled."""
        loop_time = asyncio.get_running_loop().time()
        if loop_time < self._refund_round.begins_at:
            return
        page = await self._core.unsettled_refunds(
            now, after=self._refund_round.after, limit=TIMER_LIMIT
        )
        for payment, refund in page:
            await self._send_timer(REFUND_TOPIC, {"payment": payment, "refund": refund})
        self._refund_round = self._refund_round.moved_on(page, now=loop_time)

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
