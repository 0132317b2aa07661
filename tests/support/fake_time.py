"""Time that only passes when a test says so, with calls that are due later."""

import asyncio
from collections.abc import Callable


class Due:
    """A call that is due at a time."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        """Forget the call."""
        self.cancelled = True


class FakeTime:
    """A clock in seconds that begins at 1,000."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._due: list[Due] = []

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def call_later(self, seconds: float, call: Callable[[], None]) -> Due:
        """Call back once the time has passed."""
        due = Due(self.now + seconds, call)
        self._due.append(due)
        return due

    async def advance(self, seconds: float) -> None:
        """Let time pass, with each call at its own time, and let what is ready run."""
        end = self.now + seconds
        await settle()
        while ready := [each for each in self._due if each.at <= end and not each.cancelled]:
            first = min(ready, key=lambda each: each.at)
            self._due.remove(first)
            self.now = max(self.now, first.at)
            first.call()
            await settle()
        self.now = end


async def settle() -> None:
    """Let the tasks run that are ready, and those that they wake."""
    for _ in range(10):
        await asyncio.sleep(0)
