"""The dispatcher as its callers see it: orders in, outcomes out, and streams to read."""

from typing import Protocol, TypeVar

from application import ports, streams
from application.orders import Order, Outcome

State = TypeVar("State")


class Desk(Protocol):
    """What HTTP, webhooks, worker and timers use alike."""

    async def submit(self, order: Order) -> Outcome:
        """Carry the command out once; raises its Rejection or Unavailable."""
        ...

    async def current(
        self, kind: streams.StreamKind[State], stream: str
    ) -> tuple[State | None, int]:
        """State and version of a stream as the log has it now."""
        ...

    async def as_of(
        self, kind: streams.StreamKind[State], stream: str, version: int
    ) -> State | None:
        """State of a stream when it had this version."""
        ...

    async def history(self, stream: str) -> list[ports.RecordedEvent]:
        """All events of a stream in order."""
        ...
