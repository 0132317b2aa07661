"""Process stored Stripe events: ask Stripe for the object of each and record its current state.

An event is a hint: order, repetition and delay of events make no difference. Only a bug and an
object that cannot be read are failed tries; while Stripe or the database is away, events wait.
"""

import asyncio
import logging
from typing import ClassVar, Literal, Protocol

from application import ports
from application.commands import follow_up
from application.payment import collect, event_retries, gateway, refunding, stripe_event_types
from application.payment.receive_event import InboxEvent
from domain.kernel import ids
from domain.kernel.rejections import Rejection

Handled = Literal["done", "ignored"]
AWAY = (gateway.GatewayTimeout, gateway.GatewayUnavailable, ports.Unavailable)

logger = logging.getLogger(__name__)


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

    async def postpone(self, event_id: str, *, reason: str, seconds: float) -> bool:
        """Try the event again after half the time or more; return whether it was parked.

        It is parked when it has waited longer than event_retries.PATIENCE.
        """
        ...

    async def fail(self, event_id: str, *, reason: str, seconds: float, limit: int) -> bool:
        """Record a failed try; after `limit` of them the event is parked, and True returned."""
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

        An event that fails stops no other; its row says when it is tried again. Raises
        Unavailable when the inbox itself is away, once all have ended.
        """
        results = await asyncio.gather(
            *(self._process_one(event_id) for event_id in task.events), return_exceptions=True
        )
        for result in results:
            if result is not None:
                raise result

    async def _process_one(self, event_id: str) -> None:
        stored = await self._inbox.read(event_id)
        if stored is None or stored.state != "new" or stored.waiting:
            return
        cause = follow_up.Cause(
            id=ids.webhook_command_id(event_id), actor="stripe", correlation_id=event_id
        )
        try:
            if await self._is_captured(stored):
                await self._inbox.finish(event_id, state="done")
                return
            handled = await process_event(
                stored.type,
                stored.object,
                collector=self._collector,
                refunder=self._refunder,
                cause=cause,
            )
        except Rejection as rejection:
            await self._inbox.finish(event_id, state="ignored", reason=rejection.code)
        except Exception as error:  # noqa: BLE001 - the row records every outcome
            await self._record_failure(stored, error)
        else:
            await self._inbox.finish(event_id, state=handled)

    async def _is_captured(self, event: InboxEvent) -> bool:
        """Return whether the capture that the event announced is recorded by now."""
        if event.awaited_payment is None or event.awaited_intent is None:
            return False
        return await self._collector.has_captured(event.awaited_payment, event.awaited_intent)

    async def _record_failure(self, event: InboxEvent, error: Exception) -> None:
        """Wait while Stripe is away, end at a definite no, park what staff has to look at."""
        kind = type(error).__name__
        seconds = event_retries.wait_seconds(event.waits + event.tries)
        match error:
            case gateway.GatewayUnreadable():
                parked = await self._inbox.fail(event.id, reason=kind, seconds=0.0, limit=1)
            case gateway.GatewayMisconfigured():
                logger.critical("Stripe refuses our key or its rights: %s", error)
                parked = await self._inbox.postpone(event.id, reason=kind, seconds=seconds)
            case _ if isinstance(error, AWAY):
                parked = await self._inbox.postpone(event.id, reason=kind, seconds=seconds)
            case gateway.GatewayRejected(code=code) if code == gateway.RESOURCE_MISSING:
                logger.warning("Stripe does not know the object of event %s", event.id)
                await self._inbox.finish(event.id, state="ignored", reason=gateway.RESOURCE_MISSING)
                return
            case gateway.GatewayRejected(code=code):
                parked = await self._inbox.fail(event.id, reason=code, seconds=0.0, limit=1)
            case _:
                logger.error("event %s cannot be processed: %s", event.id, kind)
                limit = event_retries.TRY_LIMIT
                parked = await self._inbox.fail(event.id, reason=kind, seconds=seconds, limit=limit)
        if parked:
            logger.critical("Stripe event %s (%s) is parked: %s", event.id, event.type, kind)


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
