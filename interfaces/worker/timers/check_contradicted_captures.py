"""Check captures again that Stripe's own list contradicted: it may confirm them after all."""

from application.payment.check_captures import CheckCaptures, tasks_of
from interfaces.composition import Core
from interfaces.worker.timers import check_signed_captures
from interfaces.worker.timers.timer import Page, Timer
from projections.signed_captures import queries

PERIOD_SECONDS = 600.0


async def due(core: Core, page: Page) -> list[CheckCaptures]:
    """Return the next page of contradicted captures, each as a task of its own."""
    found = await queries.unconfirmed(
        core.pool,
        "contradicted",
        before=page.now,
        limit=page.limit,
        after=check_signed_captures.last_of(page),
    )
    return tasks_of(found, size=1)


TIMER = Timer(name="check_contradicted_captures", due=due, period_seconds=PERIOD_SECONDS)
