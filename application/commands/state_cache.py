"""States of streams in memory: those that the log holds, and those that a batch would add."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import msgspec

from application import ports
from application.commands import stream_kinds


class StreamState(msgspec.Struct, frozen=True):
    """A stream's state at a version; version 0 and state None when it has no events."""

    version: int
    state: Any


ABSENT = StreamState(0, None)


class StateCache:
    """States by stream, bounded: the least recently used are dropped first."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._states: OrderedDict[str, StreamState] = OrderedDict()

    def get(self, stream: str) -> StreamState | None:
        """What is cached, perhaps behind the log."""
        known = self._states.get(stream)
        if known is not None:
            self._states.move_to_end(stream)
        return known

    def put(self, stream: str, known: StreamState) -> None:
        """Cache this state."""
        self._states[stream] = known

    def trim(self) -> None:
        """Drop the oldest beyond the limit; never while a batch is being decided."""
        while len(self._states) > self._limit:
            self._states.popitem(last=False)

    def advance(self, stream: str, version: int, state: Any) -> None:
        """Cache what a reader found, unless a newer version is cached by now.

        Readers ask for many streams that do not exist, and these must not push out what
        decisions need.
        """
        known = self._states.get(stream)
        if known is None and (version == 0 or len(self._states) >= self._limit):
            return
        if known is None or known.version < version:
            self.put(stream, StreamState(version, state))

    def begin(self, stream: str) -> None:
        """Cache the stream as empty, before its events are applied."""
        self._states[stream] = ABSENT

    def apply(self, recorded: ports.RecordedEvent) -> None:
        """Fold one event of the log into its cached state, if it is the stream's next."""
        known = self._states.get(recorded.stream)
        if known is None or recorded.version != known.version + 1:
            return
        state = stream_kinds.kind_of(recorded.stream).evolve(known.state, recorded.event)
        self._states[recorded.stream] = StreamState(recorded.version, state)

    def forget(self, streams: Iterable[str]) -> None:
        """Drop streams that may have newer events; they are loaded again when needed."""
        for stream in streams:
            self._states.pop(stream, None)

    def clear(self) -> None:
        """Drop everything."""
        self._states.clear()


class UncommittedStates:
    """The cache as the decisions of one batch would leave it.

    The cache itself changes with `commit`, once the append of the batch is durable.
    """

    __slots__ = ("_base_versions", "_cache", "_changed")

    def __init__(self, cache: StateCache) -> None:
        self._cache = cache
        self._changed: dict[str, StreamState] = {}
        self._base_versions: dict[str, int] = {}

    def get(self, stream: str) -> StreamState | None:
        """The stream after the decisions so far; None when it is not in memory."""
        return self._changed.get(stream) or self._cache.get(stream)

    def base_version(self, stream: str, known: StreamState) -> int:
        """The version that the log must still have for the batch to hold."""
        return self._base_versions.get(stream, known.version)

    def change(self, stream: str, *, before: int, after: StreamState) -> None:
        """Take in what a decision recorded on a stream that had the version `before`."""
        self._base_versions.setdefault(stream, before)
        self._changed[stream] = after

    def commit(self) -> None:
        """Put the changed states into the cache."""
        for stream, known in self._changed.items():
            self._cache.put(stream, known)
