"""Deliver the events of a subscription in order: read on in the log, send, move on or try later.

At least once: a crash between the partner's answer and our record of it repeats the delivery. Two
schedulers may deliver the same for a moment; each moves on only from the position it began at.
"""

import logging
from collections.abc import Callable

from application import ports
from application.audit import read_log
from application.audit.ports import LogFilter, LogPage
from application.partners.delivery import Delivery, make_delivery
from application.partners.ports import DeliveryFailed, DeliveryPorts
from application.partners.subscription import Subscription
from domain.partners import retries, signature

EVENTS_AT_ONCE = 100
# What a partner cannot take together it may take one by one.
EVENTS_AFTER_FAILURE = 1

logger = logging.getLogger(__name__)


async def deliver_events(
    subscription_id: str, outside: DeliveryPorts, *, may_go_on: Callable[[], bool]
) -> None:
    """Deliver until the partner has everything, a try fails, or staff stops it.

    `may_go_on` is asked before each delivery. Raises Unavailable.
    """
    while may_go_on():
        subscription = await outside.subscriptions.find(subscription_id)
        if subscription is None or subscription.status in ("disabled", "parked"):
            return
        due_at = subscription.next_try_at
        if due_at is not None and due_at > outside.clock():
            return
        if not await _deliver_next(subscription, outside):
            return


async def _deliver_next(subscription: Subscription, outside: DeliveryPorts) -> bool:
    """Make one step; returns whether the next may follow at once."""
    head = await outside.log.head()
    # Also after a restore of an older log: nothing is sent until it is longer again.
    if head <= subscription.examined:
        return False
    page = await outside.log.find(
        _filter(subscription), after=subscription.examined, until=head, limit=EVENTS_AT_ONCE
    )
    try:
        delivery = _delivery(subscription, page)
        if delivery is None:
            return await outside.subscriptions.move(
                subscription, delivered=subscription.delivered, examined=page.position
            )
        await _send(subscription, delivery, outside)
    except ports.Unavailable:
        raise
    except DeliveryFailed as failure:
        await _note_failure(subscription, failure, outside)
        return False
    except Exception as defect:  # noqa: BLE001 - a defect of ours waits and is parked as any failure
        logger.error("%s cannot be delivered: %s", subscription.id, type(defect).__name__)
        await _note_failure(subscription, DeliveryFailed("internal error"), outside)
        return False
    return await outside.subscriptions.move(
        subscription, delivered=delivery.position, examined=delivery.position
    )


def _filter(subscription: Subscription) -> LogFilter:
    """Ask the log for the only type; of several types it has no index."""
    types = subscription.types
    return LogFilter(tag=types[0] if types is not None and len(types) == 1 else None)


def _delivery(subscription: Subscription, page: LogPage) -> Delivery | None:
    """Return what is sent of the page; None if it has no event of the subscription."""
    types, position = subscription.types, page.position
    wanted = [each for each in page.events if types is None or each.tag in types]
    if subscription.tries and len(wanted) > EVENTS_AFTER_FAILURE:
        wanted = wanted[:EVENTS_AFTER_FAILURE]
        position = wanted[-1].position
    if not wanted:
        return None
    return make_delivery(subscription, [read_log.audited_event(each) for each in wanted], position)


async def _send(subscription: Subscription, delivery: Delivery, outside: DeliveryPorts) -> None:
    now = outside.clock()
    secrets = await outside.subscriptions.secrets(subscription, now)
    if not secrets:
        raise DeliveryFailed("removed")
    headers = signature.headers(delivery.id, delivery.body, secrets, at=now)
    await outside.sender.send(subscription.url, delivery.body, headers)


async def _note_failure(
    subscription: Subscription, failure: DeliveryFailed, outside: DeliveryPorts
) -> None:
    """Record when it is tried again; an address that is gone is parked at once."""
    now, reason = outside.clock(), str(failure)
    since = subscription.failing_since or now
    tries = subscription.tries + 1
    next_try_at = (
        None
        if failure.is_gone
        else retries.next_try(
            tries, failing_since=since, now=now, chance=outside.chance(), asked=failure.asked
        )
    )
    noted = await outside.subscriptions.note_failure(
        subscription, reason, since=since, next_try_at=next_try_at, now=now
    )
    if noted and next_try_at is None:
        logger.critical(
            "deliveries of %s are parked behind position %d after %d tries: %s",
            *(subscription.id, subscription.delivered, tries, reason),
        )
    elif noted and tries == 1:
        logger.warning("a delivery of %s failed: %s", subscription.id, reason)
