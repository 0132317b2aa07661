"""What the audit needs from outside, named by role."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Protocol

import msgspec

from application.audit.actions import ActionRecord, AuditedActions, ExportSigner
from application.ports import Clock


class StoredLogEvent(msgspec.Struct, frozen=True):
    """An event exactly as it is stored; `payload` is canonical JSON under `tag`."""

    position: int
    stream: str
    version: int
    tag: str
    recorded_at: dt.datetime
    actor: str
    command_id: uuid.UUID
    correlation_id: str
    causation_id: uuid.UUID | None
    payload: bytes


class LogFilter(msgspec.Struct, frozen=True):
    """Which events; each field that is None asks for any."""

    stream: str | None = None
    tag: str | None = None
    actor: str | None = None
    correlation_id: str | None = None


class LogPage(msgspec.Struct, frozen=True):
    """Events in log order; `position` is how far the log was examined, `has_more` whether it goes
    on behind it. `archived` are positions that belong to the page of a booking and that only
    archives have.
    """

    events: Sequence[StoredLogEvent]
    position: int
    has_more: bool
    archived: Sequence[int] = ()


class AuditedLog(Protocol):
    """Reads the log as it is stored. All methods raise Unavailable."""

    async def head(self) -> int:
        """Return the position of the newest event, 0 on an empty log."""
        ...

    async def first(self) -> int:
        """Return the position of the oldest event that the database has, 1 on an empty log."""
        ...

    async def find(self, chosen: LogFilter, *, after: int, until: int, limit: int) -> LogPage:
        """Return the events behind `after` and up to `until`, at most `limit`.

        A page examines a bounded number of events, so it may be short, or empty, with `has_more`.
        """
        ...

    async def about_booking(
        self, booking_id: str, *, after: int, until: int, limit: int
    ) -> LogPage:
        """Return the events of all streams of a booking behind `after` and up to `until`."""
        ...


class AnnouncedAppends(Protocol):
    """Says when the log became longer."""

    @property
    def announced(self) -> int:
        """How many appends were announced so far, as far as this process heard of them."""
        ...

    @property
    def ending(self) -> bool:
        """Whether the process stops: followers end now."""
        ...

    async def wait(self, seen: int, seconds: float) -> None:
        """Return when more than `seen` were announced, when the process stops, or after so long."""
        ...

    def end(self) -> None:
        """Let all followers end."""
        ...


class AuditPorts(msgspec.Struct, frozen=True):
    """What the routes and commands of auditors call."""

    log: AuditedLog
    appends: AnnouncedAppends
    actions: AuditedActions
    record: ActionRecord
    signer: ExportSigner
    clock: Clock


class BookingTask(msgspec.Struct, frozen=True, rename="camel"):
    """A background task about a booking, letters included, by its topic.

    `sent_at` is None while it waits; `failed_at` is set when it was given up.
    """

    id: int
    topic: str
    created_at: dt.datetime
    sent_at: dt.datetime | None
    failed_at: dt.datetime | None


class StoredWebhook(msgspec.Struct, frozen=True, rename="camel"):
    """An event that Stripe delivered, and what became of it; `object` is the id it is about."""

    id: str
    type: str
    object: str
    state: str
    reason: str | None
    received_at: dt.datetime
    finished_at: dt.datetime | None


class BookingWork(Protocol):
    """Reads the tables of waiting and finished work, as long as retention keeps its rows.

    All methods raise Unavailable.
    """

    async def tasks_about(self, reference: str, *, limit: int) -> Sequence[BookingTask]:
        """Return the tasks whose body names the booking, the oldest first."""
        ...

    async def webhooks_about(
        self, objects: Sequence[str], *, limit: int
    ) -> Sequence[StoredWebhook]:
        """Return the deliveries about these objects at Stripe, the oldest first."""
        ...
