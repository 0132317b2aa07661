"""Closes a month of the books, and reopens it by two persons."""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.period import rejections
from domain.period.events import PeriodClosed, PeriodEvent, PeriodReopened, ReopeningAsked
from domain.period.events import ReopeningReason as Reason
from domain.period.state import Period

# Flights of the last evening are closed by then, so that their revenue is in their own month.
DAYS_BEFORE_CLOSE = 1


def month_of(day: dt.date) -> dt.date:
    """Return the first day of the month."""
    return day.replace(day=1)


def next_month(month: dt.date) -> dt.date:
    """Return the first day of the month after."""
    return month_of(month.replace(day=1) + dt.timedelta(days=31))


def last_day(month: dt.date) -> dt.date:
    """Return the last day of the month."""
    return next_month(month) - dt.timedelta(days=1)


def is_closed(period: Period | None) -> bool:
    """Whether nothing may be posted into the period."""
    return period is not None and period.closed


def close(
    period: Period | None, *, month: dt.date, today: dt.date, by: str, known: int
) -> tuple[PeriodClosed, ...]:
    """Seal the month; a closed one stays as it is.

    Rejects PeriodNotOver until DAYS_BEFORE_CLOSE days of the next month are over (A1).
    """
    if is_closed(period):
        return ()
    if today < next_month(month) + dt.timedelta(days=DAYS_BEFORE_CLOSE):
        raise rejections.PeriodNotOver(reason="month_not_over")
    return (PeriodClosed(by=by, known=known),)


def ask_to_reopen(period: Period | None, *, by: str, reason: Reason) -> tuple[ReopeningAsked, ...]:
    """Ask for a closed month to be reopened; the same user asks once. Rejects PeriodNotClosed."""
    if period is None or not period.closed:
        raise rejections.PeriodNotClosed(reason="month_not_closed")
    if period.reopening_asked_by is not None:
        return ()
    return (ReopeningAsked(by=by, reason=reason),)


def reopen(period: Period | None, *, by: str) -> tuple[PeriodReopened, ...]:
    """Approve what another user asked for; an open month stays as it is.

    Rejects PeriodNotClosed, ReopeningNotAsked and SecondPersonNeeded (A3).
    """
    if period is None:
        raise rejections.PeriodNotClosed(reason="month_not_closed")
    if not period.closed:
        return ()
    asked_by = period.reopening_asked_by
    if asked_by is None:
        raise rejections.ReopeningNotAsked(reason="not_asked")
    if asked_by == by:
        raise rejections.SecondPersonNeeded(reason="second_person_needed")
    return (PeriodReopened(by=by, asked_by=asked_by),)


def evolve(period: Period | None, event: PeriodEvent) -> Period:
    """The period after the event; never rejects a stored fact."""
    if isinstance(event, PeriodClosed):
        return Period(closed=True, closed_by=event.by, known=event.known)
    assert period is not None, "a period begins with PeriodClosed"
    match event:
        case ReopeningAsked(by=by, reason=reason):
            return replace(period, reopening_asked_by=by, reason=reason)
        case PeriodReopened():
            return replace(period, closed=False, reopening_asked_by=None, reason=None)
        case _:
            assert_never(event)
