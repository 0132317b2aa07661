"""Store the events that Stripe could not deliver, from its own list: after an outage of ours.

Stripe repeats a webhook for three days; then only the list of events has it, for thirty
(https://docs.stripe.com/webhooks/process-undelivered-events). What is stored is processed like a
webhook, so it may be listed, and delivered, any number of times.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import msgspec

from application import ports
from application.payment import stripe_event_types
from application.payment.receive_event import EventInbox, InboxEvent
from application.read_list import Checkpoints, ListReader, Page, Stretch

CHECKPOINT = "undelivered_stripe_events"
# An event is listed a moment after others that were made later.
OVERLAP = dt.timedelta(minutes=10)
# Stripe lists events of the last thirty days (https://docs.stripe.com/api/events/list).
LISTED_FOR = dt.timedelta(days=30)


class BackfillEvents(ports.BackgroundTask, frozen=True):
    """Store what Stripe has not delivered."""

    topic: ClassVar[str] = "backfill_stripe_events"


class ListedEvent(msgspec.Struct, frozen=True):
    """An event of Stripe's list; `body` is its JSON. A balance and the like have no object id."""

    id: str
    type: str
    object_id: str | None
    created_at: dt.datetime
    body: bytes


class EventList(Protocol):
    """Stripe's list of events. Raises only the failures of the payment gateway."""

    async def list_events(
        self,
        *,
        undelivered_only: bool,
        created_since: dt.datetime,
        created_before: dt.datetime | None = None,
        after: str | None = None,
    ) -> Page[ListedEvent]:
        """Return a page, newest first; `after` is the last event of the page before.

        `undelivered_only`: those that an endpoint has not acknowledged, the waiting ones included.
        """
        ...


class Backfilled(msgspec.Struct):
    """How many events were listed, how many of them concern us, and how many we did not have."""

    listed: int = 0
    concerning: int = 0
    new: int = 0


class EventBackfill:
    """Reads the list and stores what the inbox lacks or has not finished."""

    def __init__(
        self,
        *,
        stripe: EventList,
        inbox: EventInbox,
        vault: ports.Vault,
        checkpoints: Checkpoints,
        clock: ports.Clock,
    ) -> None:
        self._stripe = stripe
        self._inbox = inbox
        self._vault = vault
        self._checkpoints = checkpoints
        self._clock = clock

    async def store_undelivered(self) -> int:
        """Store what could not be delivered since the last time; return how many were new.

        It is one call where there is nothing. Raises the failures of the gateway, and Unavailable;
        what was listed until then is stored.
        """
        reader = ListReader(list_page=self._pages(undelivered_only=True), record=self._store_all)
        return await reader.read_new(
            self._checkpoints,
            CHECKPOINT,
            clock=self._clock,
            reach=OVERLAP,
            first_reach=LISTED_FOR,
        )

    async def store_stretch(
        self,
        since: dt.datetime,
        until: dt.datetime | None,
        *,
        undelivered_only: bool,
        progress: Callable[[Backfilled], None],
    ) -> Backfilled:
        """Store what was made in the stretch of time; `progress` is told after every page.

        Raises as `store_undelivered` does.
        """
        found = Backfilled()

        async def record(events: Sequence[ListedEvent]) -> int:
            new = await self._store_all(events)
            found.listed += len(events)
            found.concerning += sum(_concerns_us(each) for each in events)
            found.new += new
            progress(found)
            return new

        reader = ListReader(list_page=self._pages(undelivered_only=undelivered_only), record=record)
        end = None if until is None else int(until.timestamp())
        await reader.read(Stretch(int(since.timestamp()), end))
        return found

    def _pages(self, *, undelivered_only: bool) -> "_Pages":
        return _Pages(self._stripe, undelivered_only=undelivered_only)

    async def _store_all(self, events: Sequence[ListedEvent]) -> int:
        """Store those that concern us; return how many the inbox did not have."""
        stored = await asyncio.gather(*(self._store(each) for each in events if _concerns_us(each)))
        return sum(stored)

    async def _store(self, event: ListedEvent) -> bool:
        subject, key = self._vault.new_subject()
        assert event.object_id is not None
        row = InboxEvent(id=event.id, type=event.type, object=event.object_id, state="new", tries=0)
        body = self._vault.seal(subject, event.body)
        return await self._inbox.store(row, reason=None, body=body, key=key) == "fresh"


class _Pages:
    """`ListPage` of Stripe's events."""

    def __init__(self, stripe: EventList, *, undelivered_only: bool) -> None:
        self._stripe = stripe
        self._undelivered_only = undelivered_only

    async def __call__(
        self,
        *,
        created_since: dt.datetime,
        created_before: dt.datetime | None,
        after: str | None,
    ) -> Page[ListedEvent]:
        return await self._stripe.list_events(
            undelivered_only=self._undelivered_only,
            created_since=created_since,
            created_before=created_before,
            after=after,
        )


def _concerns_us(event: ListedEvent) -> bool:
    return event.object_id is not None and event.type in stripe_event_types.PROCESSED
