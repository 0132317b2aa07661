"""How much of the log the reads of one request must contain, and where they may be made.

A read of a request that changes nothing may be made on a replica that lags, if the replica contains
what this client has written or seen: its position of the log. Everything else reads the primary.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import msgspec

from application.ports import Unavailable

# Above every position: what was written is known, but not where, so only the primary is sure.
UNKNOWN = 2**62
# Longer than a replica may lag: then every place that is read from contains what was written.
KEPT_SECONDS = 300


class Reading(msgspec.Struct):
    """The reads of one request, in order.

    `at_least` is the position that they contain; `named` are positions that the client named and
    that nobody has looked for in the log yet: one that the log does not have asks for nothing.
    `user` is known once the caller has signed in.
    `is_primary` is whether the primary answers from now on: what it showed, a replica may lack.
    `written` is the last position that the request wrote, 0 for none.
    """

    at_least: int = 0
    named: tuple[int, ...] = ()
    user: str = ""
    is_primary: bool = True
    written: int = 0
    asked_for_last_writes: bool = False

    def require(self, position: int) -> None:
        """Make the reads that follow contain the log up to this position."""
        self.at_least = max(self.at_least, position)


class LastWrites(Protocol):
    """The last position that each user wrote, shared by all processes that serve it."""

    async def note(self, user: str, position: int) -> None:
        """Remember a position of the user; an earlier one does not replace it."""
        ...

    async def position_of(self, user: str) -> int:
        """Return the last position of the user that may matter: 0 for none, UNKNOWN where it
        cannot be said.
        """
        ...


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)
_lag_seconds: ContextVar[float] = ContextVar("lag_seconds", default=0.0)


def current() -> Reading | None:
    """Return the reads of the request under way; None outside of one."""
    return _reading.get()


@contextmanager
def carrying(reading: Reading) -> Iterator[None]:
    """Make these the reads of what runs within."""
    token = _reading.set(reading)
    try:
        yield
    finally:
        _reading.reset(token)


def wrote(position: int) -> None:
    """Note that the request wrote, or found written, what the log has at this position; 0 is a
    position that is not known.
    """
    reading = _reading.get()
    if reading is not None:
        reading.written = max(reading.written, position or UNKNOWN)
        reading.is_primary = True


def require(position: int) -> None:
    """Make the reads that follow in this request contain the log up to this position, which the
    client named, if the log has it.
    """
    reading = _reading.get()
    if reading is not None:
        reading.named = (*reading.named, position)


def require_primary() -> None:
    """Make the reads that follow in this request on the primary."""
    reading = _reading.get()
    if reading is not None:
        reading.is_primary = True


@contextmanager
def lagging_by(seconds: float) -> Iterator[None]:
    """State that what is begun within reads a place whose oldest missing event is so old."""
    token = _lag_seconds.set(seconds)
    try:
        yield
    finally:
        _lag_seconds.reset(token)


def lag_seconds() -> float:
    """Return the age of the oldest event that the place lacks that is read from."""
    return _lag_seconds.get()


class _Noted(msgspec.Struct, frozen=True):
    """A user's last position that is known, until when it matters, and until when it is UNKNOWN."""

    position: int = 0
    until: float = 0.0
    unknown_until: float = 0.0


class NoSharedWrites:
    """`LastWrites` of a process that serves alone; remembers them for KEPT_SECONDS."""

    def __init__(
        self, *, limit: int = 10_000, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._monotonic = monotonic
        # In the order of their last notes.
        self._noted: dict[str, _Noted] = {}
        self._largest = 0
        # The last position that was forgotten: users that are not remembered may have written it.
        self._forgotten = 0

    async def note(self, user: str, position: int) -> None:
        """Remember it; beyond the limit the user who was noted first is forgotten."""
        now = self._monotonic()
        until = now + KEPT_SECONDS
        before = self._noted.pop(user, _Noted())
        if position >= UNKNOWN:
            self._noted[user] = _Noted(before.position, until, until)
        else:
            self._largest = max(self._largest, position)
            latest = max(before.position, position)
            self._noted[user] = _Noted(latest, until, before.unknown_until)
        self._forget(now)

    async def position_of(self, user: str) -> int:
        """Return the position, or that of what was forgotten."""
        now = self._monotonic()
        noted = self._noted.get(user)
        if noted is None or noted.until <= now:
            return self._forgotten
        return UNKNOWN if now < noted.unknown_until else noted.position

    def _forget(self, now: float) -> None:
        while (first := next(iter(self._noted.values()))).until <= now:
            del self._noted[next(iter(self._noted))]
        if len(self._noted) > self._limit:
            first = self._noted.pop(next(iter(self._noted)))
            # Those who were noted later wrote later: what is not known lies before their positions.
            latest = self._largest if now < first.unknown_until else first.position
            self._forgotten = max(self._forgotten, latest)


class SharedWrites:
    """`LastWrites` by a store that may be away: what it cannot say is not known."""

    def __init__(self, store: LastWrites) -> None:
        self._own = NoSharedWrites()
        self._store = store

    async def note(self, user: str, position: int) -> None:
        """Remember it here, and in the store while that answers."""
        await self._own.note(user, position)
        try:
            await self._store.note(user, position)
        except Unavailable:
            return

    async def position_of(self, user: str) -> int:
        """Return the later of both positions."""
        try:
            shared = await self._store.position_of(user)
        except Unavailable:
            return UNKNOWN
        return max(shared, await self._own.position_of(user))
