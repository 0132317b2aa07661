"""Record the departure of flights that should have left an hour ago."""

import datetime as dt
from typing import ClassVar

from application import ports
from application.commands import follow_up
from application.inventory.depart_flight import DepartFlight
from domain.kernel.rejections import Rejection
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.flight_availability import queries

# A flight without a reported departure by then counts as departed.
PATIENCE = dt.timedelta(minutes=60)


class DepartOverdueFlight(ports.BackgroundTask, frozen=True):
    """Record that the flight has departed."""

    topic: ClassVar[str] = "depart_flight"

    flight_id: str


async def due(core: Core, page: Page) -> list[DepartOverdueFlight]:
    """Return flights whose departure is overdue."""
    found = await queries.due_departures(core.pool, page.now - PATIENCE, limit=page.limit)
    return [DepartOverdueFlight(flight_id) for flight_id in found]


async def depart(core: Core, task: DepartOverdueFlight) -> None:
    """Depart the flight, unless it was cancelled or rescheduled since the query."""
    cause = cause_of(task.flight_id, "depart", actor="timer")
    command = DepartFlight(flight_id=task.flight_id, departed_at=core.clock())
    try:
        await core.bus.submit(follow_up.envelope(cause, "depart", command))
    except Rejection:
        return


TIMER = Timer(
    name="depart_overdue_flights", due=due, handler=TaskHandler(DepartOverdueFlight, depart)
)
