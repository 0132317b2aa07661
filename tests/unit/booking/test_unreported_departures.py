"""Flights whose departure nobody reported: boarded ones have left, others may be late."""

import pytest

from application.booking.check_in import Board, CheckIn
from application.booking.depart_unreported import DepartUnreported
from domain.inventory import rejections
from domain.inventory.state import FlightStatus
from tests.support.memory_airline import MemoryAirline


class Overdue:
    """A flight with a confirmed booking."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1")
        self.booking = self.airline.ticketed(self.flight)

    def at(self, hours: float) -> None:
        """So many hours after the departure."""
        self.airline.clock.now = self.airline.flight(self.flight).departs_at
        self.airline.wait(hours=hours)

    def depart(self) -> FlightStatus:
        """What the timer does."""
        self.airline.submit(DepartUnreported(self.flight, self.airline.clock.now))
        status: FlightStatus = self.airline.flight(self.flight).status
        return status


def test_a_flight_that_nobody_has_boarded_does_not_depart_and_nobody_is_a_no_show() -> None:
    case = Overdue()
    case.at(-2)
    case.airline.submit(CheckIn(case.booking, 0, None))
    case.at(1)
    assert case.depart() is FlightStatus.SCHEDULED
    assert case.airline.added(DepartUnreported(case.flight, case.airline.clock.now)) == {}


def test_a_flight_that_was_boarded_has_left() -> None:
    case = Overdue()
    case.at(-2)
    case.airline.submit(CheckIn(case.booking, 0, None))
    case.airline.submit(Board(case.booking, 0, None))
    case.at(1)
    assert case.depart() is FlightStatus.DEPARTED


def test_a_departure_that_nobody_reported_counts_as_on_time() -> None:
    case = Overdue()
    case.at(-2)
    case.airline.submit(CheckIn(case.booking, 0, None))
    case.airline.submit(Board(case.booking, 0, None))
    case.at(20)
    case.depart()
    flight = case.airline.flight(case.flight)
    assert flight.departed_at == flight.departs_at


def test_a_flight_on_which_nobody_is_booked_has_left() -> None:
    case = Overdue()
    case.airline.cancel(case.booking)
    case.at(1)
    assert case.depart() is FlightStatus.DEPARTED


def test_no_flight_leaves_before_its_gate_has_closed() -> None:
    case = Overdue()
    case.airline.cancel(case.booking)
    case.at(-1)
    with pytest.raises(rejections.FlightNotDue):
        case.depart()
