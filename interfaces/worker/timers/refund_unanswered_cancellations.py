"""Refund cancelled flights that nobody has answered in time."""

import datetime as dt
from typing import ClassVar

from application import ports
from application.booking.settle_unanswered import RefundUnanswered
from application.commands import follow_up
from application.policies.rules_now import read_rule
from domain.kernel.rejections import Rejection
from domain.policies.operating_values import DisruptionDeadlines
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.booking_list import queries


class RefundUnansweredCancellation(ports.BackgroundTask, frozen=True):
    """Refund the cancelled flights of the booking."""

    topic: ClassVar[str] = "refund_unanswered"

    booking_id: str
    since: dt.datetime


async def due(core: Core, page: Page) -> list[RefundUnansweredCancellation]:
    """Return the next page of bookings without an answer for so long, in the order of their ids.

    One with a pending change stays due until the change is completed or over.
    """
    after = page.after.booking_id if isinstance(page.after, RefundUnansweredCancellation) else ""
    rule = await read_rule(core.bus, DisruptionDeadlines, clock=lambda: page.now)
    before = page.now - rule.refund
    found = await queries.unanswered(core.pool, before, limit=page.limit, after=after)
    return [RefundUnansweredCancellation(each.booking, each.since) for each in found]


async def refund(core: Core, task: RefundUnansweredCancellation) -> None:
    """Refund them, unless they were answered since the query, or a change is pending."""
    cause = cause_of(task.booking_id, f"refund_unanswered:{task.since.isoformat()}", actor="timer")
    try:
        await core.bus.submit(
            follow_up.envelope(cause, "refund", RefundUnanswered(booking_id=task.booking_id))
        )
    except Rejection:
        return


TIMER = Timer(
    name="refund_unanswered_cancellations",
    due=due,
    handler=TaskHandler(RefundUnansweredCancellation, refund),
)
