"""Nobody loses money because a flight left at times that its passengers never agreed to."""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.answer_disruption import AcceptDisruption
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.offer_disruption import OfferDisruption
from application.booking.settle_unanswered import RemindUnanswered
from application.inventory.cancel_flight import CancelFlight
from application.inventory.depart_flight import DepartFlight
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking.coupons import CouponStatus
from domain.booking.states import Status
from domain.booking.values import NewTimes
from tests.support.memory_airline import MemoryAirline

HOUR = dt.timedelta(hours=1)


class Moved:
    """Two adults out with a connection, and back after a stopover; the first flight is moved."""

    def __init__(self, *, by: float) -> None:
        self.airline = MemoryAirline()
        leaves = self.airline.clock() + dt.timedelta(days=10)
        self.out = self.airline.schedule("SV1", departs_at=leaves)
        self.onward = self.airline.schedule(
            "SV2", departs_at=leaves + 10 * HOUR, route=("JED", "DMM")
        )
        self.back = self.airline.schedule(
            "SV3", departs_at=leaves + 100 * HOUR, route=("DMM", "RUH")
        )
        self.booking = self.airline.ticketed((self.out, self.onward, self.back), "ADT", "ADT")
        known = self.airline.flight(self.out)
        before = NewTimes(known.departs_at, known.arrives_at)
        times = NewTimes(known.departs_at + by * HOUR, known.arrives_at + by * HOUR)
        self.airline.submit(
            RescheduleFlight(self.out, times.departs_at, times.arrives_at, "weather")
        )
        self.airline.submit(
            OfferDisruption(self.booking, self.out, "rescheduled", "weather", True, times, before)
        )

    def leave(self, *boarding: int) -> None:
        """The first flight leaves with these passengers."""
        departs_at = self.airline.flight(self.out).departs_at
        self.airline.clock.now = departs_at - 5 * HOUR
        if boarding:
            self.airline.submit(CheckIn(self.booking, 0, boarding))
            self.airline.submit(Board(self.booking, 0, boarding))
        self.airline.clock.now = departs_at
        self.airline.submit(DepartFlight(self.out, departs_at))
        self.airline.submit(CloseFlight(self.booking, self.out))

    def statuses(self, passenger: int) -> list[CouponStatus]:
        """The passenger's coupons in the order of the journey."""
        coupons = self.airline.booking(self.booking).coupons
        return [each.status for each in coupons if each.passenger == passenger]


@pytest.mark.parametrize("hours", [3, 9])
def test_who_never_agreed_to_the_new_times_is_no_no_show(hours: float) -> None:
    case = Moved(by=hours)
    value = sum(
        each.total for each in case.airline.booking(case.booking).coupons if each.segment < 2
    )
    case.leave()
    for _ in range(2):
        case.airline.submit(CloseFlight(case.booking, case.out))
    booking = case.airline.booking(case.booking)
    assert booking.owed().amount == value
    for passenger in (0, 1):
        assert case.statuses(passenger) == ["R", "R", "O"]
    assert (booking.status, booking.disruptions) == (Status.CONFIRMED, ())
    assert any(isinstance(each, letters.CancellationLetter) for each in case.airline.log.outbox)


def test_who_agreed_to_the_new_times_and_does_not_come_is_a_no_show() -> None:
    case = Moved(by=3)
    case.airline.submit(AcceptDisruption(case.booking, 0))
    case.leave(0)
    assert case.statuses(0) == ["F", "O", "O"]
    assert case.statuses(1) == ["Z", "Z", "Z"]
    assert case.airline.booking(case.booking).owed().amount == 3 * 2_300


def test_a_small_change_without_an_answer_keeps_the_no_show() -> None:
    case = Moved(by=1)
    case.leave()
    assert case.statuses(0) == ["Z", "Z", "Z"]


def test_before_the_flight_is_closed_a_cancellation_gives_as_much() -> None:
    case = Moved(by=3)
    departs_at = case.airline.flight(case.out).departs_at
    case.airline.clock.now = departs_at
    case.airline.submit(DepartFlight(case.out, departs_at))
    assert case.airline.quote_cancellation(case.booking).fee == 0


def test_passengers_of_a_moved_flight_are_reminded_once_until_they_answer() -> None:
    case = Moved(by=9)

    def reminders() -> list[str]:
        for _ in range(2):
            case.airline.submit(RemindUnanswered(case.booking))
        outbox = case.airline.log.outbox
        return [each.about[:3] for each in outbox if isinstance(each, letters.DisruptionReminder)]

    assert reminders() == ["0-1"]
    small = Moved(by=1)
    small.airline.submit(RemindUnanswered(small.booking))
    assert not any(
        isinstance(each, letters.DisruptionReminder) for each in small.airline.log.outbox
    )
    case.airline.submit(CancelFlight(case.back, "no crew"))
    case.airline.submit(OfferDisruption(case.booking, case.back, "cancelled", "no crew", True))
    assert reminders() == ["0-1", "2-2"]
