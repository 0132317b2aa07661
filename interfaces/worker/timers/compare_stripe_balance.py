"""Compare Stripe's balance with account 1010, once a day, and hourly while they differ."""

import datetime as dt
from zoneinfo import ZoneInfo

from application.settlement.compare_balance import CompareBalance
from domain.kernel.entries import ACCOUNTING_ZONE
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer
from projections.stripe_settlement import queries

# Local time of the accounting zone from which a day's comparison is due: Stripe has then listed the
# evening's transactions.
DUE_FROM_HOUR = 3
REPEAT_AFTER = dt.timedelta(hours=1)
PERIOD_SECONDS = 300.0

_ZONE = ZoneInfo(ACCOUNTING_ZONE)


async def due(core: Core, page: Page) -> list[CompareBalance]:
    """Return the task where today's comparison is missing, or one that differs is an hour old."""
    latest = await queries.latest_comparison(core.pool)
    local = page.now.astimezone(_ZONE)
    if latest is not None:
        day, compared_at, is_explained = latest
        if not is_explained and compared_at < page.now - REPEAT_AFTER:
            return [CompareBalance()]
        if day >= local.date().isoformat():
            return []
    elif not await queries.has_money(core.pool):
        return []
    return [CompareBalance()] if local.hour >= DUE_FROM_HOUR else []


async def compare(core: Core, task: CompareBalance) -> None:  # noqa: ARG001 - a handler
    """Compare, and record both figures."""
    await core.settlement.comparer.compare()


TIMER = Timer(
    name="compare_stripe_balance",
    due=due,
    handler=TaskHandler(CompareBalance, compare),
    period_seconds=PERIOD_SECONDS,
)
