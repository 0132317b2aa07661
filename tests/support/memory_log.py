"""The log and the dispatcher's road in memory, without waiting: for thousands of commands a second.

Rule: the log keeps the contract of `ports.EventLog` and what the database refuses (capacity,
balance, one charge once); a process plans with the real `planning.Plan` on a cache of its own.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from application import planning, ports, streams
from application.handlers import HANDLERS
from application.orders import Order, Outcome
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
        self._states: dict[str, tuple[int, Any]] = {}

    def version(self, stream: str) -> int:
        """How many events the stream has."""
        return len(self.streams.get(stream, ()))

    def append(self, batch: ports.Batch) -> ports.Appended:
        """All of the batch or nothing of it."""
        asked = [*(command.id for command in batch.commands), *batch.asked]
        known = {id: self.commands[id] for id in asked if id in self.commands}
        conflicts = self._conflicts(batch)
        mine = any(command.id in known for command in batch.commands)
        written = bool(batch.events) and not conflicts and not mine
        if written:
            self._write(batch)
        return ports.Appended(
            last_position=len(self.events), written=written, conflicts=conflicts, known=known
        )

    def _conflicts(self, batch: ports.Batch) -> dict[str, int]:
        firsts: dict[str, int] = {}
        for event in batch.events:
            firsts.setdefault(event.stream, event.version - 1)
        seen = (*batch.reads.items(), *firsts.items())
        return {s: self.version(s) for s, version in seen if version != self.version(s)}

    def _write(self, batch: ports.Batch) -> None:
        moved: dict[tuple[str, str], list[int]] = {}
        for new in batch.events:
            if new.version != self.version(new.stream) + 1:
                raise RefusedByLog(f"a gap in {new.stream}")
            command = batch.commands[new.command]
            told = codec.decode(new.event.tag, codec.encode(new.event))
            for move in getattr(told, "moves", ()):
                sums = moved.setdefault((new.stream, move.cabin), [0, 0, 0])
                for index, amount in enumerate((move.authorised, move.held, move.sold)):
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
                event=told,
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
        below them, and afterwards they may only fall.
        """
        for key, sums in moved.items():
            before = self.capacity.get(key, [0, 0, 0])
            authorised, held, sold = counters = [a + b for a, b in zip(before, sums, strict=True)]
            raised = sums[1] + sums[2] > 0
            if (raised and held + sold > authorised) or min(counters) < 0:
                raise RefusedByLog(f"capacity of {key}: {counters}")
            self.capacity[key] = counters

    def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        """The events of each stream after the given version."""
        return [
            recorded
            for stream, version in versions.items()
            for recorded in self.streams.get(stream, ())[version:]
        ]

    def state(self, stream: str) -> Any:
        """The stream folded from its first event."""
        version, state = self._states.get(stream, (0, None))
        for recorded in self.streams.get(stream, ())[version:]:
            state = streams.kind_of(stream).evolve(state, recorded.event)
        self._states[stream] = (self.version(stream), state)
        return state


class MemoryProcess:
    """One process over the log: decides whole batches at once, with a cache that may be behind."""

    def __init__(
        self,
        log: MemoryLog,
        *,
        clock: ports.Clock,
        randomness: Callable[[int], bytes],
        cache_limit: int = 1_000,
    ) -> None:
        self._log = log
        self._clock = clock
        self._randomness = randomness
        self.cache = planning.StateCache(limit=cache_limit)
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Give the loop back, which only made futures and never ran."""
        self._loop.close()

    def submit(self, order: Order) -> Outcome:
        """One command by itself; raises its rejection."""
        (result,) = self.submit_together([order])
        if isinstance(result, Exception):
            raise result
        return result

    def submit_together(self, orders: Sequence[Order]) -> list[Outcome | Exception]:
        """Commands of one batch, decided in order and appended as one."""
        tasks = [planning.Task(order, self._loop.create_future()) for order in orders]
        for _ in range(ATTEMPT_LIMIT):
            waiting = [task for task in tasks if not task.future.done()]
            if not waiting:
                break
            self._attempt(waiting)
        assert all(task.future.done() for task in tasks), "contention without another writer"
        return [_result(task) for task in tasks]

    def _attempt(self, waiting: Sequence[planning.Task]) -> None:
        plan = self._plan(waiting)
        if plan is None:
            return
        appended = self._log.append(plan.batch())
        self.cache.forget(appended.conflicts)
        plan.tell_known(appended.known)
        if appended.conflicts:
            return
        if appended.written:
            plan.promote()
            plan.tell_accepted()
        if appended.written or not plan.has_events():
            plan.tell_the_rest()

    def _plan(self, waiting: Sequence[planning.Task]) -> planning.Plan | None:
        while True:
            plan = planning.Plan(self.cache, self._clock(), self._randomness)
            for task in waiting:
                if not task.future.done():
                    plan.decide(task, HANDLERS[type(task.order.command)])
            if not plan.missing:
                return plan if plan.tasks() else None
            for stream in plan.missing:
                self.cache.begin(stream)
            for recorded in self._log.read_after(dict.fromkeys(plan.missing, 0)):
                self.cache.apply(recorded)


def _result(task: planning.Task) -> Outcome | Exception:
    error = task.future.exception()
    if isinstance(error, Exception):
        return error
    return task.future.result()


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, step: dt.timedelta) -> None:
        """Let time pass."""
        self.now += step


def order(command: Any, number: int, *, fingerprint: bytes = b"") -> Order:
    """The command with an envelope; the same number is the same command id."""
    return Order(
        id=uuid.UUID(int=number),
        command=command,
        actor="test",
        correlation_id=f"c{number}",
        deadline=NO_DEADLINE,
        fingerprint=fingerprint,
    )
