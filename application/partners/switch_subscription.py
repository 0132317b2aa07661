"""Disable a subscription, or enable it: it goes on where it stopped."""

from application.partners.ports import By, SubscriptionPorts
from application.partners.read_subscriptions import read_subscription
from application.partners.subscription import Subscription
from domain.partners import rejections


async def switch_subscription(
    subscription_id: str, *, enabled: bool, by: By, outside: SubscriptionPorts
) -> Subscription:
    """Disable it, or enable it, which also ends parking; returns it as it is then.

    Rejects SubscriptionUnknown, raises Unavailable.
    """
    if not await outside.subscriptions.switch(subscription_id, enabled=enabled, by=by):
        raise rejections.SubscriptionUnknown()
    return await read_subscription(subscription_id, outside.subscriptions)
