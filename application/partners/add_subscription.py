"""Add a subscription: a partner gets the events behind the present end of the log."""

from collections.abc import Sequence

import msgspec

from application.commands import stream_kinds
from application.partners.ports import By, SubscriptionPorts
from application.partners.subscription import SUBSCRIPTION_LIMIT, Subscription
from domain.partners import addresses, rejections, signature


class AddSubscription(msgspec.Struct, frozen=True):
    """The partner's name, the address of its server, and types of events: None for all."""

    name: str
    url: str
    types: Sequence[str] | None


class AddedSubscription(msgspec.Struct, frozen=True):
    """The subscription, and its secret, which is shown nowhere else."""

    subscription: Subscription
    secret: str


async def add_subscription(
    command: AddSubscription, by: By, outside: SubscriptionPorts
) -> AddedSubscription:
    """Store it; rejects UrlRefused, TypesRefused, SubscriptionNotAdded, raises Unavailable."""
    addresses.require_deliverable(command.url, loopback=outside.loopback)
    types = None if command.types is None else _known(command.types)
    head = await outside.log.head()
    subscription = Subscription(
        id=outside.new_id(),
        name=command.name,
        url=command.url,
        types=types,
        enabled=True,
        delivered=head,
        examined=head,
        replays=0,
        created_at=outside.clock(),
    )
    secret = outside.random_bytes(signature.SECRET_BYTES)
    stored = await outside.subscriptions.add(subscription, secret, limit=SUBSCRIPTION_LIMIT, by=by)
    if not stored:
        if any(each.name == command.name for each in await outside.subscriptions.all()):
            raise rejections.SubscriptionNotAdded(field="name", reason="name_taken")
        raise rejections.SubscriptionNotAdded(reason="too_many_subscriptions")
    return AddedSubscription(subscription, signature.shown(secret))


def _known(types: Sequence[str]) -> tuple[str, ...]:
    for number, each in enumerate(types):
        if each not in stream_kinds.EVENT_TYPES:
            raise rejections.TypesRefused(field=f"types[{number}]", reason="unknown")
    if len(set(types)) < len(types):
        raise rejections.TypesRefused(field="types", reason="duplicate")
    return tuple(types)
