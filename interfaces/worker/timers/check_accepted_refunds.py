"""Ask Stripe about the refunds that it accepted and has not settled yet.

Webhooks report how an accepted refund ends, within days; this timer covers lost webhooks.
"""

import datetime as dt

from application.payment.refund_payment import SendRefund
from interfaces.composition import Core
from interfaces.worker.timers.timer import Page, Timer
from projections.unfinished_refunds import queries

PATIENCE = dt.timedelta(minutes=10)
PERIOD_SECONDS = 600.0


async def due(core: Core, page: Page) -> list[SendRefund]:
    """Return the next page of accepted refunds, in the order of their ids."""
    after = page.after.refund if isinstance(page.after, SendRefund) else ""
    found = await queries.accepted_before(
        core.pool, page.now - PATIENCE, after=after, limit=page.limit
    )
    return [SendRefund(payment_id, refund) for payment_id, refund in found]


TIMER = Timer(name="check_accepted_refunds", due=due, period_seconds=PERIOD_SECONDS)
