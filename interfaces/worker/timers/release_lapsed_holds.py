"""Ask Stripe, then release holds, waitlist places and changes not paid before their deadline."""

from typing import ClassVar

from application import ports
from domain.kernel.rejections import Rejection
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.booking_list import queries


class ReleaseHold(ports.BackgroundTask, frozen=True):
    """Expire the unpaid booking, or its unpaid change."""

    topic: ClassVar[str] = "release_hold"

    booking_id: str


async def due(core: Core, page: Page) -> list[ReleaseHold]:
    """Return the next page of bookings whose deadline has passed, in the order of their ids.

    Some stay due for long: while a bank decides, or Stripe is away.
    """
    after = page.after.booking_id if isinstance(page.after, ReleaseHold) else ""
    found = await queries.due_holds(core.pool, page.now, limit=page.limit, after=after)
    return [ReleaseHold(booking_id) for booking_id in found]


async def release(core: Core, task: ReleaseHold) -> None:
    """Release the hold, unless it was paid or expired since the query."""
    cause = cause_of(task.booking_id, "release_hold", actor="timer")
    try:
        await core.releaser.release(task.booking_id, cause=cause)
    except Rejection:
        return


TIMER = Timer(name="release_lapsed_holds", due=due, handler=TaskHandler(ReleaseHold, release))
