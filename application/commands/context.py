"""What a decision reads from and records on.

Rule: what a decision records is buffered here; a decision that raises leaves nothing.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from application import ports
from application.commands import open_days
from application.commands.state_cache import ABSENT, StreamState, UncommittedStates
from application.commands.stream_kinds import StreamKind, kind_of
from domain.kernel.events import DomainEvent
from domain.kernel.fold import fold

State = TypeVar("State")

EventsByStream = Mapping[str, Sequence[DomainEvent]]
"""Events by the stream that they belong to, in the order in which they happen to it."""


class NotLoaded(Exception):
    """A decision needs streams that are not in memory."""

    def __init__(self, *streams: str) -> None:
        super().__init__(*streams)
        self.streams = streams


class DecisionContext:
    """States, the instant and random bytes for one decision, and what it records."""

    __slots__ = (
        "_changed",
        "_events",
        "_random_bytes",
        "_states",
        "keys",
        "now",
        "outbox",
        "reads",
        "stripe_events",
    )

    def __init__(
        self,
        states: UncommittedStates,
        *,
        now: dt.datetime,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._states = states
        self._random_bytes = random_bytes
        self._changed: dict[str, StreamState] = {}
        self._events: dict[str, list[DomainEvent]] = {}
        self.now = now
        self.reads: dict[str, int] = {}
        self.outbox: list[ports.BackgroundTask] = []
        self.keys: list[ports.WrappedKey] = []
        self.stripe_events: list[ports.StripeEvent] = []

    @property
    def events(self) -> EventsByStream:
        """What was recorded."""
        return self._events

    def load(self, kind: StreamKind[State], stream: str) -> State | None:
        """The state of a stream after the events recorded so far; None when it has none."""
        assert stream.startswith(kind.prefix)
        known = self._states.get(stream)
        found = self._changed.get(stream) or known
        if found is None:
            raise NotLoaded(stream)
        self.reads[stream] = 0 if known is None else self._states.base_version(stream, known)
        state: State | None = found.state
        return state

    def load_all(self, kind: StreamKind[State], streams: Sequence[str]) -> dict[str, State | None]:
        """The states of many streams, as `load` returns them; what is missing is read at once."""
        absent = [
            each for each in streams if each not in self._changed and self._states.get(each) is None
        ]
        if absent:
            raise NotLoaded(*absent)
        return {each: self.load(kind, each) for each in streams}

    def begin(self, kind: StreamKind[State], stream: str) -> bool:
        """Begin a stream that should be new; False when it is in memory already.

        The log decides in the end: its unique first version refuses a stream that exists, and
        the decision is then made again with a fresh id.
        """
        assert stream.startswith(kind.prefix)
        if stream in self._changed or self._states.get(stream) is not None:
            return False
        self._changed[stream] = ABSENT
        return True

    def random_bytes(self, count: int) -> bytes:
        """Fresh random bytes; another call returns others."""
        return self._random_bytes(count)

    def record(self, stream: str, events: Sequence[DomainEvent]) -> None:
        """Append events to a stream that was loaded or begun; without events nothing happens.

        An entry of a closed month is dated on the first day of the next open one.
        """
        if not events:
            return
        events = [open_days.in_open_month(self, each) for each in events]
        before = self.after(stream)
        assert before is not None, "a decision writes only streams that it has read"
        state = fold(kind_of(stream).evolve, before.state, events)
        self._changed[stream] = StreamState(before.version + len(events), state)
        self._events.setdefault(stream, []).extend(events)

    def enqueue(self, task: ports.BackgroundTask) -> None:
        """Enqueue a background task with the events; it is dropped when there are none."""
        self.outbox.append(task)

    def store_keys(self, keys: Sequence[ports.WrappedKey]) -> None:
        """Commit the keys of sealed values with the events; dropped when there are none."""
        self.keys.extend(keys)

    def finish_stripe_event(self, event: ports.StripeEvent) -> None:
        """Store the event as done with the events that it caused; dropped when there are none."""
        self.stripe_events.append(event)

    def after(self, stream: str) -> StreamState | None:
        """Version and state of a stream with what was recorded; None when it is not in memory."""
        return self._changed.get(stream) or self._states.get(stream)
