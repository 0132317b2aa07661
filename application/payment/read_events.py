"""What we did with an event of Stripe: list events, and show what one of them caused."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from application.queries import CursorRefused
from domain.kernel import ids
from domain.payment import rejections

LIMIT = 200
STATES = ("new", "done", "ignored", "parked")


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as it is stored; `object` is the id of the Stripe object that it is about.

    `reason` is why it was ignored or parked, or the latest failure; `tries` counts failures of
    ours, `waits` how often Stripe was away. It is tried again at `due_at`.
    """

    id: str
    type: str
    object: str
    state: str
    reason: str | None
    received_at: dt.datetime
    tries: int
    waits: int
    due_at: dt.datetime | None
    finished_at: dt.datetime | None


class Effect(msgspec.Struct, frozen=True):
    """An event of our log that followed: its place, its stream and its type."""

    position: int
    stream: str
    version: int
    tag: str
    recorded_at: dt.datetime
    causation_id: str | None


class EventQuestion(msgspec.Struct, frozen=True):
    """Which events, newest first; each field that is None asks for any."""

    state: str | None = None
    type: str | None = None
    object: str | None = None
    before: str | None = None
    limit: int = 50


class EventPage(msgspec.Struct, frozen=True):
    """The newest first; `next_before` is the last id of the page, None on the last one."""

    events: Sequence[StoredEvent]
    next_before: str | None


class EventAnswer(msgspec.Struct, frozen=True):
    """An event with what it caused, in the order of the log."""

    event: StoredEvent
    effects: Sequence[Effect]


class StoredEventReader(Protocol):
    """The stored events and the log. All raise Unavailable."""

    async def find(self, asked: EventQuestion) -> Sequence[StoredEvent]:
        """Return the events, newest first, at most the limit."""
        ...

    async def read(self, event_id: str) -> StoredEvent | None:
        """Return the event of this id."""
        ...

    async def correlated(self, event_id: str) -> Sequence[Effect]:
        """Return the events of the log that have this correlation id, in the order of the log."""
        ...


async def find_events(reader: StoredEventReader, asked: EventQuestion) -> EventPage:
    """Return a page of events; rejects CursorRefused where `before` is unknown."""
    if asked.before is not None and await reader.read(asked.before) is None:
        raise CursorRefused(field="cursor", reason="unknown")
    found = await reader.find(msgspec.structs.replace(asked, limit=asked.limit + 1))
    page = found[: asked.limit]
    return EventPage(page, page[-1].id if len(found) > asked.limit else None)


async def read_event(reader: StoredEventReader, event_id: str) -> EventAnswer:
    """Return the event and what it caused; rejects EventNotFound."""
    event = await reader.read(event_id)
    if event is None:
        raise rejections.EventNotFound()
    return EventAnswer(event, caused_by(event_id, await reader.correlated(event_id)))


def caused_by(event_id: str, correlated: Sequence[Effect]) -> list[Effect]:
    """Return those that follow from the webhook, one after the other.

    A client chooses the correlation id of its requests: what only looks like the event's is not
    among them.
    """
    causes = {str(ids.webhook_command_id(event_id))}
    found = []
    for effect in correlated:
        if effect.causation_id in causes:
            found.append(effect)
            causes.add(str(ids.event_id(effect.stream, effect.version)))
    return found
