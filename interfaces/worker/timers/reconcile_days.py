"""Compare the last days with Stripe and the bank once a day; a missed run is caught up.

The day before today is compared by the run of today: as long as it is not, the run is due.
"""

import datetime as dt
from typing import ClassVar
from zoneinfo import ZoneInfo

from application import ports
from application.commands import stream_kinds
from application.reconciliation.run_reconciliation import (
    DAILY_DAYS,
    DAYS_LIMIT,
    days_between,
    run_reconciliation,
)
from domain.kernel import ids
from domain.kernel.entries import ACCOUNTING_ZONE
from interfaces import reconciliation_composition
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

# Local time of the accounting zone from which a day's run is due.
DUE_FROM_HOUR = 2
PERIOD_SECONDS = 300.0
# Days that a missed run catches up at most; those before are reconciled by hand.
CATCH_UP_DAYS = DAYS_LIMIT

_ZONE = ZoneInfo(ACCOUNTING_ZONE)


class ReconcileDays(ports.BackgroundTask, frozen=True):
    """Compare these days, both included, as ISO dates."""

    topic: ClassVar[str] = "reconcile_days"
    since: str
    until: str


async def due(core: Core, page: Page) -> list[ReconcileDays]:
    """Return the task where the day before today is not compared yet."""
    local = page.now.astimezone(_ZONE)
    if local.hour < DUE_FROM_HOUR:
        return []
    yesterday = local.date() - dt.timedelta(days=1)
    earliest = yesterday - dt.timedelta(days=CATCH_UP_DAYS - 1)
    streams = {ids.reconciliation_stream(day): day for day in days_between(earliest, yesterday)}
    known = await core.bus.current_all(stream_kinds.RECONCILIATION, streams)
    compared = [
        day
        for stream, day in streams.items()
        if (state := known[stream][0]) is not None and state.compared
    ]
    if yesterday in compared:
        return []
    since = yesterday - dt.timedelta(days=DAILY_DAYS - 1)
    if compared:
        since = min(since, max(compared) + dt.timedelta(days=1))
    return [ReconcileDays(since.isoformat(), yesterday.isoformat())]


async def reconcile(core: Core, task: ReconcileDays) -> None:
    """Compare the days; while Stripe is away the task is tried again."""
    await run_reconciliation(
        reconciliation_composition.reconciliation_on(core, core.bus),
        since=dt.date.fromisoformat(task.since),
        until=dt.date.fromisoformat(task.until),
    )


TIMER = Timer(
    name="reconcile_days",
    due=due,
    handler=TaskHandler(ReconcileDays, reconcile),
    period_seconds=PERIOD_SECONDS,
)
