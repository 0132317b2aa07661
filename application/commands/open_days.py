"""The day of an entry whose month is closed: the first of the next open month (A2).

It is set where a decision records, so that no use case can forget it. Almost all entries are dated
today, whose month is never closed: those cost a comparison. For others the decision reads the
period, and is made again when the month is closed at the same time.
"""

import datetime as dt
from typing import Protocol, TypeVar

from msgspec.structs import replace

from application.commands import stream_kinds
from application.commands.stream_kinds import StreamKind
from domain.kernel import entries, ids
from domain.kernel.events import DomainEvent
from domain.period import closing

State = TypeVar("State")


class Reading(Protocol):
    """What is needed of the context of a decision."""

    now: dt.datetime

    def load(self, kind: StreamKind[State], stream: str) -> State | None:
        """The state of a stream."""
        ...


def in_open_month(context: Reading, event: DomainEvent) -> DomainEvent:
    """Return the event with its entry dated in an open month; most are returned unchanged."""
    entry: entries.Entry | None = getattr(event, "entry", None)
    if entry is None:
        return event
    this_month = closing.month_of(entries.accounting_day(context.now))
    if entry.effective_on >= this_month:
        return event
    day = _open_day(context, entry.effective_on, this_month)
    if day == entry.effective_on:
        return event
    return replace(event, entry=replace(entry, effective_on=day))


def _open_day(context: Reading, day: dt.date, this_month: dt.date) -> dt.date:
    """Return the day, or the first one after it whose month is open; this month always is (A1)."""
    month = closing.month_of(day)
    while month < this_month and closing.is_closed(
        context.load(stream_kinds.PERIOD, ids.period_stream(month))
    ):
        month = closing.next_month(month)
        day = month
    return day
