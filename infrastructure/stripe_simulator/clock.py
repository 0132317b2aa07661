"""The account's own time: real time plus the seconds that the control path added."""

import asyncio
import contextlib
import time


class Clock:
    """Whole seconds since the epoch, as in Stripe's objects; it never goes back."""

    def __init__(self, offset_seconds: int) -> None:
        self.offset_seconds = offset_seconds
        self._moved = asyncio.Event()

    def now(self) -> int:
        return int(time.time()) + self.offset_seconds

    def exact(self) -> float:
        """Return now with its fraction of a second."""
        return time.time() + self.offset_seconds

    async def reaches(self, instant: float) -> None:
        """Wait until the clock has come so far, by itself or by being moved."""
        while (left := instant - self.exact()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()

    def advance(self, seconds: int) -> None:
        """Move time forward; objects are due at the next sweep, and those who wait go on."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self.offset_seconds += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
