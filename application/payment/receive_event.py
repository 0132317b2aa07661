"""Receive a webhook: verify the raw bytes and store them sealed; they are processed later."""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from application import ports
from application.payment import stripe_event_types
from application.payment.gateway import VerifiedEvent
from domain.kernel.sealed import Sealed

Received = Literal["fresh", "duplicate"]


class InboxEvent(msgspec.Struct, frozen=True):
    """One stored event; `object` is the id of the Stripe object it is about.

    `state` is new, done, ignored or parked.
    """

    id: str
    type: str
    object: str
    state: str
    tries: int


class EventInbox(Protocol):
    """Stores genuine events; each id is stored once."""

    async def store(
        self, event: InboxEvent, *, reason: str | None, body: Sealed, key: ports.WrappedKey
    ) -> bool:
        """Store it durably; return False when the id is known. Raises Unavailable."""
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
        stored = await self._inbox.store(
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
        return "fresh" if stored else "duplicate"


def _reason_to_ignore(event: VerifiedEvent) -> str | None:
    """Return why the event needs no action; None when it does."""
    if not event.supported or event.object_id is None:
        return "unsupported"
    return None if event.type in stripe_event_types.PROCESSED else "nothing_follows"
