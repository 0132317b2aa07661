"""Let travel credits expire once their time is over."""

from typing import ClassVar

from application import ports
from application.commands import follow_up
from application.credit.expire_credit import ExpireCredit
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.credits import queries

PERIOD_SECONDS = 3600.0
STEP = "expire_credits"


class ExpireOverdueCredit(ports.BackgroundTask, frozen=True):
    """Let the credit expire; `day` distinguishes the tries."""

    topic: ClassVar[str] = "expire_credit"

    credit_id: str
    day: str


async def due(core: Core, page: Page) -> list[ExpireOverdueCredit]:
    """Return the next page of credits whose time is over, in the order of their ids."""
    after = page.after.credit_id if isinstance(page.after, ExpireOverdueCredit) else ""
    found = await queries.expired(core.pool, page.now, after=after, limit=page.limit)
    day = page.now.date().isoformat()
    return [ExpireOverdueCredit(credit, day) for credit in found]


async def expire(core: Core, task: ExpireOverdueCredit) -> None:
    """Post what is left as revenue; a credit that was spent or returned meanwhile stays."""
    cause = cause_of(task.credit_id, task.day, actor=follow_up.ACTOR)
    await core.bus.submit(follow_up.envelope(cause, STEP, ExpireCredit(task.credit_id)))


TIMER = Timer(
    name="expire_credits",
    due=due,
    handler=TaskHandler(ExpireOverdueCredit, expire),
    period_seconds=PERIOD_SECONDS,
)
