"""Deliver again from a position, at once, also where deliveries were parked."""

from application.audit import read_log
from application.partners.ports import By, SubscriptionPorts
from application.partners.read_subscriptions import read_subscription
from application.partners.subscription import Subscription
from domain.partners import rejections


async def replay_events(
    subscription_id: str, after: int, by: By, outside: SubscriptionPorts
) -> Subscription:
    """Continue behind this position, which may also be further on, to leave events out.

    Rejects SubscriptionUnknown, and CursorRefused for a position beyond the log; raises
    Unavailable.
    """
    read_log.require_within(after, await outside.log.head())
    if not await outside.subscriptions.replay(subscription_id, after, by=by):
        raise rejections.SubscriptionUnknown()
    return await read_subscription(subscription_id, outside.subscriptions)
