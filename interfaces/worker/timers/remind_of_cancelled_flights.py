"""Remind passengers who have not answered a cancelled or moved flight in time."""

import datetime as dt
from typing import ClassVar

from application import ports
from application.booking.settle_unanswered import RemindUnanswered
from application.commands import follow_up
from application.policies.rules_now import read_rule
from domain.kernel.rejections import Rejection
from domain.policies.operating_values import DisruptionDeadlines
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.booking_list import queries


class RemindOfCancelledFlight(ports.BackgroundTask, frozen=True):
    """Remind the passengers of the booking of these segments, unanswered since the first."""

    topic: ClassVar[str] = "remind_unanswered"

    booking_id: str
    since: dt.datetime
    segments: tuple[int, ...] = ()


async def due(core: Core, page: Page) -> list[RemindOfCancelledFlight]:
    """Return the next page of bookings without an answer for so long, in the order of their ids."""
    after = page.after.booking_id if isinstance(page.after, RemindOfCancelledFlight) else ""
    rule = await read_rule(core.bus, DisruptionDeadlines, clock=lambda: page.now)
    before = page.now - rule.remind
    found = await queries.unreminded(core.pool, before, limit=page.limit, after=after)
    return [
        RemindOfCancelledFlight(
            each.booking, each.since, tuple(sorted({*each.segments} - {*each.reminded_segments}))
        )
        for each in found
    ]


async def remind(core: Core, task: RemindOfCancelledFlight) -> None:
    """Remind them, unless they have answered since the query."""
    try:
        await core.bus.submit(
            follow_up.envelope(cause(task), "remind", RemindUnanswered(booking_id=task.booking_id))
        )
    except Rejection:
        return


def cause(task: RemindOfCancelledFlight) -> follow_up.Cause:
    """Return the cause: a flight that is cancelled or moved later is another one."""
    about = ",".join(str(each) for each in task.segments)
    step = f"remind_unanswered:{task.since.isoformat()}:{about}"
    return cause_of(task.booking_id, step, actor="timer")


TIMER = Timer(
    name="remind_of_cancelled_flights",
    due=due,
    handler=TaskHandler(RemindOfCancelledFlight, remind),
)
