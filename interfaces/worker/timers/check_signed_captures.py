"""Check captures that only a signed event reported against Stripe's own list, within a minute."""

import datetime as dt

from application.payment.check_captures import CheckCaptures, tasks_of
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer
from projections.signed_captures import queries

# A capture is this old before Stripe is asked: one call then covers more of them.
PATIENCE = dt.timedelta(seconds=10)
PERIOD_SECONDS = 15.0
# As many as a page of Stripe's list.
TASK_SIZE = 100


async def due(core: Core, page: Page) -> list[CheckCaptures]:
    """Return the next page of tasks over captures that were not checked yet."""
    found = await queries.unconfirmed(
        core.pool,
        "open",
        before=page.now - PATIENCE,
        limit=page.limit * TASK_SIZE,
        after=last_of(page),
    )
    return tasks_of(found, size=TASK_SIZE)


def last_of(page: Page) -> tuple[str, str] | None:
    """Return payment and intent of the last capture of the page before."""
    if not isinstance(page.after, CheckCaptures):
        return None
    last = page.after.captures[-1]
    return last.payment, last.intent


async def check(core: Core, task: CheckCaptures) -> None:
    """Ask Stripe for the list, and for what it lacks."""
    await core.refunder.captures.check(task)


TIMER = Timer(
    name="check_signed_captures",
    due=due,
    handler=TaskHandler(CheckCaptures, check),
    period_seconds=PERIOD_SECONDS,
)
