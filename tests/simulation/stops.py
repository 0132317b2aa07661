"""Stops a process at a step: before a call of Stripe or an append, or after it.

A stopped process does nothing more: whatever it awaits next never comes back. What the step did
at Stripe or in the log stays, and nobody in the process learns of it.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from application import ports
from tests.support.memory_log import MemoryEventLog, MemoryLog

Result = TypeVar("Result")
Append = Callable[[ports.Batch], Awaitable[ports.Appended]]


class Stops:
    """Counts the steps of a process; at step `at` it is stopped. 0 is never.

    What is called as in `without` has no steps. Between the end of a step and the beginning of the
    next one nothing lasting happens, so that one stop stands for both; the first is before all.
    """

    def __init__(self, at: int = 0, *, without: Collection[str] = ()) -> None:
        self.stopped = asyncio.Event()
        self.steps: list[str] = []
        self._at = at
        self._without = without

    async def around(self, name: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """A step before the work, and one after it."""
        if name in self._without and not self.stopped.is_set():
            return await work()
        if not self.steps:
            await self._step(f"before {name}")
        await self._hold()
        result = await work()
        await self._step(f"after {name}")
        return result

    async def _step(self, name: str) -> None:
        if not self.stopped.is_set():
            self.steps.append(name)
            if len(self.steps) == self._at:
                self.stopped.set()
        await self._hold()

    async def _hold(self) -> None:
        """Never come back once the process is stopped."""
        if self.stopped.is_set():
            await asyncio.Event().wait()


class Stopping:
    """Any port, with a stop around every call."""

    def __init__(self, port: Any, stops: Stops) -> None:
        self._port = port
        self._stops = stops

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def stopping(*arguments: Any, **named: Any) -> Any:
            return await self._stops.around(name, lambda: found(*arguments, **named))

        return stopping


class StoppingLog(MemoryEventLog):
    """The log, with a stop around every append that writes.

    `finished` gets the Stripe events whose effect an append was.
    """

    def __init__(
        self, memory: MemoryLog, stops: Stops, finished: Callable[[ports.StripeEvent], bool]
    ) -> None:
        super().__init__(memory)
        self._stops = stops
        self._finished = finished

    async def append(self, batch: ports.Batch) -> ports.Appended:
        """See the port."""
        append = super().append
        if not batch.events and not batch.stripe_events:
            return await append(batch)
        return await self.stopping(batch, append)

    @asynccontextmanager
    async def locked(self, versions: Mapping[str, int]) -> AsyncIterator[Any]:
        """See the port; its one append has stops, too."""
        async with super().locked(versions) as log:
            yield _StoppingLocked(log, self)

    async def stopping(self, batch: ports.Batch, append: Append) -> ports.Appended:
        """Append with a stop before and after."""

        async def whole() -> ports.Appended:
            appended = await append(batch)
            if appended.written:
                for event in batch.stripe_events:
                    self._finished(event)
            return appended

        return await self._stops.around("append", whole)


class _StoppingLocked:
    def __init__(self, log: ports.LockedLog, outer: StoppingLog) -> None:
        self._log = log
        self._outer = outer
        self.news = log.news

    async def read_after(self, versions: Mapping[str, int]) -> list[ports.RecordedEvent]:
        return await self._log.read_after(versions)

    async def append(self, batch: ports.Batch) -> ports.Appended:
        return await self._outer.stopping(batch, self._log.append)
