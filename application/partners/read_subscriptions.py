"""Read subscriptions: all of them, and those whose deliveries are parked."""

from collections.abc import Sequence

from application.partners.ports import Subscriptions
from application.partners.subscription import Subscription
from domain.partners import rejections


async def read_subscriptions(subscriptions: Subscriptions) -> Sequence[Subscription]:
    """Return all, in the order in which they were added; raises Unavailable."""
    return await subscriptions.all()


async def read_parked(subscriptions: Subscriptions) -> Sequence[Subscription]:
    """Return those that deliver nothing until staff replays or enables them."""
    return [each for each in await subscriptions.all() if each.status == "parked"]


async def read_subscription(subscription_id: str, subscriptions: Subscriptions) -> Subscription:
    """Return one as it is now; rejects SubscriptionUnknown, raises Unavailable."""
    found = await subscriptions.find(subscription_id)
    if found is None:
        raise rejections.SubscriptionUnknown()
    return found
