"""What the use cases of partners need from outside, named by role."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from application.audit.ports import AuditedLog
from application.partners.subscription import Subscription
from application.ports import Clock


class By(msgspec.Struct, frozen=True):
    """Who changes a subscription: role and user id, or `operator`; and with which request."""

    actor: str
    correlation_id: str


class DeliveryFailed(Exception):
    """The partner did not take a delivery; the text is the reason, and names no address.

    `asked` is the pause that its `Retry-After` asks for. `is_gone` is whether it answered that
    nothing will be taken at this address any more (410).
    """

    def __init__(
        self, reason: str, *, asked: dt.timedelta | None = None, is_gone: bool = False
    ) -> None:
        super().__init__(reason)
        self.asked = asked
        self.is_gone = is_gone


class Subscriptions(Protocol):
    """Stores subscriptions, and records each change by staff with it. All raise Unavailable."""

    async def add(self, subscription: Subscription, secret: bytes, *, limit: int, by: By) -> bool:
        """Store it; False if the name is taken or there are `limit` of them."""
        ...

    async def all(self) -> Sequence[Subscription]:
        """Return all, in the order in which they were added."""
        ...

    async def find(self, subscription_id: str) -> Subscription | None:
        """Return it as it is now."""
        ...

    async def remove(self, subscription_id: str, *, by: By) -> bool:
        """Remove it and its secrets; False if there is none."""
        ...

    async def replace_secret(
        self, subscription_id: str, secret: bytes, *, old_until: dt.datetime, by: By
    ) -> bool:
        """Sign by the new secret, until then also by the one before; False if there is none."""
        ...

    async def replay(self, subscription_id: str, after: int, *, by: By) -> bool:
        """Deliver from behind a position, and forget failures; False if there is none."""
        ...

    async def switch(self, subscription_id: str, *, enabled: bool, by: By) -> bool:
        """Disable it, or enable it and forget failures; False if there is none."""
        ...

    async def due(self, now: dt.datetime) -> Sequence[str]:
        """Return the ids of those that deliver now and have not examined the whole log."""
        ...

    async def secrets(self, subscription: Subscription, now: dt.datetime) -> Sequence[bytes]:
        """Return the secrets that sign now, the newest first; raises DeliveryFailed if unreadable.

        Empty once the subscription was removed.
        """
        ...

    async def move(self, subscription: Subscription, *, delivered: int, examined: int) -> bool:
        """Move on and forget failures; False if it is no longer where this says."""
        ...

    async def note_failure(
        self,
        subscription: Subscription,
        reason: str,
        *,
        since: dt.datetime,
        next_try_at: dt.datetime | None,
        now: dt.datetime,
    ) -> bool:
        """Record a failed try, after the last of which it is parked; False if it has moved."""
        ...


class DeliverySender(Protocol):
    """Sends a delivery once."""

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Return once the partner answered with 2xx; raises DeliveryFailed within 10 seconds."""
        ...


class SubscriptionPorts(msgspec.Struct, frozen=True):
    """What changes and reads subscriptions. `loopback` as `addresses.require_deliverable`."""

    subscriptions: Subscriptions
    log: AuditedLog
    new_id: Callable[[], str]
    random_bytes: Callable[[int], bytes]
    clock: Clock
    loopback: bool


class DeliveryPorts(msgspec.Struct, frozen=True):
    """What delivers. `chance` gives numbers from 0 to below 1 that spread the tries."""

    subscriptions: Subscriptions
    log: AuditedLog
    sender: DeliverySender
    clock: Clock
    chance: Callable[[], float]
