"""Carries commands out: one committer per process, one append for all that wait (group commit).

Rules: a command is decided on shared in-memory state; what is refused or empty counts only on
state known to be current after the command arrived; a failing command fails alone; nothing is
retried without asking the log by command id first.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from application import planning, ports, streams
from application.orders import Order, Outcome
from application.planning import Handler, Plan, Task

State = TypeVar("State")

BATCH_LIMIT = 256
ATTEMPT_LIMIT = 12
# A decision reads a stream, then perhaps one that the first names, and so on: never this many.
LOADING_LIMIT = 16
# After a version conflict another process writes the same streams: lock first for this long.
CONTENTION_SECONDS = 1.0
RESOLVE_PAUSE_SECONDS = 0.1


class Statistics:
    """Counters since the start, for metrics and benchmarks."""

    def __init__(self) -> None:
        self.batches = 0
        self.commands = 0
        self.conflicts = 0
        self.locked_batches = 0
        self.largest_batch = 0

    def count(self, batch_size: int) -> None:
        """One batch was taken from the queue."""
        self.batches += 1
        self.commands += batch_size
        self.largest_batch = max(self.largest_batch, batch_size)


class Dispatcher:
    """The only writer of its process. Used from one event loop."""

    def __init__(
        self,
        *,
        log: ports.EventLog,
        handlers: Mapping[type, Handler],
        clock: ports.Clock,
        randomness: Callable[[int], bytes],
        queue_limit: int = 2_000,
        cache_limit: int = 20_000,
    ) -> None:
        self._log = log
        self._handlers = handlers
        self._clock = clock
        self._randomness = randomness
        self._queue_limit = queue_limit
        self._cache = planning.StateCache(limit=cache_limit)
        self._waiting: deque[Task] = deque()
        self._wake = asyncio.Event()
        self._committer: asyncio.Task[None] | None = None
        self._contended_until = 0.0
        self._closing = False
        self.statistics = Statistics()

    def start(self) -> None:
        """Begin to take commands; needs a running event loop."""
        self._committer = asyncio.get_running_loop().create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Finish what waits, then stop; later commands are refused as Unavailable."""
        self._closing = True
        self._wake.set()
        if self._committer is not None:
            await self._committer

    async def submit(self, order: Order) -> Outcome:
        """Carry the command out once.

        Raises the Rejection of its decision, IdempotencyConflict, or Unavailable when the queue
        is full, the deadline has passed or the database does not answer.
        """
        if self._closing or len(self._waiting) >= self._queue_limit:
            raise ports.Unavailable("queue")
        task = Task(order, asyncio.get_running_loop().create_future())
        self._waiting.append(task)
        self._wake.set()
        outcome: Outcome = await task.future
        return outcome

    async def current(
        self, kind: streams.StreamKind[State], stream: str
    ) -> tuple[State | None, int]:
        """State and version of a stream as the log has it now, not as a cache remembers it."""
        known = self._cache.get(stream)
        version = known.version if known is not None else 0
        state = known.state if known is not None else None
        for recorded in await self._log.read_after({stream: version}):
            state = kind.evolve(state, recorded.event)
            version = recorded.version
        if known is None or known.version < version:
            self._cache.advance(stream, version, state)
        return state, version

    async def as_of(
        self, kind: streams.StreamKind[State], stream: str, version: int
    ) -> State | None:
        """State of a stream when it had this version: what a replayed answer speaks of."""
        state: State | None = None
        for recorded in await self._log.read_after({stream: 0}):
            if recorded.version <= version:
                state = kind.evolve(state, recorded.event)
        return state

    async def history(self, stream: str) -> list[ports.RecordedEvent]:
        """All events of a stream in order."""
        return await self._log.read_after({stream: 0})

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = self._take_batch(())
            if not batch:
                continue
            self.statistics.count(len(batch))
            try:
                await self._commit(batch)
            except ports.Unavailable as error:
                _fail_all(batch, error)
            except Exception as error:  # noqa: BLE001 - a bug fails its batch, never the loop
                self._cache.clear()
                await self._isolate(batch, error)
            self._cache.trim()

    def _take_batch(self, begun: Sequence[Task], *, limit: int = BATCH_LIMIT) -> list[Task]:
        """What was begun and more, up to `limit` tasks; late ones are refused.

        Equal commands share one place.
        """
        loop_time = asyncio.get_running_loop().time()
        chosen: dict[uuid.UUID, Task] = {task.order.id: task for task in begun}
        postponed: list[Task] = []
        while self._waiting and len(chosen) < limit:
            task = self._waiting.popleft()
            if task.done:
                continue
            if task.order.deadline < loop_time:
                task.fail(ports.Unavailable("deadline"))
                continue
            first = chosen.setdefault(task.order.id, task)
            if first is task:
                continue
            if first.order.fingerprint == task.order.fingerprint:
                first.repeats.append(task)
            else:
                postponed.append(task)
        self._waiting.extendleft(reversed(postponed))
        return list(chosen.values())

    async def _commit(self, batch: list[Task], *, limit: int = BATCH_LIMIT) -> None:
        """Decide and append until every task has its outcome; the batch may grow to `limit`."""
        for _ in range(ATTEMPT_LIMIT):
            batch[:] = [task for task in batch if not task.done]
            if not batch:
                return
            if asyncio.get_running_loop().time() < self._contended_until:
                await self._attempt_locked(batch, limit=limit)
            else:
                await self._attempt(batch)
        _fail_all(batch, ports.Unavailable("contention"))

    async def _attempt(self, batch: Sequence[Task]) -> None:
        plan = await self._plan(batch, self._log)
        if plan is None:
            return
        try:
            appended = await self._log.append(plan.batch())
        except ports.AppendUnresolved:
            await self._resolve(plan)
            return
        if appended.conflicts:
            self.statistics.conflicts += 1
            # A taken name is bad luck; a stream that moved on has another writer.
            if any(version >= 0 for version in appended.conflicts.values()):
                self._contended_until = asyncio.get_running_loop().time() + CONTENTION_SECONDS
            await self._catch_up(appended.conflicts, self._log)
        self._settle(plan, appended)

    async def _attempt_locked(self, batch: list[Task], *, limit: int) -> None:
        """Lock, catch up, take in whoever came meanwhile, decide, append: two round trips.

        A stream that no hint named may still be behind; it is then caught up on, and the batch
        is decided again.
        """
        self.statistics.locked_batches += 1
        versions = self._cached_versions(batch)
        plan: Plan | None = None
        try:
            async with self._log.locked(versions) as locked:
                for recorded in locked.news:
                    self._cache.apply(recorded)
                batch[:] = self._take_batch(batch, limit=limit)
                newly_named = self._cached_versions(batch).keys() - versions.keys()
                await self._catch_up(dict.fromkeys(newly_named, 0), locked)
                plan = await self._plan(batch, locked)
                if plan is None:
                    return
                appended = await locked.append(plan.batch())
        except ports.AppendUnresolved:
            assert plan is not None
            await self._resolve(plan)
            return
        if appended.conflicts:
            await self._catch_up(appended.conflicts, self._log)
        self._settle(plan, appended)

    def _cached_versions(self, batch: Sequence[Task]) -> dict[str, int]:
        """Versions of the remembered streams that these commands name."""
        wanted = {stream for task in batch for stream in task.order.command.hints}
        return {
            stream: known.version
            for stream in wanted
            if (known := self._cache.get(stream)) is not None
        }

    async def _catch_up(
        self, conflicts: Mapping[str, int], source: ports.EventLog | ports.LockedLog
    ) -> None:
        """Take in what others appended to these streams; a popular one is long, so never anew.

        -1 stands for a stream that was believed to be new: it is forgotten.
        """
        self._cache.forget([stream for stream, version in conflicts.items() if version < 0])
        versions = {
            stream: known.version
            for stream in conflicts
            if (known := self._cache.get(stream)) is not None
        }
        if versions:
            for recorded in await source.read_after(versions):
                self._cache.apply(recorded)

    async def _plan(
        self, batch: Sequence[Task], source: ports.EventLog | ports.LockedLog
    ) -> Plan | None:
        """Decisions of all tasks, in order; None when no task is left to settle."""
        for _ in range(LOADING_LIMIT):
            plan = Plan(self._cache, self._clock(), self._randomness)
            for task in batch:
                if not task.done:
                    plan.decide(task, self._handlers[type(task.order.command)])
            if not plan.missing:
                return plan if plan.tasks() else None
            await self._load(plan.missing, source)
        raise RuntimeError(f"decisions never stop to ask for streams: {sorted(plan.missing)}")

    async def _load(self, missing: set[str], source: ports.EventLog | ports.LockedLog) -> None:
        found = await source.read_after(dict.fromkeys(missing, 0))
        for stream in missing:
            self._cache.begin(stream)
        for recorded in found:
            self._cache.apply(recorded)

    async def _resolve(self, plan: Plan) -> None:
        """After a lost reply to a commit: ask by command id, never guess.

        What the log holds is answered; the rest is decided again, lock first: the lost append may
        still wait for the lock itself, and a refusal must not be told before it has ended.
        """
        self._cache.clear()
        self._contended_until = asyncio.get_running_loop().time() + CONTENTION_SECONDS
        ids = [task.order.id for task in plan.tasks()]
        latest = min(task.order.deadline for task in plan.tasks())
        loop = asyncio.get_running_loop()
        while True:
            try:
                known = await self._log.find_commands(ids)
            except ports.Unavailable:
                if loop.time() > latest:
                    raise
                await asyncio.sleep(RESOLVE_PAUSE_SECONDS)
                continue
            plan.tell_known(known)
            return

    def _settle(self, plan: Plan, appended: ports.Appended) -> None:
        """Tell every task that has an outcome; the others stay and are decided again."""
        plan.tell_known(appended.known)
        if appended.conflicts:
            return
        if appended.written:
            plan.promote()
            plan.tell_accepted()
        if appended.written or not plan.has_events():
            plan.tell_the_rest()

    async def _isolate(self, batch: Sequence[Task], error: Exception) -> None:
        """The batch met a bug: carry its commands out one by one so that only one fails."""
        pending = [task for task in batch if not task.done]
        if len(pending) == 1:
            pending[0].fail(error)
            return
        for task in pending:
            try:
                # Nobody joins: whose bug it is must be known, and nobody else be left unanswered.
                await self._commit([task], limit=1)
            except ports.Unavailable as unavailable:
                _fail_all([task], unavailable)
            except Exception as alone:  # noqa: BLE001 - told to the caller of this command
                self._cache.clear()
                task.fail(alone)


def _fail_all(batch: Sequence[Task], error: Exception) -> None:
    for task in batch:
        task.fail(error)
