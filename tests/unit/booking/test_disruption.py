"""Cancelled and rescheduled flights: what passengers are offered, and how they may answer."""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.answer_disruption import AcceptDisruption, RefundDisruption
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking import rejections
from domain.booking.states import Status
from domain.booking.values import NewTimes
from tests.support.memory_airline import MemoryAirline

HOUR = dt.timedelta(hours=1)


class DisruptedBooking:
    """A ticketed booking on a flight that operations change, and are obeyed at once."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1")
        self.booking = self.airline.ticketed(self.flight)

    def move(self, hours: float) -> None:
        """Reschedule the flight, and offer the booking its choices."""
        known = self.airline.flight(self.flight)
        later = hours * HOUR
        times = NewTimes(known.departs_at + later, known.arrives_at + later)
        self.airline.submit(
            RescheduleFlight(self.flight, times.departs_at, times.arrives_at, "weather")
        )
        material = abs(hours) >= 2
        self.airline.submit(
            OfferDisruption(self.booking, self.flight, "rescheduled", "weather", material, times)
        )

    def cancel(self) -> None:
        """Cancel the flight, and offer the booking its choices."""
        self.airline.submit(CancelFlight(self.flight, "no crew"))
        self.airline.submit(
            OfferDisruption(self.booking, self.flight, "cancelled", "no crew", material=True)
        )

    def letters(self) -> int:
        """How often the passengers were written to about it."""
        return sum(isinstance(task, letters.DisruptionLetter) for task in self.airline.log.outbox)


def test_a_second_reschedule_is_offered_as_well() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(5)
    disrupted.move(4)
    (offered,) = disrupted.airline.booking(disrupted.booking).disruptions
    assert offered.times is not None
    assert offered.times.departs_at == disrupted.airline.flight(disrupted.flight).departs_at
    assert disrupted.letters() == 2


def test_a_repeated_reschedule_sends_one_letter() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(5)
    known = disrupted.airline.flight(disrupted.flight)
    again = NewTimes(known.departs_at, known.arrives_at)
    disrupted.airline.submit(
        OfferDisruption(disrupted.booking, disrupted.flight, "rescheduled", "weather", True, again)
    )
    assert disrupted.letters() == 1


def test_a_small_change_after_a_great_one_does_not_take_the_refund_away() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(5)
    disrupted.move(0.25)
    disrupted.airline.submit(RefundDisruption(disrupted.booking, 0))
    assert disrupted.airline.booking(disrupted.booking).status is Status.CANCELLED
    assert (
        disrupted.airline.booking(disrupted.booking).owed()
        == disrupted.airline.booking(disrupted.booking).captured
    )


def test_a_small_change_alone_can_only_be_accepted() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(0.25)
    with pytest.raises(rejections.NothingToAnswer):
        disrupted.airline.submit(RefundDisruption(disrupted.booking, 0))
    disrupted.airline.submit(AcceptDisruption(disrupted.booking, 0))
    assert disrupted.airline.booking(disrupted.booking).disruptions == ()


def test_passengers_who_accepted_the_first_reschedule_are_asked_about_the_second() -> None:
    disrupted = DisruptedBooking()
    disrupted.move(5)
    disrupted.airline.submit(AcceptDisruption(disrupted.booking, 0))
    disrupted.move(0.25)
    (offered,) = disrupted.airline.booking(disrupted.booking).disruptions
    assert not offered.material


def test_a_cancelled_flight_cannot_be_accepted_and_gives_everything_back() -> None:
    disrupted = DisruptedBooking()
    disrupted.cancel()
    with pytest.raises(rejections.NothingToAnswer):
        disrupted.airline.submit(AcceptDisruption(disrupted.booking, 0))
    disrupted.airline.submit(RefundDisruption(disrupted.booking, 0))
    assert (
        disrupted.airline.booking(disrupted.booking).owed()
        == disrupted.airline.booking(disrupted.booking).captured
    )


@pytest.mark.parametrize(("hours", "percent"), [(5, 0), (0.25, 75)])
def test_cancelling_instead_of_answering_costs_no_fee_either(hours: float, percent: int) -> None:
    disrupted = DisruptedBooking()
    disrupted.airline.clock.now = disrupted.airline.flight(disrupted.flight).departs_at - 3 * HOUR
    disrupted.move(hours)
    assert disrupted.airline.quote_cancellation(disrupted.booking).percent == percent
    disrupted.airline.submit(AcceptDisruption(disrupted.booking, 0))
    assert disrupted.airline.quote_cancellation(disrupted.booking).percent == 75


@pytest.mark.parametrize("paid", [False, True])
def test_a_booking_without_tickets_gets_a_letter_when_its_flight_is_cancelled(
    paid: bool,
) -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.book(flight)
    if paid:
        airline.pay(booking)
    airline.submit(CancelFlight(flight, "no crew"))
    for _ in range(2):
        airline.submit(OfferDisruption(booking, flight, "cancelled", "no crew", material=True))
    assert airline.booking(booking).status is Status.CANCELLED
    (letter,) = airline.log.outbox[-1:]
    assert isinstance(letter, letters.CancellationLetter)
    due = airline.booking(booking).price.total().amount
    assert (letter.fee, letter.refund) == (0, due if paid else 0)
    assert sum(isinstance(each, letters.CancellationLetter) for each in airline.log.outbox) == 1


def test_who_chooses_the_refund_gets_a_letter_about_it() -> None:
    disrupted = DisruptedBooking()
    disrupted.cancel()
    disrupted.airline.submit(RefundDisruption(disrupted.booking, 0))
    letter = disrupted.airline.log.outbox[-1]
    assert isinstance(letter, letters.CancellationLetter)
    assert letter.refund == disrupted.airline.booking(disrupted.booking).owed().amount
