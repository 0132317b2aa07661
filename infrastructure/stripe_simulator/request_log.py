"""The last API requests with their outcome, so that tests can count the requests that arrived."""

from collections import deque

import msgspec

ENTRIES_LIMIT = 1000


class Entry(msgspec.Struct, frozen=True):
    """One API request; `fault` is the kind of fault that affected it, if any."""

    id: str
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
