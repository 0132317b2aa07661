"""Ask Stripe once a day how undecided disputes stand: a webhook may have been lost."""

from application.payment.record_refund import AskAboutDisputes
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.disputes import queries

PERIOD_SECONDS = 24 * 3600.0


async def due(core: Core, page: Page) -> list[AskAboutDisputes]:
    """Return the next page of captures with undecided disputes."""
    after = ("", "")
    if isinstance(page.after, AskAboutDisputes):
        after = (page.after.payment_id, page.after.intent)
    found = await queries.to_ask_about(core.pool, limit=page.limit, after=after)
    return [AskAboutDisputes(payment_id, intent) for payment_id, intent in found]


async def ask(core: Core, task: AskAboutDisputes) -> None:
    """Record how the disputes of the capture stand."""
    cause = cause_of(task.payment_id, f"disputes:{task.intent}", actor="system")
    await core.disputes.learn_disputes_of(task.intent, cause=cause)


TIMER = Timer(
    name="ask_about_disputes",
    due=due,
    handler=TaskHandler(AskAboutDisputes, ask),
    period_seconds=PERIOD_SECONDS,
)
