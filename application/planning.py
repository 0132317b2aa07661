"""One batch on its way: cached states, the decisions made on them, and what to append.

Rule: nothing here waits or does I/O. A stream that is not in memory is noted in `missing`, and
the batch is planned again once it has been loaded; handlers are pure, so that costs only time.
"""

import asyncio
import datetime as dt
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from application import ports, streams
from application.orders import Decision, IdempotencyConflict, Order, Outcome

State = TypeVar("State")
Handler = Callable[[Any, "Reading"], Decision]


class Known(msgspec.Struct, frozen=True):
    """A stream as remembered; version 0 and state None when it has no events."""

    version: int
    state: Any


ABSENT = Known(0, None)


class StateCache:
    """States of streams by name, bounded, least recently used out first."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Known] = OrderedDict()

    def get(self, stream: str) -> Known | None:
        """What is remembered, perhaps behind the log."""
        known = self._known.get(stream)
        if known is not None:
            self._known.move_to_end(stream)
        return known

    def put(self, stream: str, known: Known) -> None:
        """Remember."""
        self._known[stream] = known

    def trim(self) -> None:
        """Forget the oldest beyond the limit; never while a batch is being decided."""
        while len(self._known) > self._limit:
            self._known.popitem(last=False)

    def advance(self, stream: str, version: int, state: Any) -> None:
        """Remember what a reader found, unless something newer is known by now.

        Readers ask for much that is not there, and must not push out what decisions need.
        """
        known = self._known.get(stream)
        if known is None and (version == 0 or len(self._known) >= self._limit):
            return
        if known is None or known.version < version:
            self.put(stream, Known(version, state))

    def begin(self, stream: str) -> None:
        """Remember the stream as empty, before its events are applied."""
        self._known[stream] = ABSENT

    def apply(self, recorded: ports.RecordedEvent) -> None:
        """Take one event of the log in, if it is the stream's next."""
        known = self._known.get(recorded.stream)
        if known is None or recorded.version != known.version + 1:
            return
        state = streams.kind_of(recorded.stream).evolve(known.state, recorded.event)
        self._known[recorded.stream] = Known(recorded.version, state)

    def forget(self, names: Iterable[str]) -> None:
        """These may have moved on: load them again when needed."""
        for stream in names:
            self._known.pop(stream, None)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()


class Task:
    """One order on its way to an outcome, with those that repeat it word for word."""

    __slots__ = ("future", "order", "repeats")

    def __init__(self, order: Order, future: asyncio.Future[Outcome]) -> None:
        self.order = order
        self.future = future
        self.repeats: list[Task] = []

    @property
    def done(self) -> bool:
        """Whether nobody waits any more: the caller may have gone while its repeats have not."""
        return self.future.done() and all(task.future.done() for task in self.repeats)

    def succeed(self, outcome: Outcome) -> None:
        """Tell the caller; repeats are told that it is a replay."""
        if not self.future.done():
            self.future.set_result(outcome)
        for task in self.repeats:
            task.succeed(msgspec.structs.replace(outcome, replayed=True, state=None))

    def fail(self, error: Exception) -> None:
        """Tell the caller and all repeats."""
        for task in (self, *self.repeats):
            if not task.future.done():
                task.future.set_exception(error)

    def replay(self, known: ports.KnownCommand) -> None:
        """The log holds this command already: its answer, or a conflict of fingerprints."""
        if known.fingerprint != self.order.fingerprint:
            self.fail(IdempotencyConflict())
        else:
            self.succeed(Outcome(answer=known.answer, replayed=True))


class NotLoaded(Exception):
    """A decision needs a stream that is not in memory."""


class Reading:
    """What a handler may ask for: states, the instant, randomness. One per decision."""

    __slots__ = ("_plan", "now", "reads")

    def __init__(self, plan: "Plan") -> None:
        self._plan = plan
        self.now = plan.now
        self.reads: dict[str, int] = {}

    def load(self, kind: streams.StreamKind[State], stream: str) -> State | None:
        """The state of a stream, None when it has no events."""
        assert stream.startswith(kind.prefix)
        known = self._plan.view(stream)
        if known is None:
            self._plan.missing.add(stream)
            raise NotLoaded(stream)
        self.reads[stream] = self._plan.base_version(stream, known)
        state: State | None = known.state
        return state

    def begin(self, kind: streams.StreamKind[State], stream: str) -> bool:
        """Start a stream believed to be new; False when this process knows it already.

        The log has the last word: its unique first version refuses a stream that exists, and
        the decision is then made again with a fresh name.
        """
        assert stream.startswith(kind.prefix)
        return self._plan.begin(stream)

    def draw(self, count: int) -> bytes:
        """Fresh random bytes; another call gives others."""
        return self._plan.randomness(count)


class Plan:
    """The decisions of one batch on a common view of the streams."""

    def __init__(
        self, cache: StateCache, now: dt.datetime, randomness: Callable[[int], bytes]
    ) -> None:
        self._cache = cache
        self.now = now
        self.randomness = randomness
        self.missing: set[str] = set()
        self._view: dict[str, Known] = {}
        self._base: dict[str, int] = {}
        self._reads: dict[str, int] = {}
        self._accepted: list[tuple[Task, ports.Answer, Any]] = []
        self._refused: list[tuple[Task, Exception]] = []
        self._empty: list[tuple[Task, ports.Answer, Any]] = []
        self._events: list[ports.NewEvent] = []
        self._outbox: list[ports.BackgroundTask] = []
        self._keys: list[ports.WrappedKey] = []

    def view(self, stream: str) -> Known | None:
        """The stream as the decisions so far leave it."""
        return self._view.get(stream) or self._cache.get(stream)

    def begin(self, stream: str) -> bool:
        """Take the stream as empty without asking the log; False when it is known not to be."""
        if self.view(stream) is not None:
            return False
        self._view[stream] = ABSENT
        return True

    def base_version(self, stream: str, known: Known) -> int:
        """The version that the log must still have for this plan to hold."""
        return self._base.get(stream, known.version)

    def decide(self, task: Task, handler: Handler) -> None:
        """Run one handler and take its decision in; its bug is told to its caller alone.

        A bug counts, as a refusal does, only on current state: on a cache that is behind the log
        a sound handler may meet a state that it rightly holds impossible.
        """
        reading = Reading(self)
        try:
            decision = handler(task.order.command, reading)
            changed = self._evolved(decision)
        except NotLoaded:
            return
        except Exception as error:  # noqa: BLE001 - isolated: told to the caller of this command
            # A rejection, or a bug, or an assertion that only a state left behind could break:
            # all of them count once the state is known to be current.
            self._refused.append((task, error))
            self._reads.update(reading.reads)
            return
        self._reads.update(reading.reads)
        self._take_in(task, decision, changed)

    def _evolved(self, decision: Decision) -> dict[str, Known]:
        changed: dict[str, Known] = {}
        for stream, events in decision.events:
            known = changed.get(stream) or self.view(stream)
            assert known is not None, "a decision writes only streams that it has read"
            version, state = known.version, known.state
            evolve = streams.kind_of(stream).evolve
            for event in events:
                state = evolve(state, event)
                version += 1
            changed[stream] = Known(version, state)
        return changed

    def _take_in(self, task: Task, decision: Decision, changed: dict[str, Known]) -> None:
        command = len(self._accepted)
        for stream, events in decision.events:
            version = self._version_before(stream)
            for event in events:
                version += 1
                self._events.append(
                    ports.NewEvent(stream=stream, version=version, event=event, command=command)
                )
            if events:
                self._view[stream] = Known(version, None)
        self._view.update(changed)
        known = self.view(decision.answer_stream)
        assert known is not None, "an answer speaks of a stream that was read"
        answer = ports.Answer(decision.answer_stream, known.version, decision.ids)
        if any(events for _, events in decision.events):
            self._accepted.append((task, answer, known.state))
            self._outbox.extend(decision.outbox)
            self._keys.extend(decision.keys)
        else:
            self._empty.append((task, answer, known.state))

    def _version_before(self, stream: str) -> int:
        known = self.view(stream)
        assert known is not None
        self._base.setdefault(stream, known.version)
        return known.version

    def tasks(self) -> list[Task]:
        """All tasks that were decided."""
        told = (*self._accepted, *self._empty)
        return [task for task, _, _ in told] + [task for task, _ in self._refused]

    def has_events(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._events)

    def batch(self) -> ports.Batch:
        """What to append. New streams are guarded by their unique first version alone."""
        written = {event.stream for event in self._events}
        reads = {
            stream: version
            for stream, version in self._reads.items()
            if version > 0 or stream not in written
        }
        commands = [
            ports.CommandRecord(
                id=task.order.id,
                fingerprint=task.order.fingerprint,
                answer=answer,
                actor=task.order.actor,
                correlation_id=task.order.correlation_id,
                causation_id=task.order.causation_id,
            )
            for task, answer, _ in self._accepted
        ]
        asked = [task.order.id for task, _, _ in self._empty]
        asked += [task.order.id for task, _ in self._refused]
        return ports.Batch(
            commands=commands,
            events=self._events,
            reads=reads,
            asked=asked,
            outbox=self._outbox,
            keys=self._keys,
        )

    def promote(self) -> None:
        """The append is durable: remember the states it left."""
        for stream, known in self._view.items():
            if known is not ABSENT:
                self._cache.put(stream, known)

    def tell_known(self, known: Mapping[uuid.UUID, ports.KnownCommand]) -> None:
        """The log held these commands before: their callers get the answer kept there."""
        for task in self.tasks() if known else ():
            if task.order.id in known:
                task.replay(known[task.order.id])

    def tell_accepted(self) -> None:
        """The events are durable."""
        for task, answer, state in self._accepted:
            task.succeed(Outcome(answer=answer, replayed=False, state=state))

    def tell_the_rest(self) -> None:
        """Refusals and empty decisions stand: they were made on current state."""
        for task, error in self._refused:
            if not task.done:
                task.fail(error)
        for task, answer, state in self._empty:
            if not task.done:
                task.succeed(Outcome(answer=answer, replayed=False, state=state))
