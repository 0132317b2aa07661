"""Process stored Stripe events: ask Stripe for the object of each and record its current state.

An event is a hint: order, repetition and delay of events make no difference.
"""

import asyncio
from typing import ClassVar, Literal, Protocol

from application import ports
from application.commands import follow_up
from application.payment import collect, refunding, stripe_event_types
from application.payment.receive_event import InboxEvent
from domain.kernel import ids
from domain.kernel.rejections import Rejection

Handled = Literal["done", "ignored"]


class ProcessStripeEvents(ports.BackgroundTask, frozen=True):
    """Process events of the inbox, by their ids."""

    topic: ClassVar[str] = "stripe_events"

    events: tuple[str, ...]


class StoredEvents(Protocol):
    """Where stored events are read and their outcome is recorded. All raise Unavailable."""

    async def read(self, event_id: str) -> InboxEvent | None:
        """Return the event of this id."""
        ...

    async def finish(self, event_id: str, *, state: Handled, reason: str | None = None) -> None:
        """Record that the event has been processed."""
        ...

    async def fail(self, event_id: str, *, reason: str) -> None:
        """Record a failed try; after a number of them the event is parked."""
        ...


class StoredEventProcessor:
    """Processes events of the inbox."""

    def __init__(
        self,
        *,
        inbox: StoredEvents,
        collector: collect.Collector,
        refunder: refunding.Refunder,
    ) -> None:
        self._inbox = inbox
        self._collector = collector
        self._refunder = refunder

    async def process(self, task: ProcessStripeEvents) -> None:
        """Process the events together, so that the dispatcher makes one append of many commands.

        An event that fails stops no other; the first failure is raised once all have ended.
        """
        results = await asyncio.gather(
            *(self._process_one(event_id) for event_id in task.events), return_exceptions=True
        )
        for result in results:
            if result is not None:
                raise result

    async def _process_one(self, event_id: str) -> None:
        stored = await self._inbox.read(event_id)
        if stored is None or stored.state != "new":
            return
        cause = follow_up.Cause(
            id=ids.webhook_command_id(event_id), actor="stripe", correlation_id=event_id
        )
        try:
            handled = await process_event(
                stored.type,
                stored.object,
                collector=self._collector,
                refunder=self._refunder,
                cause=cause,
            )
        except Rejection as rejection:
            await self._inbox.finish(event_id, state="ignored", reason=rejection.code)
            return
        except Exception as error:
            await self._inbox.fail(event_id, reason=type(error).__name__)
            raise
        await self._inbox.finish(event_id, state=handled)


async def process_event(
    event_type: str,
    object_id: str,
    *,
    collector: collect.Collector,
    refunder: refunding.Refunder,
    cause: follow_up.Cause,
) -> Handled:
    """Return `ignored` for types that need no action. Raises what the gateway and the log raise."""
    if event_type in stripe_event_types.SESSION:
        await collector.learn_session(object_id, cause=cause)
        return "done"
    if event_type in stripe_event_types.INTENT:
        await collector.learn_intent(object_id, cause=cause)
        return "done"
    if event_type in stripe_event_types.REFUND:
        await refunder.learn_refund(object_id, cause=cause)
        return "done"
    return "ignored"
