"""What passengers are told when the airline changes its plans, and what they may answer."""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.disruption import AcceptDisruption, RefundDisruption, TellDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking import rejections
from domain.booking.events import NewTimes
from domain.booking.states import Status
from tests.support.house import House

HOUR = dt.timedelta(hours=1)


class Desk:
    """A ticketed booking on a flight that operations change, and are obeyed at once."""

    def __init__(self) -> None:
        self.house = House()
        self.flight = self.house.schedule("SV1")
        self.booking = self.house.ticketed(self.flight)

    def move(self, hours: float) -> None:
        """So much later, and the booking is told."""
        known = self.house.flight(self.flight)
        later = hours * HOUR
        times = NewTimes(known.departs_at + later, known.arrives_at + later)
        self.house.submit(
            RescheduleFlight(self.flight, times.departs_at, times.arrives_at, "weather")
        )
        material = abs(hours) >= 2
        self.house.submit(
            TellDisruption(self.booking, self.flight, "rescheduled", "weather", material, times)
        )

    def cancel(self) -> None:
        """It does not go, and the booking is told."""
        self.house.submit(CancelFlight(self.flight, "no crew"))
        self.house.submit(
            TellDisruption(self.booking, self.flight, "cancelled", "no crew", material=True)
        )

    def letters(self) -> int:
        """How often the passengers were written to about it."""
        return sum(isinstance(task, letters.DisruptionLetter) for task in self.house.log.outbox)


def test_a_second_change_of_times_is_told_as_well() -> None:
    desk = Desk()
    desk.move(5)
    desk.move(4)
    (told,) = desk.house.booking(desk.booking).disruptions
    assert told.times is not None
    assert told.times.departs_at == desk.house.flight(desk.flight).departs_at
    assert desk.letters() == 2


def test_the_same_change_told_twice_is_one_letter() -> None:
    desk = Desk()
    desk.move(5)
    known = desk.house.flight(desk.flight)
    again = NewTimes(known.departs_at, known.arrives_at)
    desk.house.submit(
        TellDisruption(desk.booking, desk.flight, "rescheduled", "weather", True, again)
    )
    assert desk.letters() == 1


def test_a_small_change_after_a_great_one_does_not_take_the_refund_away() -> None:
    desk = Desk()
    desk.move(5)
    desk.move(0.25)
    desk.house.submit(RefundDisruption(desk.booking, 0))
    assert desk.house.booking(desk.booking).status is Status.CANCELLED
    assert desk.house.booking(desk.booking).owed() == desk.house.booking(desk.booking).captured


def test_a_small_change_alone_can_only_be_accepted() -> None:
    desk = Desk()
    desk.move(0.25)
    with pytest.raises(rejections.NothingToAnswer):
        desk.house.submit(RefundDisruption(desk.booking, 0))
    desk.house.submit(AcceptDisruption(desk.booking, 0))
    assert desk.house.booking(desk.booking).disruptions == ()


def test_whoever_accepted_the_first_change_is_asked_anew_about_the_second() -> None:
    desk = Desk()
    desk.move(5)
    desk.house.submit(AcceptDisruption(desk.booking, 0))
    desk.move(0.25)
    (told,) = desk.house.booking(desk.booking).disruptions
    assert not told.material


def test_a_cancelled_flight_cannot_be_accepted_and_gives_everything_back() -> None:
    desk = Desk()
    desk.cancel()
    with pytest.raises(rejections.NothingToAnswer):
        desk.house.submit(AcceptDisruption(desk.booking, 0))
    desk.house.submit(RefundDisruption(desk.booking, 0))
    assert desk.house.booking(desk.booking).owed() == desk.house.booking(desk.booking).captured


@pytest.mark.parametrize(("hours", "percent"), [(5, 0), (0.25, 75)])
def test_whoever_cancels_instead_of_answering_pays_no_fee_either(
    hours: float, percent: int
) -> None:
    desk = Desk()
    desk.house.clock.now = desk.house.flight(desk.flight).departs_at - 3 * HOUR
    desk.move(hours)
    assert desk.house.quote_cancellation(desk.booking).percent == percent
    desk.house.submit(AcceptDisruption(desk.booking, 0))
    assert desk.house.quote_cancellation(desk.booking).percent == 75
