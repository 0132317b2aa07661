"""Receive a webhook: verify the raw bytes, then record the fact that it states or store a hint.

A signed fact and the row of its event are one append, which is durable before Stripe is answered;
if it fails, Stripe sends the event again. A hint is stored sealed and processed later.
"""

import logging
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from application import ports, telemetry
from application.commands import follow_up
from application.commands.bus import CommandBus
from application.modes.current_modes import CurrentModes
from application.payment import recorded_captures, signed_facts, stripe_event_types
from application.payment.gateway import VerifiedEvent
from application.payment.record_signed_fact import NotAsRecorded, RecordSignedFact
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from domain.kernel.sealed import Sealed

Received = Literal["fresh", "resumed", "duplicate"]
# How long a paid session waits for the event of its capture before Stripe is asked.
CAPTURE_WAIT_SECONDS = 10.0

logger = logging.getLogger(__name__)


class InboxEvent(msgspec.Struct, frozen=True):
    """One stored event; `object` is the id of the Stripe object it is about.

    `state` is new, done, ignored or parked; `waits` counts how often Stripe was away, `tries` the
    other failures. It is `waiting` while it is not to be tried. The capture of `awaited_intent` on
    `awaited_payment`, where there is one, makes the event done without a question to Stripe.
    """

    id: str
    type: str
    object: str
    state: str
    tries: int
    waits: int = 0
    waiting: bool = False
    awaited_payment: str | None = None
    awaited_intent: str | None = None


class EventInbox(Protocol):
    """Stores genuine events; each id is stored once and, while unfinished, resumed."""

    async def store(
        self,
        event: InboxEvent,
        *,
        reason: str | None,
        body: Sealed,
        key: ports.WrappedKey,
        wait_seconds: float = 0.0,
    ) -> Received:
        """Store it durably, or resume the unfinished or unusable one of this id.

        One that is fresh is due after `wait_seconds`. Raises Unavailable.
        """
        ...

    async def record_done(self, event: ports.StripeEvent) -> bool:
        """Store it as done, or finish the unfinished one of this id; return whether it was not.

        Raises Unavailable.
        """
        ...


class EventReceiver:
    """Receives webhooks; `verify` raises NotGenuine for what Stripe did not send to us."""

    def __init__(
        self,
        *,
        inbox: EventInbox,
        vault: ports.Vault,
        bus: CommandBus,
        verify: Callable[[bytes, str | None], VerifiedEvent],
        modes: CurrentModes | None = None,
    ) -> None:
        self._inbox = inbox
        self._vault = vault
        self._bus = bus
        self._verify = verify
        self._modes = modes or CurrentModes()

    async def receive(self, body: bytes, signature: str | None) -> Received:
        """Record or store the event; while nothing may be changed it is only stored.

        Raises NotGenuine, and Unavailable, so that Stripe sends it again.
        """
        event = self._verify(body, signature)
        if event.supported and not event.expected_version:
            # Its object is fetched in our version; the endpoint at Stripe should send that too.
            logger.warning("Stripe event %s has API version %s", event.id, event.api_version)
        with telemetry.span("receive", event=event.id, type=event.type):
            work = telemetry.continued_as(event.id)
        with telemetry.carrying(work), telemetry.span("webhook", type=event.type):
            return await self._take(event, body)

    async def _take(self, event: VerifiedEvent, body: bytes) -> Received:
        stored = self._sealed(event, body)
        reason = _reason_to_ignore(event)
        if reason is None and self._modes.closing() is None:
            fact = signed_facts.fact_of(event)
            recorded = None if fact is None else await self._record(fact, stored)
            if recorded is not None:
                return recorded
        return await self._store_hint(event, body, stored, reason)

    def _sealed(self, event: VerifiedEvent, body: bytes) -> ports.StripeEvent:
        """Return the event as it is stored, sealed under a key of its own."""
        subject, key = self._vault.new_subject()
        return ports.StripeEvent(
            id=event.id,
            type=event.type,
            object=event.object_id or "",
            body=self._vault.seal(subject, body),
            key=key,
        )

    async def _record(
        self, fact: signed_facts.SignedFact, event: ports.StripeEvent
    ) -> Received | None:
        """Record the fact with its event; None when the event turns out to be only a hint."""
        cause = follow_up.Cause(
            id=ids.webhook_command_id(event.id), actor="stripe", correlation_id=event.id
        )
        command = RecordSignedFact(fact=fact, event=event)
        try:
            outcome = await self._bus.submit(follow_up.envelope(cause, fact.step, command))
        except ports.Unavailable:
            raise
        except (Rejection, NotAsRecorded) as error:
            name = type(error).__name__
            logger.warning("Stripe event %s is no fact to us: %s", event.id, name)
            return None
        except Exception as error:  # noqa: BLE001 - a genuine event is stored whatever our bugs
            logger.error("event %s cannot be recorded: %s", event.id, type(error).__name__)
            return None
        if outcome.written:
            return "fresh"
        return "fresh" if await self._inbox.record_done(event) else "duplicate"

    async def _store_hint(
        self, event: VerifiedEvent, body: bytes, stored: ports.StripeEvent, reason: str | None
    ) -> Received:
        """Store the event for the worker; a paid session first waits for its capture."""
        awaited = None if reason is not None else signed_facts.awaited_capture(event)
        if await self._has_captured(awaited):
            return "fresh" if await self._inbox.record_done(stored) else "duplicate"
        row = InboxEvent(
            id=stored.id,
            type=stored.type,
            object=stored.object,
            state="new" if reason is None else "ignored",
            tries=0,
            awaited_payment=None if awaited is None else awaited.payment,
            awaited_intent=None if awaited is None else awaited.intent,
        )
        received = await self._inbox.store(
            row,
            reason=reason,
            body=stored.body,
            key=stored.key,
            wait_seconds=0.0 if awaited is None else CAPTURE_WAIT_SECONDS,
        )
        if await self._has_captured(awaited):
            # A capture that was committed meanwhile has not found this row to end its wait.
            await self._inbox.record_done(self._sealed(event, body))
        return received

    async def _has_captured(self, awaited: signed_facts.AwaitedCapture | None) -> bool:
        return awaited is not None and await recorded_captures.has_captured(
            self._bus, awaited.payment, awaited.intent
        )


def _reason_to_ignore(event: VerifiedEvent) -> str | None:
    """Return why the event needs no action; None when it does."""
    if event.supported and event.type in stripe_event_types.IGNORED:
        return stripe_event_types.NOTHING_FOLLOWS
    if not event.supported or event.object_id is None:
        return stripe_event_types.UNSUPPORTED
    return None
