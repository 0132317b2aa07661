"""Closing a month of the books, and reopening it."""

import datetime as dt

import pytest

from application.ledger.books_at import QuestionRefused
from application.ledger.close_period import month_of
from domain.kernel import ids
from domain.kernel.fold import fold
from domain.period import closing
from domain.period.events import PeriodClosed, PeriodReopened, ReopeningAsked
from domain.period.rejections import (
    PeriodNotClosed,
    PeriodNotOver,
    ReopeningNotAsked,
    SecondPersonNeeded,
)
from domain.period.state import Period

MONTH = dt.date(2026, 11, 1)
CLOSED = PeriodClosed(by="user_1", known=40)
ASKED = ReopeningAsked(by="user_1", reason="late_document")


def after(*events: PeriodClosed | ReopeningAsked | PeriodReopened) -> Period | None:
    state: Period | None = None
    return fold(closing.evolve, state, events)


@pytest.mark.parametrize(
    "today", [dt.date(2026, 11, 15), dt.date(2026, 11, 30), dt.date(2026, 12, 1)]
)
def test_a_month_is_not_closed_before_its_last_flights_are(today: dt.date) -> None:
    with pytest.raises(PeriodNotOver):
        closing.close(None, month=MONTH, today=today, by="user_1", known=1)


def test_a_month_is_closed_once() -> None:
    today = dt.date(2026, 12, 2)
    assert closing.close(None, month=MONTH, today=today, by="user_1", known=40) == (CLOSED,)
    assert closing.close(after(CLOSED), month=MONTH, today=today, by="user_2", known=50) == ()


def test_who_asks_for_a_month_to_be_reopened_does_not_approve_it() -> None:
    with pytest.raises(SecondPersonNeeded):
        closing.reopen(after(CLOSED, ASKED), by="user_1")
    assert closing.reopen(after(CLOSED, ASKED), by="user_2") == (
        PeriodReopened(by="user_2", asked_by="user_1"),
    )


def test_nobody_reopens_a_month_without_a_request_and_no_open_month_is_asked_for() -> None:
    with pytest.raises(ReopeningNotAsked):
        closing.reopen(after(CLOSED), by="user_2")
    with pytest.raises(PeriodNotClosed):
        closing.reopen(None, by="user_2")
    with pytest.raises(PeriodNotClosed):
        closing.ask_to_reopen(None, by="user_1", reason="audit_adjustment")
    assert closing.ask_to_reopen(after(CLOSED, ASKED), by="user_2", reason="late_document") == ()


def test_a_reopened_month_is_closed_again_and_the_old_request_does_not_open_it() -> None:
    reopened = after(CLOSED, ASKED, PeriodReopened(by="user_2", asked_by="user_1"))
    assert not closing.is_closed(reopened)
    today = dt.date(2027, 1, 5)
    (again,) = closing.close(reopened, month=MONTH, today=today, by="user_2", known=90)
    closed = after(CLOSED, ASKED, PeriodReopened(by="user_2", asked_by="user_1"), again)
    assert closing.is_closed(closed)
    with pytest.raises(ReopeningNotAsked):
        closing.reopen(closed, by="user_3")


def test_months_follow_each_other_over_the_year() -> None:
    assert closing.next_month(dt.date(2026, 12, 31)) == dt.date(2027, 1, 1)
    assert closing.last_day(dt.date(2028, 2, 1)) == dt.date(2028, 2, 29)
    assert ids.month_of_period(ids.period_stream(dt.date(2026, 2, 28))) == dt.date(2026, 2, 1)


@pytest.mark.parametrize("text", ["0001-01", "1999-12", "3000-01", "9999-12", "2026-13", "2026-1"])
def test_a_month_with_which_no_calendar_reckons_is_none(text: str) -> None:
    with pytest.raises(QuestionRefused):
        month_of(text)


def test_the_months_of_the_books_are_read_from_their_names() -> None:
    assert month_of("2000-01") == dt.date(2000, 1, 1)
    assert ids.period_stream(month_of("2999-12")) == "period-2999-12"
