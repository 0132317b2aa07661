"""The last API requests with their outcome, so that tests can count the requests that arrived."""

from collections import deque

import msgspec

ENTRIES_LIMIT = 1000


class Entry(msgspec.Struct, frozen=True):
    """One API request, which arrived at so many seconds since the epoch; it is logged when it is
    answered. `fault` is the kind of fault that affected it, if any."""

    id: str
    at: float
    method: str
    path: str
    key: str | None
    version: str | None
    status: int
    replayed: bool
    fault: str | None


class RequestLog:
    """The newest entries, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=ENTRIES_LIMIT)

    def forget(self) -> int:
        """Begin anew; return how many entries there were."""
        count = len(self.entries)
        self.entries.clear()
        return count
