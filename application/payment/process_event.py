"""Process stored Stripe events: ask Stripe for the object of each and record its current state.

An event is a hint: order, repetition and delay of events make no difference. Only a bug and an
object that cannot be read are failed tries; while Stripe or the database is away, events wait.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import ClassVar, Literal, Protocol

import msgspec

from application import ports, telemetry
from application.commands import follow_up
from application.payment import collect, event_retries, gateway, refunding, stripe_event_types
from application.payment.receive_event import InboxEvent
from domain.kernel import ids
from domain.kernel.rejections import Rejection

Handled = Literal["done", "ignored"]
# Events that have ended are recorded together, at the latest after this: Stripe may let one of them
# take so long that the scheduler enqueues the others again.
RECORD_AFTER_SECONDS = 1.0
AWAY = (gateway.GatewayTimeout, gateway.GatewayUnavailable, ports.Unavailable)

logger = logging.getLogger(__name__)


class ProcessStripeEvents(ports.BackgroundTask, frozen=True):
    """Process events of the inbox, by their ids."""

    topic: ClassVar[str] = "stripe_events"

    events: tuple[str, ...]


class FinishedEvent(msgspec.Struct, frozen=True):
    """The outcome of an event that needs no further try."""

    id: str
    state: Handled
    reason: str | None = None


class StoredEvents(Protocol):
    """Where stored events are read and their outcome is recorded. All raise Unavailable."""

    async def read_all(self, event_ids: Collection[str]) -> Sequence[InboxEvent]:
        """Return the known ones of these events, in this order."""
        ...

    async def finish_all(self, finished: Sequence[FinishedEvent]) -> None:
        """Record that these events have been processed."""
        ...

    async def postpone(self, event_id: str, *, reason: str, seconds: float) -> bool:
        """Try the event again after half the time or more; return whether it was parked.

        It is parked when it has waited longer than event_retries.PATIENCE.
        """
        ...

    async def fail(self, event_id: str, *, reason: str, seconds: float, limit: int) -> bool:
        """Record a failed try; after `limit` of them the event is parked, and True returned."""
        ...


class SettlementReader(Protocol):
    """Reads from Stripe what was settled; both raise what the gateway and the log raise."""

    async def learn_payout(self, payout: str, *, cause: follow_up.Cause) -> None:
        """Record the payout as it is now."""
        ...

    async def learn_transactions(self) -> None:
        """Record the new balance transactions, unless that was done a moment ago."""
        ...


class Disputes(Protocol):
    """What asks Stripe about disputes and records the answers. Raises what the gateway does."""

    async def learn_dispute(self, dispute_id: str, *, cause: follow_up.Cause) -> None:
        """Record a dispute as it is now."""
        ...

    async def learn_warning(self, warning_id: str, *, cause: follow_up.Cause) -> None:
        """Record an early fraud warning."""
        ...


class StoredEventProcessor:
    """Processes events of the inbox."""

    def __init__(
        self,
        *,
        inbox: StoredEvents,
        collector: collect.Collector,
        refunder: refunding.Refunder,
        settlement: SettlementReader,
        disputes: Disputes,
    ) -> None:
        self._inbox = inbox
        self._collector = collector
        self._refunder = refunder
        self._settlement = settlement
        self._disputes = disputes

    async def process(self, task: ProcessStripeEvents) -> None:
        """Process the events together, so that the dispatcher makes one append of many commands.

        An event that fails stops no other; its row says when it is tried again. Raises
        Unavailable when the inbox itself is away, once all have ended.
        """
        stored = await self._inbox.read_all(task.events)
        running = {
            asyncio.create_task(self._process_one(event))
            for event in stored
            if event.state == "new" and not event.waiting
        }
        errors: list[BaseException] = []
        try:
            while running:
                ended, running = await asyncio.wait(running, timeout=RECORD_AFTER_SECONDS)
                errors += await self._record(ended)
        finally:
            for each in running:
                each.cancel()
        if errors:
            raise errors[0]

    async def _record(
        self, ended: Collection[asyncio.Task[FinishedEvent | None]]
    ) -> list[BaseException]:
        """Record the outcomes of these events together; return what prevents it."""
        errors = [error for each in ended if (error := each.exception()) is not None]
        outcomes = [each.result() for each in ended if each.exception() is None]
        finished = [each for each in outcomes if each is not None]
        try:
            if finished:
                await self._inbox.finish_all(finished)
        except ports.Unavailable as error:
            errors.append(error)
        return errors

    async def _process_one(self, stored: InboxEvent) -> FinishedEvent | None:
        """Return the outcome; None where the row says already when the event is tried again."""
        with (
            telemetry.carrying(telemetry.continued_as(stored.id)),
            telemetry.span("webhook", type=stored.type),
        ):
            return await self._outcome_of(stored)

    async def _outcome_of(self, stored: InboxEvent) -> FinishedEvent | None:
        cause = follow_up.Cause(
            id=ids.webhook_command_id(stored.id), actor="stripe", correlation_id=stored.id
        )
        try:
            if await self._is_captured(stored):
                return FinishedEvent(stored.id, "done")
            handled = await process_event(
                stored.type,
                stored.object,
                collector=self._collector,
                refunder=self._refunder,
                settlement=self._settlement,
                disputes=self._disputes,
                cause=cause,
            )
        except Rejection as rejection:
            return FinishedEvent(stored.id, "ignored", rejection.code)
        except Exception as error:  # noqa: BLE001 - the row records every outcome
            return await self._record_failure(stored, error)
        return FinishedEvent(stored.id, handled)

    async def _is_captured(self, event: InboxEvent) -> bool:
        """Return whether the capture that the event announced is recorded by now."""
        if event.awaited_payment is None or event.awaited_intent is None:
            return False
        return await self._collector.has_captured(event.awaited_payment, event.awaited_intent)

    async def _record_failure(self, event: InboxEvent, error: Exception) -> FinishedEvent | None:
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
                return FinishedEvent(event.id, "ignored", gateway.RESOURCE_MISSING)
            case gateway.GatewayRejected(code=code):
                parked = await self._inbox.fail(event.id, reason=code, seconds=0.0, limit=1)
            case _:
                logger.error("event %s cannot be processed: %s", event.id, kind)
                limit = event_retries.TRY_LIMIT
                parked = await self._inbox.fail(event.id, reason=kind, seconds=seconds, limit=limit)
        if parked:
            logger.critical("Stripe event %s (%s) is parked: %s", event.id, event.type, kind)
        return None


async def process_event(
    event_type: str,
    object_id: str,
    *,
    collector: collect.Collector,
    refunder: refunding.Refunder,
    settlement: SettlementReader,
    disputes: Disputes,
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
    if event_type in stripe_event_types.REFUNDED_CHARGE:
        await refunder.learn_refunds_of_charge(object_id, cause=cause)
        return "done"
    if event_type in stripe_event_types.PAYOUT:
        await settlement.learn_payout(object_id, cause=cause)
        return "done"
    if event_type in stripe_event_types.TRANSACTION:
        await settlement.learn_transactions()
        return "done"
    if event_type in stripe_event_types.DISPUTE:
        await disputes.learn_dispute(object_id, cause=cause)
        return "done"
    if event_type in stripe_event_types.FRAUD_WARNING:
        await disputes.learn_warning(object_id, cause=cause)
        return "done"
    return "ignored"
