"""Measures what all processes share, for metrics: what waits, how far read models are, open money.

The scheduler that leads measures; one that no longer leads shows nothing of it.
"""

import datetime as dt
from collections import Counter

from application import metrics
from application.ledger.books import OpenItem
from application.metrics import Gauge, Labels
from application.reconciliation.read_reconciliation import read_breaks
from domain.ledger import accounts
from domain.reconciliation.breaks import age_bucket
from infrastructure.postgres.pool import raising_unavailable
from infrastructure.postgres.standby import standby_of
from infrastructure.postgres.waiting_work import waiting_work
from interfaces.composition import Core
from interfaces.reconciliation_composition import reconciliation_on
from interfaces.worker.task_queue import TaskQueue
from projections import progress
from projections.booking_list import queries as bookings
from projections.flight_availability import queries as flights
from projections.ledger_journal import queries as journal

MEASURE_SECONDS = 30.0
# Beyond so many the gauge says so many: it is an alarm long before.
CABINS_LIMIT = 1_000
SOON = dt.timedelta(minutes=5)
# The timer that releases holds looks every second.
OVERDUE = dt.timedelta(minutes=1)
CLEARING = (accounts.UNAPPLIED_FUNDS, accounts.REFUNDS_PAYABLE)

MEASURED: tuple[Gauge, ...] = (
    metrics.OUTBOX_WAITING,
    metrics.OUTBOX_AGE,
    metrics.OUTBOX_FAILED,
    metrics.INBOX_WAITING,
    metrics.INBOX_AGE,
    metrics.INBOX_PARKED,
    metrics.QUEUE_WAITING,
    metrics.QUEUE_DEAD,
    metrics.DATABASE_LOCK_WAITS,
    metrics.STANDBY_MISSING,
    metrics.SLOT_BEHIND,
    metrics.PROJECTION_BEHIND,
    metrics.PROJECTION_LAG,
    metrics.PARKED_EVENTS,
    metrics.PROJECTION_STOPPED,
    metrics.HOLDS_LAPSING,
    metrics.HOLDS_OVERDUE,
    metrics.OVERSOLD_CABINS,
    metrics.OPEN_BREAKS,
    metrics.OPEN_MONEY,
    metrics.MEASURED_AT,
)


class Measuring:
    """Sets the gauges of `MEASURED`."""

    def __init__(self, core: Core, queue: TaskQueue) -> None:
        self._core = core
        self._queue = queue
        self._reconciliation = reconciliation_on(core, core.bus)

    async def measure(self) -> None:
        """Measure everything once; raises Unavailable."""
        now = self._core.clock()
        # First: without the standby no other loop of the scheduler works, and it starts again.
        await self._measure_standby()
        await self._measure_work()
        async with raising_unavailable():
            await self._measure_read_models()
            await self._measure_holds(now)
            oversold = await flights.oversold(self._core.pool, limit=CABINS_LIMIT)
            items = await journal.open_items(self._core.pool, CLEARING)
        metrics.OVERSOLD_CABINS.set(len(oversold))
        metrics.OPEN_MONEY.replace(money_by_age(items, now))
        breaks = await read_breaks(self._reconciliation)
        ages = Counter[Labels]((each.age,) for each in breaks)
        metrics.OPEN_BREAKS.replace(dict(ages))
        metrics.MEASURED_AT.set(now.timestamp())

    async def _measure_standby(self) -> None:
        found = await standby_of(self._core.pool)
        metrics.STANDBY_MISSING.set(float(not found.is_there))
        metrics.SLOT_BEHIND.replace(
            {(slot,): behind for slot, behind in found.behind_bytes.items()}
        )

    async def _measure_work(self) -> None:
        found = await waiting_work(self._core.pool)
        metrics.OUTBOX_WAITING.set(found.outbox_waiting)
        metrics.OUTBOX_AGE.set(found.outbox_age)
        metrics.OUTBOX_FAILED.set(found.outbox_failed)
        metrics.INBOX_WAITING.set(found.inbox_waiting)
        metrics.INBOX_AGE.set(found.inbox_age)
        metrics.INBOX_PARKED.set(found.inbox_parked)
        metrics.DATABASE_LOCK_WAITS.set(found.lock_waits)
        waiting, dead = await self._queue.counts()
        metrics.QUEUE_WAITING.set(waiting)
        metrics.QUEUE_DEAD.set(dead)

    async def _measure_read_models(self) -> None:
        found = await progress.progress_of_all(self._core.pool)
        metrics.PROJECTION_BEHIND.replace({(each.projection,): each.behind for each in found})
        metrics.PROJECTION_LAG.replace({(each.projection,): each.lag_seconds for each in found})
        metrics.PARKED_EVENTS.replace({(each.projection,): each.parked for each in found})
        metrics.PROJECTION_STOPPED.replace(
            {(each.projection,): float(each.stopped_cause is not None) for each in found}
        )

    async def _measure_holds(self, now: dt.datetime) -> None:
        overdue = await bookings.count_lapsing(self._core.pool, until=now - OVERDUE)
        soon = await bookings.count_lapsing(self._core.pool, since=now, until=now + SOON)
        metrics.HOLDS_OVERDUE.set(overdue)
        metrics.HOLDS_LAPSING.set(soon)


def forget() -> None:
    """Show nothing of it any more: another scheduler leads."""
    for gauge in MEASURED:
        gauge.replace({})


def money_by_age(items: list[OpenItem], now: dt.datetime) -> dict[Labels, float]:
    """Return the sums by account, currency and age, in minor units, as the accounts have them."""
    sums: Counter[Labels] = Counter()
    for each in items:
        sums[each.account, each.currency, age_bucket(each.since, now)] += each.amount
    return dict(sums)
