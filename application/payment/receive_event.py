"""Take a webhook in: verify the raw bytes, keep them sealed, answer; the work is done later."""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from application import ports
from application.payment import stripe_event_types
from application.payment.gateway import VerifiedEvent
from domain.kernel.sealed import Sealed

Received = Literal["fresh", "duplicate"]


class InboxEvent(msgspec.Struct, frozen=True):
    """One stored event; `object` is the id of the Stripe object it speaks of.

    `state` is new, done, ignored or parked.
    """

    id: str
    type: str
    object: str
    state: str
    tries: int


class EventInbox(Protocol):
    """Where genuine events wait; an id is kept once."""

    async def store(
        self, event: InboxEvent, *, reason: str | None, body: Sealed, key: ports.WrappedKey
    ) -> bool:
        """Keep it durably; False when the id is known. Raises Unavailable."""
        ...


class EventReceiver:
    """`verify` raises NotGenuine for anything that is not from Stripe to us."""

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
        """Raises NotGenuine, with nothing stored, and Unavailable, so that Stripe tries again."""
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
    """Why nothing follows from the event; None when something does."""
    if not event.supported or event.object_id is None:
        return "unsupported"
    return None if event.type in stripe_event_types.PROCESSED else "nothing_follows"
