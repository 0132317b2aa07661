"""Work off one stored Stripe event: ask Stripe for the object it speaks of, take that over.

The event is a hint. Which one comes first, how often and how late makes no difference.
"""

from typing import Literal

from application.commands import follow_up
from application.payment import collect, refunding

Handled = Literal["done", "ignored"]

SESSION_EVENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.expired",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
    }
)
INTENT_EVENTS = frozenset({"payment_intent.succeeded", "payment_intent.payment_failed"})
REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed"})

# What nothing follows from is kept, and not worked off.
WORKED_OFF = SESSION_EVENTS | INTENT_EVENTS | REFUND_EVENTS


async def process_event(
    event_type: str,
    object_id: str,
    *,
    collector: collect.Collector,
    refunder: refunding.Refunder,
    cause: follow_up.Cause,
) -> Handled:
    """`ignored` for types that nothing follows from. Raises what the gateway and log raise."""
    if event_type in SESSION_EVENTS:
        await collector.learn_session(object_id, cause=cause)
        return "done"
    if event_type in INTENT_EVENTS:
        await collector.learn_intent(object_id, cause=cause)
        return "done"
    if event_type in REFUND_EVENTS:
        await refunder.learn_refund(object_id, cause=cause)
        return "done"
    return "ignored"
