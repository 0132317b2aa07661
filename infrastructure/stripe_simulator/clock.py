"""The account's own time: real time plus the seconds that the control path added."""

import time


class Clock:
    """Whole seconds since the epoch, as in Stripe's objects; it never goes back."""

    def __init__(self, offset_seconds: int) -> None:
        self.offset_seconds = offset_seconds

    def now(self) -> int:
        return int(time.time()) + self.offset_seconds

    def advance(self, seconds: int) -> None:
        """Move time forward; objects are due at the next sweep."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self.offset_seconds += seconds
