"""Remove a subscription: the partner gets no more, and its secret opens nothing."""

from application.partners.ports import By, SubscriptionPorts
from application.partners.read_subscriptions import read_subscription
from application.partners.subscription import Subscription
from domain.partners import rejections


async def remove_subscription(
    subscription_id: str, by: By, outside: SubscriptionPorts
) -> Subscription:
    """Remove it; returns what it was. Rejects SubscriptionUnknown, raises Unavailable.

    A delivery that is under way may still arrive.
    """
    found = await read_subscription(subscription_id, outside.subscriptions)
    if not await outside.subscriptions.remove(subscription_id, by=by):
        raise rejections.SubscriptionUnknown()
    return found
