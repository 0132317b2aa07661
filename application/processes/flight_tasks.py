"""Progress of the follow-up of a flight's changes, stored where every process can read it."""

from collections.abc import Sequence
from typing import Protocol

from application.queries import FlightTask


class FlightTasks(Protocol):
    """Stores follow-ups; all methods raise Unavailable."""

    async def open(self, flight: str, version: int, kind: str) -> None:
        """Begin a follow-up; a repeat has no effect."""
        ...

    async def progress(
        self, flight: str, version: int, *, total: int, done: int, failed: int, finished: bool
    ) -> None:
        """Store the progress of a follow-up that is not finished yet."""
        ...

    async def of(self, flight: str) -> Sequence[FlightTask]:
        """Return all follow-ups of a flight in the order of its events."""
        ...
