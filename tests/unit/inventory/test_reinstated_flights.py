"""A cancelled flight that operates after all."""

import datetime as dt

import pytest

from application.booking.answer_disruption import AcceptDisruption, RefundDisruption
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.depart_flight import DepartFlight
from application.inventory.reinstate_flight import ReinstateFlight
from application.processes import follow_flight_when_changed as process
from domain.booking.states import Status
from domain.inventory import rejections
from tests.support.memory_airline import MemoryAirline


class Cancelled:
    """A cancelled flight, and a booking on it that was offered its choices."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1")
        self.booking = self.airline.ticketed(self.flight)
        self.airline.submit(CancelFlight(self.flight, "storm"))
        self.airline.submit(
            OfferDisruption(self.booking, self.flight, "cancelled", "storm", material=True)
        )

    def reinstate(self) -> None:
        self.airline.submit(ReinstateFlight(self.flight, "storm over"))


def test_it_is_on_sale_again_and_a_repeat_records_nothing() -> None:
    case = Cancelled()
    with pytest.raises(rejections.SalesClosed):
        case.airline.book(case.flight)
    case.reinstate()
    assert case.airline.booking(case.airline.book(case.flight)).status is Status.RESERVED
    assert case.airline.added(ReinstateFlight(case.flight, "storm over")) == {}


@pytest.mark.parametrize("stays", [True, False])
def test_passengers_who_know_of_it_may_stay_or_be_refunded(stays: bool) -> None:
    case = Cancelled()
    case.reinstate()
    assert process.PROCESS.is_started_by(case.airline.last(case.flight).event)
    case.airline.submit(process.command(case.airline.last(case.flight), case.booking))
    (asked,) = case.airline.booking(case.booking).disruptions
    assert (asked.kind, asked.material) == ("rescheduled", True)
    answer = AcceptDisruption if stays else RefundDisruption
    case.airline.submit(answer(case.booking, 0))
    booking = case.airline.booking(case.booking)
    assert booking.status is (Status.CONFIRMED if stays else Status.CANCELLED)
    assert booking.disruptions == ()


def test_the_cancellation_is_followed_up_no_more() -> None:
    case = Cancelled()
    cancelled = case.airline.last(case.flight)
    assert not process.is_superseded(cancelled, case.airline.flight(case.flight))
    case.reinstate()
    assert process.is_superseded(cancelled, case.airline.flight(case.flight))


def test_scheduling_it_again_is_refused_and_names_the_reason() -> None:
    case = Cancelled()
    scheduled = case.airline.log.streams[case.flight][0].event
    with pytest.raises(rejections.FlightAlreadyScheduled) as refused:
        case.airline.schedule(scheduled=scheduled)
    assert refused.value.parameters["reason"] == "cancelled"


def test_a_flight_that_has_left_or_whose_time_is_past_cannot_be_reinstated() -> None:
    case = Cancelled()
    case.airline.clock.now = case.airline.flight(case.flight).departs_at
    with pytest.raises(rejections.InvalidSchedule):
        case.reinstate()
    other = case.airline.schedule("SV2", departs_at=case.airline.clock.now + dt.timedelta(hours=1))
    case.airline.wait(hours=1)
    case.airline.submit(DepartFlight(other, case.airline.clock.now))
    with pytest.raises(rejections.FlightOver):
        case.airline.submit(ReinstateFlight(other, "storm over"))
