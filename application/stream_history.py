"""The port that reads earlier states and all events of a stream."""

from typing import Protocol, TypeVar

from application.commands.stream_kinds import StreamKind
from application.ports import RecordedEvent

State = TypeVar("State")


class StreamHistory(Protocol):
    """Reads what the log holds now. All methods raise Unavailable when it does not answer."""

    async def as_of(self, kind: StreamKind[State], stream: str, version: int) -> State | None:
        """Return the state of a stream at this version; None if it had no event yet."""
        ...

    async def events_of(self, stream: str) -> list[RecordedEvent]:
        """Return all events of a stream in order; none for a stream that does not exist."""
        ...
