"""`application.ports.EventLog` in memory, for dispatchers in tests that need no server.

Rule: it answers as Postgres does, also to what cannot be written; one suite is run on both
(`tests/integration/event_store/test_log_behaviour.py`). Handles on one Shelf are processes.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from application import ports
from tests.support.memory_log import MemoryLog, RefusedByLog


class Shelf:
    """What all processes share: the events and the lock that puts appends in order."""

    def __init__(self, clock: ports.Clock) -> None:
        self.memory = MemoryLog(clock)
        self.lock = asyncio.Lock()


class FakeEventLog:
    """One process' handle on the shelf; every call gives the event loop a turn."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def append(self, batch: ports.Batch) -> ports.Appended:
        """See the port; a batch without events takes no lock."""
        await asyncio.sleep(0)
        if not batch.events:
            return _append(self._shelf.memory, batch)
        async with self._shelf.lock:
            return _append(self._shelf.memory, batch)

    @asynccontextmanager
    async def locked(self, versions: Mapping[str, int]) -> AsyncIterator["_FakeLockedLog"]:
        """See the port."""
        await self._shelf.lock.acquire()
        log = _FakeLockedLog(self._shelf, versions)
        try:
            yield log
        finally:
            log.release()

    async def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        """See the port."""
        await asyncio.sleep(0)
        return _read_after(self._shelf.memory, versions)

    async def find_commands(
        self, ids: Sequence[uuid.UUID]
    ) -> Mapping[uuid.UUID, ports.KnownCommand]:
        """See the port."""
        await asyncio.sleep(0)
        commands = self._shelf.memory.commands
        return {id: commands[id] for id in ids if id in commands}

    async def read_log(self, *, after: int, limit: int) -> AsyncIterator[ports.RecordedEvent]:
        """See the port."""
        await asyncio.sleep(0)
        for recorded in self._shelf.memory.events[after : after + limit]:
            yield recorded


class _FakeLockedLog:
    def __init__(self, shelf: Shelf, versions: Mapping[str, int]) -> None:
        self._shelf = shelf
        self._held = True
        self.news = _read_after(shelf.memory, versions)

    async def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        await asyncio.sleep(0)
        return _read_after(self._shelf.memory, versions)

    async def append(self, batch: ports.Batch) -> ports.Appended:
        assert self._held, "appends once"
        await asyncio.sleep(0)
        try:
            return _append(self._shelf.memory, batch)
        finally:
            self.release()

    def release(self) -> None:
        """Let the next one in."""
        if self._held:
            self._held = False
            self._shelf.lock.release()


def _append(memory: MemoryLog, batch: ports.Batch) -> ports.Appended:
    """Reads and commands are asked first; a taken place is found only when all else holds."""
    ids = [command.id for command in batch.commands]
    known = {id: memory.commands[id] for id in (*ids, *batch.asked) if id in memory.commands}
    stale = {
        stream: memory.version(stream)
        for stream, version in batch.reads.items()
        if version != memory.version(stream)
    }
    if stale or not batch.events or any(id in known for id in ids):
        position = len(memory.events)
        return ports.Appended(last_position=position, conflicts=stale, known=known)
    before: dict[str, int] = {}
    for event in batch.events:
        before.setdefault(event.stream, event.version - 1)
    if any(version > memory.version(stream) for stream, version in before.items()):
        raise RefusedByLog("a gap")
    if any(version < memory.version(stream) for stream, version in before.items()):
        return ports.Appended(conflicts=dict.fromkeys(before, -1))
    return memory.append(batch)


def _read_after(memory: MemoryLog, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
    return sorted(memory.read_after(versions), key=lambda recorded: recorded.position)
