"""A freed seat goes to a checked-in passenger on standby, with a letter."""

import datetime as dt

from application.booking import letters
from application.booking.cancel_booking import Part
from application.booking.check_in import Board, CheckIn
from application.booking.choose_seats import ChooseSeats, ReviewSeats
from application.inventory.change_equipment import ChangeEquipment
from application.processes import give_seats_when_freed
from domain.booking.coupons import Coupon, CouponStatus
from domain.inventory.events import CabinLayout, Place
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns


class Standby:
    """Three bookings are checked in, and another aircraft has seats for only some of them."""

    def __init__(self, seats: int) -> None:
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.flight = self.airline.schedule("SV1", seats=30)
        self.bookings = [self.airline.ticketed(self.flight) for _ in range(3)]
        departs_at = self.airline.flight(self.flight).departs_at
        self.airline.clock.now = departs_at - dt.timedelta(hours=2)
        for booking in reversed(self.bookings):
            self.airline.submit(CheckIn(booking, 0, None))
        self.equip(seats)

    def equip(self, seats: int) -> None:
        """Another aircraft, and the review of all bookings, the first checked in first."""
        layout = CabinLayout("Y", seats, 40, "ABCDEF", ())
        self.airline.submit(ChangeEquipment(self.flight, (layout,), "technical"))
        for booking in reversed(self.bookings):
            self.airline.submit(ReviewSeats(booking, self.flight, "technical"))

    def coupon(self, index: int) -> Coupon:
        """The coupon of a booking."""
        found: Coupon = self.airline.booking(self.bookings[index]).coupons[0]
        return found

    def letters(self, index: int) -> int:
        """How many letters about seats a booking got."""
        return sum(
            isinstance(each, letters.SeatLetter) and each.booking_id == self.bookings[index]
            for each in self.airline.log.outbox
        )


async def test_a_seat_of_a_passenger_who_cancels_goes_to_the_first_on_standby_with_a_letter() -> (
    None
):
    case = Standby(seats=1)
    assert [case.coupon(each).standby for each in range(3)] == [True, True, False]
    before = case.letters(1)
    case.airline.cancel(case.bookings[2], Part())
    await case.runs.to_the_end()
    assert (case.coupon(1).seat, case.coupon(1).standby) == ("40A", False)
    assert case.coupon(0).standby
    assert case.letters(1) == before + 1
    case.airline.submit(Board(case.bookings[1], 0, None))
    assert case.coupon(1).status is CouponStatus.LIFTED


async def test_seats_of_a_greater_aircraft_go_to_all_on_standby() -> None:
    case = Standby(seats=1)
    layout = CabinLayout("Y", 12, 40, "ABCDEF", ())
    case.airline.submit(ChangeEquipment(case.flight, (layout,), "technical"))
    await case.runs.to_the_end()
    assert [case.coupon(each).standby for each in range(3)] == [False] * 3
    assert len({case.coupon(each).seat for each in range(3)}) == 3


async def test_a_seat_that_a_passenger_leaves_for_an_exit_goes_to_one_on_standby() -> None:
    case = Standby(seats=2)
    await case.runs.to_the_end()
    layout = CabinLayout("Y", 3, 40, "A", (42,))
    case.airline.submit(ChangeEquipment(case.flight, (layout,), "technical"))
    for booking in reversed(case.bookings):
        case.airline.submit(ReviewSeats(booking, case.flight, "technical"))
    assert case.coupon(0).standby
    choice = ChooseSeats(case.bookings[2], 0, (Place(0, "42A"),), at_gate=True)
    case.airline.submit(choice)
    await case.runs.to_the_end()
    assert not case.coupon(0).standby
    assert case.coupon(2).seat == "42A"


async def test_run_again_over_the_same_events_no_passenger_gets_another_seat() -> None:
    case = Standby(seats=1)
    case.airline.cancel(case.bookings[2], Part())
    await case.runs.to_the_end()
    length = len(case.airline.log.events)
    for _ in range(2):
        await case.runs.to_the_end()
    assert len(case.airline.log.events) == length


async def test_without_passengers_on_standby_a_freed_seat_starts_nothing() -> None:
    case = Standby(seats=30)
    await case.runs.to_the_end()
    case.runs.commands()
    case.airline.cancel(case.bookings[2], Part())
    assert give_seats_when_freed.PROCESS.is_started_by(case.airline.last(case.flight).event)
    await case.runs.runner.run_from(len(case.airline.log.events) - 2)
    assert not any(isinstance(each, ReviewSeats) for each in case.runs.commands())
