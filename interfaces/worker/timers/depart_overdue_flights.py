"""Record the departure of flights that should have left an hour ago and that were boarded.

The others are on the list of overdue flights: operations may have forgotten to delay them.
"""

import datetime as dt
from typing import ClassVar

from application import ports
from application.booking.depart_unreported import DepartUnreported
from application.commands import follow_up
from domain.kernel.rejections import Rejection
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.flight_availability import queries

# A boarded flight without a reported departure by then counts as departed.
PATIENCE = dt.timedelta(minutes=60)


class DepartOverdueFlight(ports.BackgroundTask, frozen=True):
    """Record that the flight has departed."""

    topic: ClassVar[str] = "depart_flight"

    flight_id: str


async def due(core: Core, page: Page) -> list[DepartOverdueFlight]:
    """Return flights whose departure is overdue."""
    after = page.after.flight_id if isinstance(page.after, DepartOverdueFlight) else ""
    found = await queries.due_departures(
        core.pool, page.now - PATIENCE, after=after, limit=page.limit
    )
    return [DepartOverdueFlight(flight_id) for flight_id in found]


async def depart(core: Core, task: DepartOverdueFlight) -> None:
    """Depart the flight, unless it was cancelled or rescheduled since the query."""
    cause = cause_of(task.flight_id, "depart", actor="timer")
    command = DepartUnreported(flight_id=task.flight_id, departed_at=core.clock())
    try:
        await core.bus.submit(follow_up.envelope(cause, "depart", command))
    except Rejection:
        return


TIMER = Timer(
    name="depart_overdue_flights",
    due=due,
    handler=TaskHandler(DepartOverdueFlight, depart),
    # What nobody has boarded stays due until operations act: it need not be asked at every tick.
    period_seconds=5.0,
)
