"""Nobody answers a cancelled flight: its passengers are reminded once, and refunded in the end."""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.answer_disruption import RefundDisruption
from application.booking.offer_disruption import OfferDisruption
from application.booking.settle_unanswered import RefundUnanswered, RemindUnanswered
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reinstate_flight import ReinstateFlight
from domain.booking import rejections
from domain.booking.states import Status
from domain.booking.values import NewTimes
from tests.support.memory_airline import MemoryAirline


class Stranded:
    """A booking on two connecting flights out and one back; operations cancel some of them."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        leaves = self.airline.clock() + dt.timedelta(days=10)
        self.out = self.airline.schedule("SV1", departs_at=leaves)
        self.onward = self.airline.schedule(
            "SV2", departs_at=leaves + dt.timedelta(hours=5), route=("JED", "DMM")
        )
        self.back = self.airline.schedule(
            "SV3", departs_at=leaves + dt.timedelta(days=5), route=("DMM", "RUH")
        )
        self.booking = self.airline.ticketed((self.out, self.onward, self.back), "ADT", "INF")

    def cancel(self, flight: str) -> None:
        """Cancel a flight, and offer the booking its choices."""
        self.airline.submit(CancelFlight(flight, "no crew"))
        self.airline.submit(OfferDisruption(self.booking, flight, "cancelled", "no crew", True))

    def reminders(self) -> int:
        """How many reminders were sent."""
        outbox = self.airline.log.outbox
        return sum(isinstance(each, letters.DisruptionReminder) for each in outbox)

    def refund(self) -> None:
        """What the timer does in the end."""
        self.airline.submit(RefundUnanswered(self.booking))

    def open_flights(self) -> set[str]:
        """The flights of the journey that can still be flown or answered."""
        booking = self.airline.booking(self.booking)
        return {booking.segments[each.segment].flight for each in booking.open_coupons()}


def test_passengers_of_a_cancelled_flight_are_reminded_once() -> None:
    case = Stranded()
    case.airline.submit(RemindUnanswered(case.booking))
    assert case.reminders() == 0
    case.cancel(case.out)
    for _ in range(2):
        case.airline.submit(RemindUnanswered(case.booking))
    assert case.reminders() == 1
    case.cancel(case.back)
    case.airline.submit(RemindUnanswered(case.booking))
    assert case.reminders() == 2


def test_an_unanswered_cancelled_flight_is_refunded_with_those_travelled_with_it() -> None:
    case = Stranded()
    case.cancel(case.onward)
    lost = [each for each in case.airline.booking(case.booking).coupons if each.segment < 2]
    case.refund()
    booking = case.airline.booking(case.booking)
    assert booking.owed().amount == sum(each.total for each in lost)
    assert case.open_flights() == {case.back}
    assert booking.disruptions == ()
    assert any(isinstance(each, letters.CancellationLetter) for each in case.airline.log.outbox)


def test_an_unanswered_only_flight_is_refunded_in_full_and_the_booking_cancelled() -> None:
    case = Stranded()
    for flight in (case.out, case.back):
        case.cancel(flight)
    case.refund()
    booking = case.airline.booking(case.booking)
    assert (booking.status, booking.owed()) == (Status.CANCELLED, booking.captured)


def test_passengers_who_have_answered_are_neither_reminded_nor_refunded_again() -> None:
    case = Stranded()
    case.cancel(case.back)
    case.airline.submit(RefundDisruption(case.booking, 2))
    owed = case.airline.booking(case.booking).owed()
    case.airline.submit(RemindUnanswered(case.booking))
    case.refund()
    assert (case.reminders(), case.airline.booking(case.booking).owed()) == (0, owed)


def test_a_reinstated_flight_is_not_refunded_by_the_rule() -> None:
    case = Stranded()
    case.cancel(case.out)
    case.airline.submit(ReinstateFlight(case.out, "crew found"))
    known = case.airline.flight(case.out)
    times = NewTimes(known.departs_at, known.arrives_at)
    case.airline.submit(
        OfferDisruption(case.booking, case.out, "rescheduled", "crew found", True, times)
    )
    case.refund()
    assert case.airline.booking(case.booking).owed().amount == 0


def test_a_refund_by_the_rule_waits_for_a_change_that_is_being_paid() -> None:
    case = Stranded()
    case.cancel(case.out)
    dearer = case.airline.schedule(
        "SV4",
        departs_at=case.airline.flight(case.out).departs_at + dt.timedelta(hours=1),
        fare=90_000,
        business=200_000,
    )
    case.airline.modify(case.booking, dearer, cabin="J")
    with pytest.raises(rejections.ModificationPending):
        case.refund()
