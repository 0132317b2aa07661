"""The log and the dispatcher in memory, without waiting: for thousands of commands a second.

Rule: the log keeps the contract of `ports.EventLog` and what the database refuses (capacity,
balance, one charge once); a process decides with the real `CommandBatch` on a cache of its own.
"""

import asyncio
import datetime as dt
import functools
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from application import ports
from application.commands import stream_kinds
from application.commands.batch import CommandBatch
from application.commands.command import CommandEnvelope, Outcome
from application.commands.follow_up import FollowUps
from application.commands.pending_command import PendingCommand
from application.commands.state_cache import StateCache
from domain.kernel.fold import fold
from infrastructure.event_store import codec

ATTEMPT_LIMIT = 12
NO_DEADLINE = 1e12


class RefusedByLog(AssertionError):
    """An append that the database would refuse: some decision let it through."""


class MemoryLog:
    """Events by position, streams, command rows and capacity counters."""

    def __init__(self, clock: ports.Clock) -> None:
        self._clock = clock
        self.events: list[ports.RecordedEvent] = []
        self.streams: dict[str, list[ports.RecordedEvent]] = {}
        self.commands: dict[uuid.UUID, ports.KnownCommand] = {}
        self.outbox: list[ports.BackgroundTask] = []
        self.capacity: dict[tuple[str, str], list[int]] = {}
        # Puts the appends of several handles in order.
        self.lock = asyncio.Lock()
        self._states: dict[str, tuple[int, Any]] = {}

    def version(self, stream: str) -> int:
        """How many events the stream has."""
        return len(self.streams.get(stream, ()))

    def append(self, batch: ports.Batch) -> ports.Appended:
        """All of the batch or nothing of it; see the port.

        Reads and commands are looked at first; a place that is taken only when all else holds.
        """
        ids = [command.id for command in batch.commands]
        known = {id: self.commands[id] for id in (*ids, *batch.asked) if id in self.commands}
        stale = {
            stream: self.version(stream)
            for stream, version in batch.reads.items()
            if version != self.version(stream)
        }
        if stale or not batch.events or any(id in known for id in ids):
            position = len(self.events)
            return ports.Appended(last_position=position, conflicts=stale, known=known)
        before: dict[str, int] = {}
        for event in batch.events:
            before.setdefault(event.stream, event.version - 1)
        if any(version > self.version(stream) for stream, version in before.items()):
            raise RefusedByLog("a gap")
        if any(version < self.version(stream) for stream, version in before.items()):
            return ports.Appended(conflicts=dict.fromkeys(before, -1))
        self._write(batch)
        return ports.Appended(last_position=len(self.events), written=True, known=known)

    def _write(self, batch: ports.Batch) -> None:
        moved: dict[tuple[str, str], list[int]] = {}
        for new in batch.events:
            if new.version != self.version(new.stream) + 1:
                raise RefusedByLog(f"a gap in {new.stream}")
            command = batch.commands[new.command]
            stored = codec.decode(new.event.tag, codec.encode(new.event))
            for move in getattr(stored, "moves", ()):
                sums = moved.setdefault((new.stream, move.cabin), [0, 0, 0, 0])
                restored = getattr(move, "restored", 0)
                counts = (move.authorised, move.held, move.sold, restored)
                for index, amount in enumerate(counts):
                    sums[index] += amount
            recorded = ports.RecordedEvent(
                position=len(self.events) + 1,
                stream=new.stream,
                version=new.version,
                recorded_at=self._clock(),
                actor=command.actor,
                command_id=command.id,
                correlation_id=command.correlation_id,
                causation_id=command.causation_id,
                event=stored,
            )
            self.events.append(recorded)
            self.streams.setdefault(new.stream, []).append(recorded)
        self._move_capacity(moved)
        for command in batch.commands:
            self.commands[command.id] = ports.KnownCommand(command.fingerprint, command.answer)
        self.outbox.extend(batch.outbox)

    def _move_capacity(self, moved: Mapping[tuple[str, str], Sequence[int]]) -> None:
        """Counters of their own, moved once per append, as the database moves them.

        No append raises held + sold above authorised; a smaller aircraft may lower authorised
        below them, and afterwards they may only fall, but for seats that a booking lost by mistake.
        """
        for key, sums in moved.items():
            before = self.capacity.get(key, [0, 0, 0])
            restored = sums[3]
            authorised, held, sold = counters = [
                a + b for a, b in zip(before, sums[:3], strict=True)
            ]
            raised = sums[1] + sums[2] > restored
            if (raised and held + sold - restored > authorised) or min(counters) < 0:
                raise RefusedByLog(f"capacity of {key}: {counters}")
            self.capacity[key] = counters

    def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        """The events of each stream after the given version, in the order of the log."""
        found = [
            recorded
            for stream, version in versions.items()
            for recorded in self.streams.get(stream, ())[version:]
        ]
        return sorted(found, key=lambda recorded: recorded.position)

    def state(self, stream: str) -> Any:
        """The stream folded from its first event."""
        version, state = self._states.get(stream, (0, None))
        state = fold(
            stream_kinds.kind_of(stream).evolve,
            state,
            (recorded.event for recorded in self.streams.get(stream, ())[version:]),
        )
        self._states[stream] = (self.version(stream), state)
        return state


class MemoryEventLog:
    """`ports.EventLog`: one process' handle on a log; every call gives the event loop a turn.

    It answers as Postgres does; `tests/integration/event_store/test_log_behaviour.py` runs on both.
    """

    def __init__(self, memory: MemoryLog) -> None:
        self._memory = memory

    async def append(self, batch: ports.Batch) -> ports.Appended:
        """See the port; a batch without events takes no lock."""
        await asyncio.sleep(0)
        if not batch.events:
            return self._memory.append(batch)
        async with self._memory.lock:
            return self._memory.append(batch)

    @asynccontextmanager
    async def locked(self, versions: Mapping[str, int]) -> AsyncIterator["_LockedMemoryLog"]:
        """See the port."""
        await self._memory.lock.acquire()
        log = _LockedMemoryLog(self._memory, versions)
        try:
            yield log
        finally:
            log.release()

    async def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        """See the port."""
        await asyncio.sleep(0)
        return self._memory.read_after(versions)

    async def find_commands(
        self, ids: Sequence[uuid.UUID]
    ) -> Mapping[uuid.UUID, ports.KnownCommand]:
        """See the port."""
        await asyncio.sleep(0)
        commands = self._memory.commands
        return {id: commands[id] for id in ids if id in commands}

    async def read_log(self, *, after: int, limit: int) -> AsyncIterator[ports.RecordedEvent]:
        """See the port."""
        await asyncio.sleep(0)
        for recorded in self._memory.events[after : after + limit]:
            yield recorded


class _LockedMemoryLog:
    def __init__(self, memory: MemoryLog, versions: Mapping[str, int]) -> None:
        self._memory = memory
        self._held = True
        self.news = memory.read_after(versions)

    async def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        await asyncio.sleep(0)
        return self._memory.read_after(versions)

    async def append(self, batch: ports.Batch) -> ports.Appended:
        assert self._held, "appends once"
        await asyncio.sleep(0)
        try:
            return self._memory.append(batch)
        finally:
            self.release()

    def release(self) -> None:
        """Let the next one in."""
        if self._held:
            self._held = False
            self._memory.lock.release()


@functools.cache
def _idle_loop() -> asyncio.AbstractEventLoop:
    """One loop for all processes: it makes futures and never runs."""
    return asyncio.new_event_loop()


class MemoryProcess:
    """One process over the log: decides whole batches at once, with a cache that may be behind."""

    def __init__(
        self,
        log: MemoryLog,
        *,
        clock: ports.Clock,
        random_bytes: Callable[[int], bytes],
        cache_limit: int = 1_000,
        follow_ups: FollowUps | None = None,
    ) -> None:
        self._log = log
        self.follow_ups = follow_ups
        self._clock = clock
        self._random_bytes = random_bytes
        self.cache = StateCache(limit=cache_limit)

    def submit(self, envelope: CommandEnvelope) -> Outcome:
        """One command by itself; raises its rejection."""
        (result,) = self.submit_together([envelope])
        if isinstance(result, Exception):
            raise result
        return result

    def submit_together(self, envelopes: Sequence[CommandEnvelope]) -> list[Outcome | Exception]:
        """Commands of one batch, decided in order and appended as one."""
        commands = [PendingCommand(each, _idle_loop().create_future()) for each in envelopes]
        for _ in range(ATTEMPT_LIMIT):
            waiting = [pending for pending in commands if not pending.done]
            if not waiting:
                break
            self._attempt(waiting)
        assert all(pending.done for pending in commands), "contention without another writer"
        return [_result(pending) for pending in commands]

    def _attempt(self, waiting: Sequence[PendingCommand]) -> None:
        batch = self._decide(waiting)
        appended = self._log.append(batch.to_append())
        self.cache.forget(appended.conflicts)
        batch.settle(appended)

    def _decide(self, waiting: Sequence[PendingCommand]) -> CommandBatch:
        while True:
            batch = CommandBatch(
                self.cache,
                now=self._clock(),
                random_bytes=self._random_bytes,
                follow_ups=self.follow_ups,
            )
            for pending in waiting:
                batch.decide(pending)
            if not batch.missing:
                return batch
            for stream in batch.missing:
                self.cache.begin(stream)
            for recorded in self._log.read_after(dict.fromkeys(batch.missing, 0)):
                self.cache.apply(recorded)


def _result(pending: PendingCommand) -> Outcome | Exception:
    error = pending.future.exception()
    if isinstance(error, Exception):
        return error
    return pending.future.result()


class Clock:
    """A clock that does not run until it is moved."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, step: dt.timedelta) -> None:
        """Let time pass."""
        self.now += step


def envelope(command: Any, number: int, *, fingerprint: bytes = b"") -> CommandEnvelope:
    """The command with an envelope; the same number is the same command id."""
    return CommandEnvelope(
        id=uuid.UUID(int=number),
        command=command,
        actor="test",
        correlation_id=f"c{number}",
        deadline=NO_DEADLINE,
        fingerprint=fingerprint,
    )
