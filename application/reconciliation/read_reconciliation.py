"""Read breaks with their age, and the explained value of each day, from the log itself."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.commands import stream_kinds
from application.reconciliation.ports import ReconciliationPorts
from application.reconciliation.run_reconciliation import DAYS_LIMIT, days_between
from domain.kernel import ids
from domain.kernel.entries import accounting_day, may_be_accounting_day
from domain.reconciliation.breaks import AgeBucket, age_bucket
from domain.reconciliation.rejections import BreakNotFound, RangeNotAllowed
from domain.reconciliation.state import DayTotal, FoundBreak, ReconciledDay


class BreakDetails(msgspec.Struct, frozen=True):
    """A break of a day, with its age now."""

    day: dt.date
    break_: FoundBreak
    age: AgeBucket


class DayReport(msgspec.Struct, frozen=True):
    """The value and the explained value of a day; `compared` is whether a run has compared it."""

    day: dt.date
    compared: bool
    totals: tuple[DayTotal, ...]
    open_count: int


async def read_day(ports: ReconciliationPorts, day: dt.date) -> ReconciledDay:
    """Return the day as it was compared last; raises Unavailable."""
    found = await ports.bus.current(stream_kinds.RECONCILIATION, ids.reconciliation_stream(day))
    return found[0] or ReconciledDay()


async def _read_days(
    ports: ReconciliationPorts, days: list[dt.date]
) -> list[tuple[dt.date, ReconciledDay]]:
    """Return these days by one read."""
    streams = {ids.reconciliation_stream(day): day for day in days}
    known = await ports.bus.current_all(stream_kinds.RECONCILIATION, streams)
    return [(day, known[stream][0] or ReconciledDay()) for stream, day in streams.items()]


async def read_breaks(
    ports: ReconciliationPorts, *, since: dt.date | None = None, until: dt.date | None = None
) -> Sequence[BreakDetails]:
    """Return the breaks of these days that need a decision or wait, the oldest first.

    Of the last DAYS_LIMIT days where none are named. Rejects RangeNotAllowed.
    """
    now = ports.clock()
    found = []
    for day, known in await _read_days(ports, _range(now, since, until)):
        found += [
            BreakDetails(day, each, age_bucket(each.found.since, now))
            for _, each in sorted(known.breaks.items())
            if each.is_open
        ]
    return found


async def read_break(ports: ReconciliationPorts, day: dt.date, break_id: str) -> BreakDetails:
    """Return a break in whatever status; rejects BreakNotFound."""
    known = await read_day(ports, day)
    if break_id not in known.breaks:
        raise BreakNotFound()
    each = known.breaks[break_id]
    return BreakDetails(day, each, age_bucket(each.found.since, ports.clock()))


async def read_report(
    ports: ReconciliationPorts, *, since: dt.date | None = None, until: dt.date | None = None
) -> Sequence[DayReport]:
    """Return the explained value of each day; rejects RangeNotAllowed."""
    report = []
    for day, known in await _read_days(ports, _range(ports.clock(), since, until)):
        open_count = sum(each.is_open for each in known.breaks.values())
        report.append(DayReport(day, known.compared, known.totals, open_count))
    return report


def day_of(text: str) -> dt.date:
    """Return an accounting day such as `2026-11-26`; rejects RangeNotAllowed."""
    try:
        if len(text) != len("2026-11-26"):
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError:
        raise RangeNotAllowed(field="day", reason="not_a_day") from None


def _range(now: dt.datetime, since: dt.date | None, until: dt.date | None) -> list[dt.date]:
    last = until or accounting_day(now)
    if not may_be_accounting_day(last):
        raise RangeNotAllowed(field="to", reason="not_a_day")
    first = since or last - dt.timedelta(days=DAYS_LIMIT - 1)
    if last < first or (last - first).days >= DAYS_LIMIT:
        raise RangeNotAllowed(field="from", reason="not_in_order_or_too_many_days")
    return days_between(first, last)
