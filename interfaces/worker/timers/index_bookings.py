"""Index what staff find bookings by: one task goes through all that is new in the log."""

import logging

from application.booking.index_bookings import INDEXED, IndexBookings, index_bookings
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 1.0
# More at once is an index that is being filled, whose progress is worth a line.
MANY = 1_000

logger = logging.getLogger(__name__)


async def due(core: Core, page: Page) -> list[IndexBookings]:  # noqa: ARG001 - a timer
    """Return the one task, where the log has more."""
    after, upto, _ = await core.search_index.changed(INDEXED, limit=1)
    return [] if upto == after else [IndexBookings(after)]


async def index(core: Core, task: IndexBookings) -> None:  # noqa: ARG001 - a handler
    """Index what has changed."""
    count = await index_bookings(core.bus, core.vault, core.search_index)
    if count >= MANY:
        logger.info("indexed %s bookings for the search of staff", count)


TIMER = Timer(
    name="index_bookings",
    due=due,
    handler=TaskHandler(IndexBookings, index),
    period_seconds=PERIOD_SECONDS,
)
