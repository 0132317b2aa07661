"""The hash over the events of a range, and the chain that links each range to those before it.

It covers every column of the log. Parquet files that are written by another release differ in
their bytes; the hash of their events does not.
"""

import hashlib
import struct
from collections.abc import Iterable

from infrastructure.parquet.event_file import EventRow

START = "0" * 64
_HEAD = struct.Struct(">qiq7i")


class OutOfOrder(Exception):
    """A position of a range is missing, is there twice or is elsewhere."""


class EventDigest:
    """SHA-256 over events, which must follow each other from a position on."""

    def __init__(self, first: int) -> None:
        self._hash = hashlib.sha256()
        self._next = first

    @property
    def last(self) -> int:
        """The last position that was added; the one before the first without any."""
        return self._next - 1

    def add(self, rows: Iterable[EventRow]) -> None:
        """Add events; raises OutOfOrder."""
        for row in rows:
            if row[0] != self._next:
                raise OutOfOrder(f"position {row[0]} is where {self._next} should be")
            self._hash.update(_frame(row))
            self._next += 1

    def hexdigest(self) -> str:
        """Return the hash so far."""
        return self._hash.hexdigest()


def linked(previous: str, events_sha256: str) -> str:
    """Return the chain's next hash: it vouches for all ranges up to this one."""
    return hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(events_sha256)).hexdigest()


def _frame(row: EventRow) -> bytes:
    """Return the bytes of an event: numbers and lengths first, so that no two events share them."""
    position, stream, version, tag, recorded_at, actor, command, correlation, causation, payload = (
        row
    )
    parts = (
        *(stream.encode(), tag.encode(), actor.encode(), command.encode(), correlation.encode()),
        *((causation or "").encode(), payload),
    )
    return _HEAD.pack(position, version, recorded_at, *map(len, parts)) + b"".join(parts)
