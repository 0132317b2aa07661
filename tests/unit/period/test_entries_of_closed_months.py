"""What arrives for a closed month is dated in the next open one, by whatever use case."""

import datetime as dt

from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.inventory.depart_flight import DepartFlight
from application.ledger.close_period import ClosePeriod
from application.ledger.reopen_period import AskToReopen, ReopenPeriod
from domain.kernel import ids
from domain.kernel.entries import Entry
from tests.support.memory_airline import MemoryAirline

DEPARTURE = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)
NOVEMBER = ids.period_stream(dt.date(2026, 11, 1))
DECEMBER = ids.period_stream(dt.date(2026, 12, 1))


def boarded(airline: MemoryAirline) -> tuple[str, str]:
    """A booking whose passenger is on board of a flight that left on the last of November."""
    airline.clock.now = DEPARTURE - dt.timedelta(hours=30)
    flight = airline.schedule("SV7", departs_at=DEPARTURE)
    booking = airline.ticketed(flight)
    airline.clock.now = DEPARTURE - dt.timedelta(hours=2)
    airline.submit(CheckIn(booking, 0, (0,)))
    airline.submit(Board(booking, 0, (0,)))
    airline.clock.now = DEPARTURE + dt.timedelta(minutes=1)
    airline.submit(DepartFlight(flight, DEPARTURE))
    return booking, flight


def close(airline: MemoryAirline, period: str) -> None:
    airline.submit(ClosePeriod(period_id=period, by="user_1", known=1))


def entry_of(airline: MemoryAirline, booking: str) -> Entry:
    entries = [
        entry
        for recorded in airline.log.streams[booking]
        if (entry := getattr(recorded.event, "entry", None)) is not None and entry.rule == "flown"
    ]
    (found,) = entries
    assert isinstance(found, Entry)
    return found


def test_a_flight_closed_in_time_is_revenue_of_the_day_on_which_it_left() -> None:
    airline = MemoryAirline()
    booking, flight = boarded(airline)
    airline.clock.now = dt.datetime(2026, 12, 3, 9, 0, tzinfo=dt.UTC)
    airline.submit(CloseFlight(booking, flight))
    assert entry_of(airline, booking).effective_on == dt.date(2026, 11, 30)


def test_a_flight_closed_after_its_month_is_revenue_of_the_next_open_month() -> None:
    airline = MemoryAirline()
    booking, flight = boarded(airline)
    airline.clock.now = dt.datetime(2026, 12, 3, 9, 0, tzinfo=dt.UTC)
    close(airline, NOVEMBER)
    airline.submit(CloseFlight(booking, flight))
    assert entry_of(airline, booking).effective_on == dt.date(2026, 12, 1)


def test_where_the_next_month_is_closed_too_it_is_the_one_after() -> None:
    airline = MemoryAirline()
    booking, flight = boarded(airline)
    airline.clock.now = dt.datetime(2027, 1, 7, 9, 0, tzinfo=dt.UTC)
    close(airline, NOVEMBER)
    close(airline, DECEMBER)
    airline.submit(CloseFlight(booking, flight))
    assert entry_of(airline, booking).effective_on == dt.date(2027, 1, 1)


def test_what_two_persons_reopened_takes_its_entries_again() -> None:
    airline = MemoryAirline()
    booking, flight = boarded(airline)
    airline.clock.now = dt.datetime(2026, 12, 3, 9, 0, tzinfo=dt.UTC)
    close(airline, NOVEMBER)
    airline.submit(AskToReopen(period_id=NOVEMBER, by="user_1", reason="late_document"))
    airline.submit(ReopenPeriod(period_id=NOVEMBER, by="user_2"))
    airline.submit(CloseFlight(booking, flight))
    assert entry_of(airline, booking).effective_on == dt.date(2026, 11, 30)
