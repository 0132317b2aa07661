"""Holds whose checkout Stripe does not answer: how long they run, and who is written to."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.payment.extend_hold import ExtendHold
from application.payment.record_attempt import Opened, PaymentDelayed, Refused
from domain.booking import hold_extension
from domain.booking.states import Status
from domain.inventory.sales_window import sales_close_at
from tests.support import examples, invariants
from tests.support.airline import attempt_of, payment_of
from tests.support.examples import DEPARTS_AT, FLIGHT, URL
from tests.support.launch_rules import CLOSES, EXTENDED_BY, EXTENSION, HOLD, LONGEST_EXTENSION
from tests.support.memory_airline import MemoryAirline

MINUTES = st.integers(0, 59)


@pytest.fixture
def airline() -> MemoryAirline:
    return airline_with_flight()


def airline_with_flight() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled())
    return airline


def extend(airline: MemoryAirline, booking: str) -> None:
    """Extend the hold, as where Stripe did not answer."""
    airline.submit(ExtendHold(payment_of(booking), attempt_of(booking)))


def deadlines(airline: MemoryAirline, booking: str) -> set[dt.datetime | None]:
    """The deadline of the hold on the booking and on its flight, which must be one."""
    held = airline.log.state(FLIGHT).allocations.get(booking)
    return {airline.log.state(booking).hold_until, held.until}


def letters(airline: MemoryAirline) -> list[PaymentDelayed]:
    return [each for each in airline.log.outbox if isinstance(each, PaymentDelayed)]


@given(st.lists(MINUTES, min_size=1, max_size=8))
def test_a_hold_runs_a_quarter_of_an_hour_from_each_answer_and_two_hours_at_most(
    waits: list[int],
) -> None:
    airline = airline_with_flight()
    booking = airline.book(FLIGHT)
    made_until = airline.log.state(booking).hold_until
    airline.checkout(booking)
    for minutes in waits:
        airline.wait(minutes=minutes)
        before = airline.log.state(booking).hold_until
        extend(airline, booking)
        wanted = min(airline.clock() + EXTENSION, made_until + LONGEST_EXTENSION)
        assert deadlines(airline, booking) == {max(before, wanted)}
    total = airline.log.state(booking).hold_until - (made_until - HOLD)
    assert HOLD <= total <= dt.timedelta(hours=2)
    invariants.check(airline.log)


@given(st.integers(1, 90))
def test_a_hold_is_never_extended_beyond_the_end_of_sales(minutes_left: int) -> None:
    airline = airline_with_flight()
    closes = sales_close_at(DEPARTS_AT, closes=CLOSES)
    airline.clock.advance(closes - dt.timedelta(minutes=minutes_left) - airline.clock())
    booking = airline.book(FLIGHT)
    airline.checkout(booking)
    made_until = airline.log.state(booking).hold_until
    for _ in range(10):
        airline.wait(minutes=10)
        extend(airline, booking)
        assert airline.log.state(booking).hold_until <= max(made_until, closes)


def test_a_hold_without_an_attempt_or_whose_attempt_has_an_outcome_is_not_extended(
    airline: MemoryAirline,
) -> None:
    unattempted, refused = airline.book(FLIGHT), airline.book(FLIGHT)
    airline.checkout(refused)
    airline.record_attempt(refused, Refused("resource_missing"))
    airline.wait(minutes=10)
    for booking in (unattempted, refused):
        before = len(airline.log.events)
        extend(airline, booking)
        assert len(airline.log.events) == before


def test_a_session_that_is_opened_after_a_wait_extends_the_hold_and_is_written_about_once(
    airline: MemoryAirline,
) -> None:
    booking = airline.book(FLIGHT)
    airline.checkout(booking)
    airline.wait(minutes=14)
    opened = Opened("cs_1", URL, airline.clock() + dt.timedelta(minutes=40))
    for _ in range(2):
        airline.record_attempt(booking, opened)
    assert deadlines(airline, booking) == {airline.clock() + EXTENSION}
    assert letters(airline) == [PaymentDelayed(booking, attempt_of(booking), URL)]
    airline.wait(minutes=10)
    airline.pay(booking, intent="pi_1")
    assert airline.log.state(booking).status is Status.PAID


def test_a_session_that_is_opened_at_once_changes_no_hold_and_is_not_written_about(
    airline: MemoryAirline,
) -> None:
    booking = airline.book(FLIGHT)
    before = deadlines(airline, booking)
    airline.checkout(booking)
    airline.record_attempt(booking, Opened("cs_1", URL, airline.clock()))
    assert deadlines(airline, booking) == before
    assert letters(airline) == []


def test_only_a_hold_is_extended(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT)
    airline.pay(booking, intent="pi_1")
    paid = airline.log.state(booking)
    now = airline.clock() + dt.timedelta(hours=1)
    extended = hold_extension.extended_until(
        paid, by=EXTENDED_BY, sales_close_at=DEPARTS_AT, now=now
    )
    assert extended is None
