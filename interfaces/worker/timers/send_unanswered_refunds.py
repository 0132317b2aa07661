"""Send refunds again that Stripe should have answered by now."""

import datetime as dt

from application.payment.refund_payment import SendRefund
from interfaces.composition import Core
from interfaces.worker.timers.timer import Page, Timer
from projections.unfinished_refunds import queries

PATIENCE = dt.timedelta(seconds=20)


async def due(core: Core, page: Page) -> list[SendRefund]:
    """Return the next page of refunds whose answer is overdue, in the order of their ids."""
    after = page.after.refund if isinstance(page.after, SendRefund) else ""
    found = await queries.unanswered_before(
        core.pool, page.now - PATIENCE, limit=page.limit, after=after
    )
    return [SendRefund(payment_id, refund) for payment_id, refund in found]


TIMER = Timer(name="send_unanswered_refunds", due=due)
