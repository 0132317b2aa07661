"""List parked Stripe events, and let them be processed again once their cause is removed."""

import datetime as dt
from typing import Protocol

import msgspec

from application.payment.receive_event import InboxEvent
from domain.payment import rejections

LIST_LIMIT = 200


class ParkedEvent(msgspec.Struct, frozen=True):
    """An event that staff has to look at, and why; `object` is the id of the Stripe object."""

    id: str
    type: str
    object: str
    reason: str
    received_at: dt.datetime


class ParkedEvents(Protocol):
    """Events that staff has to look at. All raise Unavailable."""

    async def parked(self, *, limit: int) -> list[ParkedEvent]:
        """Return parked events, the oldest first."""
        ...

    async def replay(self, event_id: str) -> None:
        """Let the event be processed again if it is parked."""
        ...

    async def replay_all(self, reason: str) -> int:
        """Let all be processed again that are parked for this reason; return how many."""
        ...

    async def read(self, event_id: str) -> InboxEvent | None:
        """Return the event of this id."""
        ...


async def parked_events(inbox: ParkedEvents) -> list[ParkedEvent]:
    """Return the LIST_LIMIT oldest parked events."""
    return await inbox.parked(limit=LIST_LIMIT)


async def replay_event(inbox: ParkedEvents, event_id: str) -> InboxEvent:
    """Process a parked event again, as often as this is asked; rejects EventNotFound."""
    await inbox.replay(event_id)
    event = await inbox.read(event_id)
    if event is None:
        raise rejections.EventNotFound()
    return event


async def replay_all(inbox: ParkedEvents, reason: str) -> int:
    """Process all events again that are parked for this reason; return how many."""
    return await inbox.replay_all(reason)
