"""Work off one stored Stripe event: ask Stripe for the object it speaks of, take that over.

The event is a hint. Which one comes first, how often and how late makes no difference.
"""

from typing import Literal

from application import steps
from application.payment import collect, refunding, stripe_event_types

Handled = Literal["done", "ignored"]


async def process_event(
    event_type: str,
    object_id: str,
    *,
    collector: collect.Collector,
    refunder: refunding.Refunder,
    cause: steps.Cause,
) -> Handled:
    """`ignored` for types that nothing follows from. Raises what the gateway and log raise."""
    if event_type in stripe_event_types.SESSION:
        await collector.learn_session(object_id, cause=cause)
        return "done"
    if event_type in stripe_event_types.INTENT:
        await collector.learn_intent(object_id, cause=cause)
        return "done"
    if event_type in stripe_event_types.REFUND:
        await refunder.learn_refund(object_id, cause=cause)
        return "done"
    return "ignored"
