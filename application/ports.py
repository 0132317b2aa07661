"""Ports: what the use cases need from outside, named by role, not by technology."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Protocol

import msgspec

from application.telemetry import Origin
from domain.kernel.events import DomainEvent
from domain.kernel.sealed import Sealed

Clock = Callable[[], dt.datetime]
"""The current UTC instant."""


class StreamArchived(Exception):
    """Events of a stream are in archives only: nothing can be decided on it."""

    def __init__(self, stream: str) -> None:
        super().__init__(f"events of {stream} are in an archive and not in the database")


class Unavailable(Exception):
    """A component does not answer now; a later retry may succeed. Nothing was lost.

    A client waits for `retry_after_seconds`; `details` are shown to the client, `what` is not.
    """

    def __init__(
        self,
        what: str,
        *,
        retry_after_seconds: int = 1,
        details: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(what)
        self.retry_after_seconds = retry_after_seconds
        self.details = details or {}


class TaskRefused(Exception):
    """What a task asks for is refused for good: it is set aside at once, for an operator to see."""


class Answer(msgspec.Struct, frozen=True):
    """What a command achieved: ids and versions only, never personal data; kept for replays."""

    stream: str
    version: int
    ids: dict[str, str] = {}


class RecordedEvent(msgspec.Struct, frozen=True):
    """An event of the log with its envelope."""

    position: int
    stream: str
    version: int
    recorded_at: dt.datetime
    actor: str
    command_id: uuid.UUID
    correlation_id: str
    causation_id: uuid.UUID | None
    event: DomainEvent


class CommandRecord(msgspec.Struct, frozen=True):
    """The row that makes a command happen once: its id, its fingerprint and its answer."""

    id: uuid.UUID
    fingerprint: bytes
    answer: Answer
    actor: str
    correlation_id: str
    causation_id: uuid.UUID | None


class NewEvent(msgspec.Struct, frozen=True):
    """An event to append; `command` is the index of its command within the batch."""

    stream: str
    version: int
    event: DomainEvent
    command: int


class BackgroundTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """Work for the worker once the append is durable; it may be done twice or late.

    A subclass declares a task: its topic, which names it in outbox and queue, and its body, which
    holds ids, numbers and amounts, never personal data. `interfaces/worker/handlers.py` names
    what handles it.
    """

    topic: ClassVar[str]

    @property
    def body(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        body: dict[str, Any] = msgspec.to_builtins(self)
        return body


class WrappedKey(msgspec.Struct, frozen=True):
    """The key of a data subject, wrapped by the master key; committed with its first use."""

    subject: str
    wrapped: bytes


class StripeEvent(msgspec.Struct, frozen=True):
    """A genuine event of Stripe as its row keeps it: `object` is the id of what it is about.

    The body is sealed under `key`, which is committed with the row.
    """

    id: str
    type: str
    object: str
    body: Sealed
    key: WrappedKey


class Batch(msgspec.Struct, frozen=True):
    """All that one append writes, in one transaction or not at all.

    `reads` are streams that decisions read, with the version they saw, whether they write to
    them or not; `asked` are ids of commands that would write nothing (refused or empty), to
    learn whether they were carried out before. `origins` are those of the tasks in `outbox`, in
    their order, or none at all. `stripe_events` are those whose effect the batch
    is: their rows become done with it.
    """

    commands: Sequence[CommandRecord]
    events: Sequence[NewEvent]
    reads: Mapping[str, int]
    asked: Sequence[uuid.UUID] = ()
    outbox: Sequence[BackgroundTask] = ()
    origins: Sequence[Origin] = ()
    keys: Sequence[WrappedKey] = ()
    stripe_events: Sequence[StripeEvent] = ()


class KnownCommand(msgspec.Struct, frozen=True):
    """A command that the log holds already."""

    fingerprint: bytes
    answer: Answer


class Appended(msgspec.Struct, frozen=True):
    """The result of an append.

    `conflicts`: streams that have another version now than the decisions read (stream to
    current version). `known`: commands of the batch that the log holds already. Nothing was
    written if there is a conflict or a known command among the batch's own `commands`.
    """

    last_position: int = 0
    written: bool = False
    conflicts: Mapping[str, int] = {}
    known: Mapping[uuid.UUID, KnownCommand] = {}


class LockedLog(Protocol):
    """The log while this process holds its lock: no other process can append.

    What is done between taking the lock and the append keeps every other process waiting.
    """

    @property
    def news(self) -> Sequence[RecordedEvent]:
        """What was appended to the streams that the lock was taken with, in log order."""
        ...

    async def read_after(self, versions: Mapping[str, int]) -> list[RecordedEvent]:
        """The events of each stream after the given version, in log order."""
        ...

    async def append(self, batch: Batch) -> Appended:
        """As EventLog.append, once: it commits and releases the lock."""
        ...


class EventLog(Protocol):
    """The one ordered log. All methods raise Unavailable when the database does not answer."""

    async def append(self, batch: Batch) -> Appended:
        """One transaction; raises AppendUnresolved when the reply to its commit was lost."""
        ...

    def locked(self, versions: Mapping[str, int]) -> AbstractAsyncContextManager[LockedLog]:
        """Take the log's lock and catch up on streams known at these versions, in one step."""
        ...

    async def read_after(self, versions: Mapping[str, int]) -> list[RecordedEvent]:
        """The events of each stream after the given version, in log order."""
        ...

    async def find_commands(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, KnownCommand]:
        """Those of the commands that the log holds."""
        ...

    def read_log(self, *, after: int, limit: int) -> AsyncIterator[RecordedEvent]:
        """Events by position, from the first after `after`."""
        ...


class AppendUnresolved(Unavailable):
    """The connection broke while an append was under way: it may or may not be durable."""


class Vault(Protocol):
    """Seals personal data under a key per data subject, and opens it while the key exists."""

    def new_subject(self) -> tuple[str, WrappedKey]:
        """A fresh subject id and its key, to be committed with the first sealed value."""
        ...

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        """Ciphertext under the key of a subject made or opened by this vault before."""
        ...

    async def open_all(self, boxes: Sequence[Sealed]) -> list[bytes | None]:
        """Plaintexts in order; None where the subject was erased."""
        ...


class TicketStock(Protocol):
    """Serial numbers for tickets, each drawn only once; gaps are allowed."""

    async def draw(self, count: int) -> list[int]:
        """Fresh serials; raises Unavailable."""
        ...

    def take(self, count: int, *, key: str) -> tuple[int, ...] | None:
        """Fresh serials that this process holds already, the same ones again for the same key.

        None when it holds too few.
        """
        ...
