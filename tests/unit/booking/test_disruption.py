"""What passengers are told when the airline changes its plans, and what they may answer."""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.answer_disruption import AcceptDisruption, RefundDisruption
from application.booking.disruption import TellDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking import rejections
from domain.booking.states import Status
from domain.booking.values import NewTimes
from tests.support.house import House

HOUR = dt.timedelta(hours=1)


class DisruptedBooking:
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
    disrupted = DisruptedBooking()
    disrupted.move(5)
    disrupted.move(4)
    (told,) = disrupted.house.booking(disrupted.booking).disruptions
    assert told.times is not None
    assert told.times.departs_at == disrupted.house.flight(disrupted.flight).departs_at
    assert disrupted.letters() == 2


def test_the_same_change_told_twice_is_one_letter() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(5)
    known = disrupted.house.flight(disrupted.flight)
    again = NewTimes(known.departs_at, known.arrives_at)
    disrupted.house.submit(
        TellDisruption(disrupted.booking, disrupted.flight, "rescheduled", "weather", True, again)
    )
    assert disrupted.letters() == 1


def test_a_small_change_after_a_great_one_does_not_take_the_refund_away() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(5)
    disrupted.move(0.25)
    disrupted.house.submit(RefundDisruption(disrupted.booking, 0))
    assert disrupted.house.booking(disrupted.booking).status is Status.CANCELLED
    assert (
        disrupted.house.booking(disrupted.booking).owed()
        == disrupted.house.booking(disrupted.booking).captured
    )


def test_a_small_change_alone_can_only_be_accepted() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(0.25)
    with pytest.raises(rejections.NothingToAnswer):
        disrupted.house.submit(RefundDisruption(disrupted.booking, 0))
    disrupted.house.submit(AcceptDisruption(disrupted.booking, 0))
    assert disrupted.house.booking(disrupted.booking).disruptions == ()


def test_whoever_accepted_the_first_change_is_asked_anew_about_the_second() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(5)
    disrupted.house.submit(AcceptDisruption(disrupted.booking, 0))
    disrupted.move(0.25)
    (told,) = disrupted.house.booking(disrupted.booking).disruptions
    assert not told.material


def test_a_cancelled_flight_cannot_be_accepted_and_gives_everything_back() -> None:
    disrupted = DisruptedBooking()
    disrupted.cancel()
    with pytest.raises(rejections.NothingToAnswer):
        disrupted.house.submit(AcceptDisruption(disrupted.booking, 0))
    disrupted.house.submit(RefundDisruption(disrupted.booking, 0))
    assert (
        disrupted.house.booking(disrupted.booking).owed()
        == disrupted.house.booking(disrupted.booking).captured
    )


@pytest.mark.parametrize(("hours", "percent"), [(5, 0), (0.25, 75)])
def test_whoever_cancels_instead_of_answering_pays_no_fee_either(
    hours: float, percent: int
) -> None:
    disrupted = DisruptedBooking()
    disrupted.house.clock.now = disrupted.house.flight(disrupted.flight).departs_at - 3 * HOUR
    disrupted.move(hours)
    assert disrupted.house.quote_cancellation(disrupted.booking).percent == percent
    disrupted.house.submit(AcceptDisruption(disrupted.booking, 0))
    assert disrupted.house.quote_cancellation(disrupted.booking).percent == 75
