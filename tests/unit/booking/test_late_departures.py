"""A flight that leaves late without notice: who misses the next one is no no-show."""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.answer_disruption import AcceptDisruption, RefundDisruption
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.inventory.depart_flight import DepartFlight
from tests.support.memory_airline import MemoryAirline

MINUTE = dt.timedelta(minutes=1)


class Late:
    """An adult on a flight, on another that leaves two hours after its arrival, and home again."""

    def __init__(self, *, minutes: int, through: bool = False) -> None:
        self.airline = MemoryAirline()
        leaves = self.airline.clock() + dt.timedelta(days=10)
        self.first = self.airline.schedule("SV1", departs_at=leaves)
        self.onward = self.airline.schedule(
            "SV2", departs_at=leaves + 240 * MINUTE, route=("JED", "DMM")
        )
        self.back = self.airline.schedule(
            "SV3", departs_at=leaves + dt.timedelta(days=5), route=("DMM", "RUH")
        )
        self.booking = self.airline.ticketed((self.first, self.onward, self.back))
        self.airline.clock.now = leaves - 120 * MINUTE
        for segment in (0, 1) if through else (0,):
            self.airline.submit(CheckIn(self.booking, segment, None))
        self.airline.submit(Board(self.booking, 0, None))
        self.depart(self.first, minutes)

    def depart(self, flight: str, minutes: int = 0) -> None:
        """The flight leaves so many minutes late, and is closed."""
        self.airline.clock.now = self.airline.flight(flight).departs_at + minutes * MINUTE
        self.airline.submit(DepartFlight(flight, self.airline.clock()))
        for _ in range(2):
            self.airline.submit(CloseFlight(self.booking, flight))

    def statuses(self) -> list[str]:
        """The coupons in the order of the journey."""
        return [each.status.value for each in self.airline.booking(self.booking).coupons]


def test_who_cannot_reach_the_next_flight_has_the_choices_with_a_letter() -> None:
    case = Late(minutes=46)
    (offered,) = case.airline.booking(case.booking).disruptions
    assert (offered.segment, offered.kind, offered.material) == (1, "connection_broken", True)
    sent = [each for each in case.airline.log.outbox if isinstance(each, letters.DisruptionLetter)]
    assert [each.reason for each in sent] == ["late_inbound"]
    case.airline.submit(RefundDisruption(case.booking, 1))
    assert case.statuses() == ["F", "R", "R"]


@pytest.mark.parametrize("through", [False, True])
def test_who_misses_the_next_flight_is_refunded_and_keeps_the_return(through: bool) -> None:
    case = Late(minutes=46, through=through)
    value = case.airline.booking(case.booking).coupons[1].total
    case.depart(case.onward)
    assert case.statuses() == ["F", "R", "O"]
    assert case.airline.booking(case.booking).owed().amount == value


def test_who_reaches_the_next_flight_all_the_same_flies_it() -> None:
    case = Late(minutes=46)
    case.airline.submit(AcceptDisruption(case.booking, 1))
    case.airline.clock.now = case.airline.flight(case.onward).departs_at - 70 * MINUTE
    case.airline.submit(CheckIn(case.booking, 1, None))
    case.airline.submit(Board(case.booking, 1, None))
    case.depart(case.onward)
    assert case.statuses() == ["F", "F", "O"]


def test_who_has_answered_is_not_asked_again_when_the_flight_is_closed_again() -> None:
    case = Late(minutes=46)
    case.airline.submit(AcceptDisruption(case.booking, 1))
    assert case.airline.added(CloseFlight(case.booking, case.first)) == {}


def test_who_is_checked_in_through_boards_without_an_answer() -> None:
    case = Late(minutes=46, through=True)
    case.airline.submit(Board(case.booking, 1, None))
    case.depart(case.onward)
    assert case.statuses() == ["F", "F", "O"]


def test_a_delay_that_leaves_the_minimum_time_disturbs_nothing() -> None:
    case = Late(minutes=45)
    assert case.airline.booking(case.booking).disruptions == ()
