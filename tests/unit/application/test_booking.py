"""Create, confirm and expire: what one command writes to booking and flight in one append."""

from collections.abc import Mapping, Sequence

import pytest

from application.booking import letters
from application.booking.confirm_booking import ConfirmBooking
from application.pricing.journeys import Priced
from domain.booking import rejections
from domain.booking.events import (
    BookingConfirmed,
    BookingExpired,
    BookingInitiated,
    BookingReserved,
)
from domain.booking.states import Status
from domain.booking.values import Segment
from domain.inventory import rejections as flight_rejections
from domain.inventory.events import SeatsHeld, SeatsReleased, SeatsSold
from domain.kernel.events import DomainEvent
from domain.kernel.rejections import Rejection
from domain.pricing.price import CouponPrice, PassengerType, Price
from tests.support import examples, memory_log
from tests.support.examples import FLIGHT, HOLD_UNTIL
from tests.unit.application.stage import DRAWS, Stage, create, expire


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.schedule()
    return stage


def types(events: Mapping[str, Sequence[DomainEvent]]) -> dict[str, list[type]]:
    return {stream: [type(event) for event in told] for stream, told in events.items()}


def test_booking_holds_the_seats_in_the_same_append(stage: Stage) -> None:
    added = stage.added(create("ADT", "INF"))
    assert types(added) == {
        "booking-AAAAAA": [BookingInitiated, BookingReserved],
        FLIGHT: [SeatsHeld],
    }
    booking = stage.log.state("booking-AAAAAA")
    assert booking.status is Status.RESERVED
    assert booking.hold_until == HOLD_UNTIL
    assert booking.seat_count == 1
    assert stage.log.state(FLIGHT).allocations.get("booking-AAAAAA").until == HOLD_UNTIL


def test_the_price_is_the_quoted_one_or_the_one_of_the_moment(stage: Stage) -> None:
    price = Price("SAR", (CouponPrice(0, 0, 44_400, 0, 0),))
    quoted = Priced((Segment(FLIGHT, "Y", "Y"),), price)
    assert stage.log.state(stage.book()).amount_due() == examples.DUE
    assert stage.log.state(stage.book(quoted=quoted)).amount_due() == examples.sar(44_400)


@pytest.mark.parametrize(
    ("party", "flight", "cabin", "reason"),
    [
        (("CHD",), FLIGHT, "Y", rejections.InvalidParty),
        (("ADT",) * 10, FLIGHT, "Y", rejections.InvalidParty),
        (("ADT",), "flight-SV9-2026-11-24", "Y", flight_rejections.FlightNotFound),
        (("ADT",), FLIGHT, "F", flight_rejections.CabinNotFound),
        (("ADT",) * 3, FLIGHT, "Y", flight_rejections.SeatsUnavailable),
    ],
)
def test_what_cannot_be_booked_records_nothing(
    stage: Stage,
    party: tuple[PassengerType, ...],
    flight: str,
    cabin: str,
    reason: type[Rejection],
) -> None:
    before = len(stage.log.events)
    with pytest.raises(reason):
        stage.submit(create(*party, flight=flight, cabin=cabin))
    assert len(stage.log.events) == before


def test_a_departure_within_the_hour_is_not_on_sale(stage: Stage) -> None:
    stage.wait(days=3, hours=20)
    with pytest.raises(flight_rejections.SalesClosed):
        stage.book()


def test_of_three_for_two_seats_in_one_batch_the_third_is_refused(stage: Stage) -> None:
    envelopes = [memory_log.envelope(create(), number) for number in (101, 102, 103)]
    *got, refused = stage.process.submit_together(envelopes)
    assert [type(one).__name__ for one in got] == ["Outcome", "Outcome"]
    assert isinstance(refused, flight_rejections.SeatsUnavailable)
    assert stage.log.capacity[FLIGHT, "Y"] == [2, 2, 0]


def test_a_locator_that_another_process_has_given_out_is_drawn_again() -> None:
    stage = Stage(draws=(DRAWS[0], DRAWS[0], DRAWS[1]))
    stage.schedule()
    assert stage.book() == "booking-AAAAAA"
    answer = stage.another_process().submit(memory_log.envelope(create(), 100)).answer
    assert answer.stream == "booking-BAAAAA"
    assert stage.log.version("booking-AAAAAA") == 2


def test_a_locator_that_this_process_knows_is_drawn_again() -> None:
    stage = Stage(draws=(DRAWS[0], DRAWS[0], DRAWS[1]))
    stage.schedule()
    assert [stage.book(), stage.book()] == ["booking-AAAAAA", "booking-BAAAAA"]


def test_when_only_taken_locators_are_drawn_the_booking_is_refused() -> None:
    stage = Stage(draws=DRAWS[:1])
    stage.schedule()
    stage.book()
    with pytest.raises(rejections.LocatorTaken):
        stage.book()


def test_a_paid_booking_is_confirmed_sold_and_written_to_in_one_append(stage: Stage) -> None:
    booking = stage.book("ADT", "INF")
    stage.pay(booking)
    added = stage.added(stage.confirm_command(booking))
    assert types(added) == {booking: [BookingConfirmed], FLIGHT: [SeatsSold]}
    confirmed = added[booking][0]
    assert isinstance(confirmed, BookingConfirmed)
    assert [ticket.number for ticket in confirmed.tickets] == ["0650000000001", "0650000000002"]
    assert confirmed.entry.references == ("0650000000001", "0650000000002")
    assert stage.log.outbox == [letters.ConfirmationLetter(booking)]


def test_confirming_again_with_other_serials_changes_and_sends_nothing(stage: Stage) -> None:
    booking = stage.book()
    stage.pay(booking)
    stage.submit(stage.confirm_command(booking))
    assert stage.added(stage.confirm_command(booking)) == {}
    assert len(stage.log.outbox) == 1


def test_more_serials_than_passengers_are_left_over(stage: Stage) -> None:
    booking = stage.book()
    stage.pay(booking)
    stage.submit(ConfirmBooking(booking, "065", (7, 8, 9)))
    assert [ticket.number for ticket in stage.log.state(booking).tickets] == ["0650000000007"]


@pytest.mark.parametrize("serials", [(), (7,), (7, 7)])
def test_without_a_number_for_each_passenger_nothing_is_confirmed(
    stage: Stage, serials: tuple[int, ...]
) -> None:
    booking = stage.book("ADT", "INF")
    stage.pay(booking)
    with pytest.raises(AssertionError):
        stage.submit(ConfirmBooking(booking, "065", serials))
    assert stage.log.state(booking).status is Status.PAID


def test_nobody_confirms_an_unpaid_lapsed_or_unknown_booking(stage: Stage) -> None:
    booking = stage.book()
    with pytest.raises(rejections.TransitionRefused):
        stage.submit(stage.confirm_command(booking))
    stage.wait(minutes=15)
    stage.submit(expire(booking))
    with pytest.raises(rejections.TransitionRefused):
        stage.submit(stage.confirm_command(booking))
    with pytest.raises(rejections.BookingNotFound):
        stage.submit(ConfirmBooking("booking-ZZZZZZ", "065", (1,)))


def test_a_lapsed_hold_gives_the_seats_back_in_the_same_append(stage: Stage) -> None:
    booking = stage.book("ADT", "ADT")
    stage.wait(minutes=15)
    assert types(stage.added(expire(booking))) == {
        booking: [BookingExpired],
        FLIGHT: [SeatsReleased],
    }
    assert stage.log.capacity[FLIGHT, "Y"] == [2, 0, 0]
    assert stage.added(expire(booking)) == {}
    assert stage.log.state(stage.book("ADT", "ADT")).status is Status.RESERVED


def test_a_running_hold_a_paid_and_an_unknown_booking_do_not_lapse(stage: Stage) -> None:
    booking = stage.book()
    stage.wait(minutes=14, seconds=59)
    with pytest.raises(rejections.HoldStillRuns):
        stage.submit(expire(booking))
    stage.pay(booking)
    stage.wait(hours=2)
    with pytest.raises(rejections.TransitionRefused):
        stage.submit(expire(booking))
    with pytest.raises(rejections.BookingNotFound):
        stage.submit(expire("booking-ZZZZZZ"))


def test_a_process_that_is_behind_decides_on_what_the_log_holds(stage: Stage) -> None:
    other = stage.another_process()
    other.submit(memory_log.envelope(create(), 100))
    booking = stage.book()
    stage.pay(booking)
    other.submit(memory_log.envelope(stage.confirm_command(booking), 101))
    assert stage.log.state(booking).status is Status.CONFIRMED
    with pytest.raises(flight_rejections.SeatsUnavailable):
        other.submit(memory_log.envelope(create(), 102))
