"""Run the processes of bookings again that should have finished by now."""

from typing import ClassVar

from application import ports
from application.processes.runner import EXPECTED_WITHIN
from domain.inventory.departure_correction import last_final_day
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer
from projections.booking_list import queries as bookings
from projections.ledger_journal import queries as journal


class RunProcessesAgain(ports.BackgroundTask, frozen=True):
    """Run the processes for all events of the booking; steps already done have no effect."""

    topic: ClassVar[str] = "run_again"

    booking_id: str


async def due(core: Core, page: Page) -> list[RunProcessesAgain]:
    """Return bookings paid and not ticketed, with a paid change that is not completed, or with
    money owed and no refund requested; to no-shows once the departure is final.

    Pages in order of booking ids: those that nothing can help starve none behind them.
    """
    before = page.now - EXPECTED_WITHIN
    after = page.after.booking_id if isinstance(page.after, RunProcessesAgain) else ""
    limit = page.limit
    found = {
        *await bookings.unconfirmed(core.pool, before, limit=limit, after=after),
        *await bookings.unfinished_changes(core.pool, before, limit=limit, after=after),
        *await journal.owed_bookings(
            core.pool,
            before=before,
            departed_until=last_final_day(page.now),
            limit=limit,
            after=after,
        ),
    }
    return [RunProcessesAgain(booking_id) for booking_id in sorted(found)][:limit]


async def run_again(core: Core, task: RunProcessesAgain) -> None:
    """Run the processes of the booking."""
    await core.processes.run_again(task.booking_id)


TIMER = Timer(
    name="run_processes_again", due=due, handler=TaskHandler(RunProcessesAgain, run_again)
)
