"""How many traces may begin in a second: all of a quiet process, and a bounded part of a busy one.

So tracing costs a busy process no more than a quiet one, and whoever follows one request of a demo
finds it. What continues traced work is traced, whatever the limit.
"""

import time
from collections.abc import Callable

from application.telemetry import Kind


class TraceLimits:
    """A bucket for each kind of work, refilled at a rate and as large as a second's worth."""

    def __init__(self, per_second: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_second)
        self._monotonic = monotonic
        self._buckets: dict[Kind, tuple[float, float]] = {}

    def admits(self, kind: Kind) -> bool:
        """Return whether one more may begin now, and count it."""
        now = self._monotonic()
        before, since = self._buckets.get(kind, (self._size, now))
        left = before + (now - since) * self._size
        if left < 1:
            return False
        self._buckets[kind] = (min(self._size, left) - 1, now)
        return True
