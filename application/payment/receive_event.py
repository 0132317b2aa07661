"""Receive a webhook: verify the raw bytes and store them sealed; they are processed later."""

import logging
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from application import ports
from application.payment import stripe_event_types
from application.payment.gateway import VerifiedEvent
from domain.kernel.sealed import Sealed

Received = Literal["fresh", "resumed", "duplicate"]
# Why an event is ignored whose rendering cannot be used; another rendering of its id may be.
UNSUPPORTED = "unsupported"

logger = logging.getLogger(__name__)


class InboxEvent(msgspec.Struct, frozen=True):
    """One stored event; `object` is the id of the Stripe object it is about.

    `state` is new, done, ignored or parked; `waits` counts how often Stripe was away, `tries` the
    other failures. It is `waiting` while it is not to be tried.
    """

    id: str
    type: str
    object: str
    state: str
    tries: int
    waits: int = 0
    waiting: bool = False


class EventInbox(Protocol):
    """Stores genuine events; each id is stored once and, while unfinished, resumed."""

    async def store(
        self, event: InboxEvent, *, reason: str | None, body: Sealed, key: ports.WrappedKey
    ) -> Received:
        """Store it durably, or resume the unfinished or unusable one of this id.

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
        verify: Callable[[bytes, str | None], VerifiedEvent],
    ) -> None:
        self._inbox = inbox
        self._vault = vault
        self._verify = verify

    async def receive(self, body: bytes, signature: str | None) -> Received:
        """Store the event; raises NotGenuine, and Unavailable, so that Stripe sends it again."""
        event = self._verify(body, signature)
        reason = _reason_to_ignore(event)
        subject, key = self._vault.new_subject()
        if event.supported and not event.expected_version:
            # Its object is fetched in our version; the endpoint at Stripe should send that too.
            logger.warning("Stripe event %s has API version %s", event.id, event.api_version)
        return await self._inbox.store(
            InboxEvent(
                id=event.id,
                type=event.type,
                object=event.object_id or "",
                state="new" if reason is None else "ignored",
                tries=0,
            ),
            reason=reason,
            body=self._vault.seal(subject, body),
            key=key,
        )


def _reason_to_ignore(event: VerifiedEvent) -> str | None:
    """Return why the event needs no action; None when it does."""
    if not event.supported or event.object_id is None:
        return UNSUPPORTED
    return None if event.type in stripe_event_types.PROCESSED else "nothing_follows"
