"""The command bus as its callers see it: commands in, outcomes out, and streams to read."""

import uuid
from collections.abc import Collection, Mapping
from typing import Protocol, TypeVar

from application import ports
from application.commands.command import CommandEnvelope, Outcome
from application.commands.stream_kinds import StreamKind

State = TypeVar("State")


class CommandBus(Protocol):
    """Carries out commands and reads streams, for HTTP, webhooks, worker and timers."""

    async def submit(self, envelope: CommandEnvelope) -> Outcome:
        """Carry the command out once; raises its Rejection or Unavailable."""
        ...

    async def stored_answer(self, command_id: uuid.UUID, fingerprint: bytes) -> ports.Answer | None:
        """The answer of a command that was carried out; raises IdempotencyConflict for another
        body, and Unavailable.
        """
        ...

    async def current(self, kind: StreamKind[State], stream: str) -> tuple[State | None, int]:
        """State and version of a stream as the log has it now."""
        ...

    async def current_all(
        self, kind: StreamKind[State], streams: Collection[str]
    ) -> Mapping[str, tuple[State | None, int]]:
        """State and version of each of these streams as the log has it now, by one read."""
        ...

    def remembered(self, kind: StreamKind[State], stream: str) -> State | None:
        """State of a stream as this process last read or wrote it, without asking the log; None
        where it does not know. What a command of this process has just read is remembered.
        """
        ...

    async def history(self, stream: str) -> list[ports.RecordedEvent]:
        """All events of a stream in order."""
        ...
