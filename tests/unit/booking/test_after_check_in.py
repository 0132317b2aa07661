"""What passengers may still change after check-in, until boarding; and who has no seat any more."""

import datetime as dt
import os

import pytest

from application.booking.cancel_booking import Part
from application.booking.check_in import Board, CheckIn, UndoCheckIn
from application.booking.choose_seats import ChooseSeats, ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.correct_name import CorrectName
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from domain.booking import rejections
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.states import Status
from domain.inventory.events import CabinLayout, Place
from domain.kernel import sealed
from domain.kernel.rejections import Rejection
from domain.pricing.price import PassengerType
from tests.support.memory_airline import MemoryAirline

MINUTE = dt.timedelta(minutes=1)
C = CouponStatus


class CheckedIn:
    """A party that is checked in, two hours before departure."""

    def __init__(self, *party: PassengerType, seats: int = 30) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=seats)
        self.booking = self.airline.ticketed(self.flight, *(party or ("ADT", "ADT")))
        self.before_departure(120)
        self.airline.submit(CheckIn(self.booking, 0, None))

    def before_departure(self, minutes: float) -> None:
        """Move the clock there."""
        departs_at = self.airline.flight(self.flight).departs_at
        self.airline.clock.now = departs_at - minutes * MINUTE

    def coupon(self, passenger: int) -> Coupon:
        """The coupon of a passenger now."""
        found: Coupon = self.airline.booking(self.booking).coupon(passenger, 0)
        return found

    def undo(self, *passengers: int, at_gate: bool = False) -> None:
        """Undo the check-in of these passengers, or of all."""
        self.airline.submit(UndoCheckIn(self.booking, 0, passengers or None, at_gate))

    def choose(self, passenger: int, seat: str) -> None:
        """Choose another seat."""
        self.airline.submit(ChooseSeats(self.booking, 0, (Place(passenger, seat),)))

    def correct(self, passenger: int) -> None:
        """Correct a letter of a name."""
        before = self.airline.booking(self.booking).passengers[passenger].name
        after = sealed.Sealed(before.subject, os.urandom(60))
        self.airline.submit(
            CorrectName(self.booking, passenger, before, after, distance=1, is_new=True, letters=9)
        )

    def cut(self, seats: int) -> None:
        """Another aircraft, whose seats begin in other rows, and the review of the booking."""
        layout = CabinLayout("Y", seats, 40, "ABCDEF")
        self.airline.submit(ChangeEquipment(self.flight, (layout,), "technical"))
        self.airline.submit(ReviewSeats(self.booking, self.flight, "technical"))


def test_a_check_in_is_undone_and_done_again_with_another_sequence_number() -> None:
    case = CheckedIn()
    before = case.coupon(0)
    case.undo(0)
    assert (case.coupon(0).status, case.coupon(0).seat) == (C.OPEN, before.seat)
    assert case.coupon(1).status is C.CHECKED_IN
    version = len(case.airline.log.events)
    case.undo(0)
    assert len(case.airline.log.events) == version
    case.airline.submit(CheckIn(case.booking, 0, (0,)))
    again = case.coupon(0)
    assert (again.status, again.seat, again.sequence) == (C.CHECKED_IN, before.seat, 3)


def test_after_an_undone_check_in_the_party_may_take_another_flight_or_cancel() -> None:
    case = CheckedIn()
    later = case.airline.schedule("SV2", in_days=11)
    with pytest.raises(rejections.ModificationRefused):
        case.airline.quote_modification(case.booking, later)
    case.undo()
    case.airline.exchange(case.booking, later)
    assert case.airline.booking(case.booking).segments[0].flight == later
    case.airline.cancel(case.booking)
    assert case.airline.booking(case.booking).status is Status.CANCELLED


@pytest.mark.parametrize(
    ("minutes", "at_gate", "is_open"),
    [(60, False, True), (59, False, False), (59, True, True), (15, True, True), (14, True, False)],
)
def test_a_check_in_is_undone_until_it_closes_and_by_the_gate_until_boarding_ends(
    minutes: float, at_gate: bool, is_open: bool
) -> None:
    case = CheckedIn()
    case.before_departure(minutes)
    if is_open:
        case.undo(at_gate=at_gate)
        assert case.coupon(0).status is C.OPEN
        return
    with pytest.raises(rejections.CheckInClosed):
        case.undo(at_gate=at_gate)


def test_no_check_in_is_undone_of_a_passenger_on_board() -> None:
    case = CheckedIn()
    case.airline.submit(Board(case.booking, 0, (0,)))
    with pytest.raises(rejections.CouponNotOpen):
        case.undo(0, at_gate=True)
    case.undo(at_gate=True)
    assert [case.coupon(each).status for each in (0, 1)] == [C.LIFTED, C.OPEN]


def test_an_undone_check_in_leaves_no_child_alone() -> None:
    case = CheckedIn("ADT", "CHD")
    with pytest.raises(rejections.InvalidPart):
        case.undo(0)
    case.undo(1)
    case.undo(0)


def test_another_seat_is_chosen_after_check_in_until_boarding_ends() -> None:
    case = CheckedIn()
    case.choose(0, "14C")
    assert (case.coupon(0).seat, case.coupon(0).status) == ("14C", C.CHECKED_IN)
    assert case.airline.flight(case.flight).seat_of(case.booking, 0) == "14C"
    case.before_departure(15)
    case.choose(0, "14D")
    case.before_departure(14)
    with pytest.raises(rejections.CouponNotOpen):
        case.choose(0, "14C")


def test_no_other_seat_is_chosen_on_board() -> None:
    case = CheckedIn()
    case.airline.submit(Board(case.booking, 0, None))
    with pytest.raises(Rejection):
        case.choose(0, "14C")


def test_a_name_is_corrected_after_check_in_until_boarding() -> None:
    case = CheckedIn()
    case.correct(0)
    case.airline.submit(Board(case.booking, 0, (0,)))
    with pytest.raises(rejections.NameCorrectionRefused):
        case.correct(0)
    case.correct(1)


def test_a_checked_in_passenger_whose_seat_is_lost_gets_another() -> None:
    case = CheckedIn()
    case.cut(30)
    seats = [case.coupon(each).seat for each in (0, 1)]
    assert None not in seats
    assert len(set(seats)) == 2
    assert not any(case.coupon(each).standby for each in (0, 1))
    assert all(seat is not None and int(seat[:-1]) >= 40 for seat in seats)


def test_a_checked_in_passenger_without_a_seat_is_on_standby_and_does_not_board() -> None:
    case = CheckedIn()
    case.cut(1)
    assert [case.coupon(each).standby for each in (0, 1)] == [False, True]
    with pytest.raises(rejections.CouponNotOpen):
        case.airline.submit(Board(case.booking, 0, (1,)))
    case.airline.submit(Board(case.booking, 0, None))
    assert [case.coupon(each).status for each in (0, 1)] == [C.LIFTED, C.CHECKED_IN]


def test_a_passenger_on_standby_boards_once_a_seat_is_chosen() -> None:
    case = CheckedIn()
    case.cut(1)
    case.undo(0, at_gate=True)
    case.airline.cancel(case.booking, Part((0,), None))
    case.choose(1, "40A")
    assert not case.coupon(1).standby
    case.airline.submit(Board(case.booking, 0, (1,)))
    assert case.coupon(1).status is C.LIFTED


def test_no_adult_boards_and_leaves_a_child_on_standby_alone() -> None:
    case = CheckedIn("ADT", "CHD")
    case.cut(1)
    assert [case.coupon(each).standby for each in (0, 1)] == [False, True]
    for passengers in (None, (0,)):
        with pytest.raises(rejections.InvalidPart) as refused:
            case.airline.submit(Board(case.booking, 0, passengers))
        assert refused.value.parameters["reason"] == "without_an_adult"


def test_another_adult_may_stay_with_a_child_on_standby() -> None:
    case = CheckedIn("ADT", "ADT", "CHD")
    case.cut(2)
    assert [case.coupon(each).standby for each in (0, 1, 2)] == [False, False, True]
    case.airline.submit(Board(case.booking, 0, (0,)))
    with pytest.raises(rejections.InvalidPart):
        case.airline.submit(Board(case.booking, 0, (1,)))


def test_who_is_left_on_standby_is_refunded_the_connection_that_cannot_be_reached() -> None:
    airline = MemoryAirline()
    leaves = airline.clock() + dt.timedelta(days=10)
    first = airline.schedule("SV1", departs_at=leaves)
    onward = airline.schedule(
        "SV2", departs_at=leaves + dt.timedelta(hours=5), route=("JED", "DMM")
    )
    back = airline.schedule("SV3", departs_at=leaves + dt.timedelta(days=5), route=("DMM", "RUH"))
    booking = airline.ticketed((first, onward, back), "ADT", "ADT")
    airline.clock.now = leaves - dt.timedelta(hours=2)
    airline.submit(CheckIn(booking, 0, None))
    layout = CabinLayout("Y", 1, 40, "ABCDEF")
    airline.submit(ChangeEquipment(first, (layout,), "technical"))
    airline.submit(ReviewSeats(booking, first, "technical"))
    airline.submit(Board(booking, 0, None))
    airline.clock.now = leaves
    airline.submit(DepartFlight(first, leaves))
    airline.submit(CloseFlight(booking, first))
    coupons = airline.booking(booking).coupons
    assert [each.status for each in coupons] == [C.FLOWN, C.OPEN, C.OPEN, "R", "R", C.OPEN]
    denied = [each.total for each in coupons if each.status is C.REFUNDED]
    assert airline.booking(booking).owed().amount == sum(denied)


def test_who_has_no_seat_cancels_without_a_fee_and_the_others_do_not() -> None:
    case = CheckedIn()
    case.cut(1)
    assert [case.coupon(each).standby for each in (0, 1)] == [False, True]
    assert case.airline.quote_cancellation(case.booking, Part((0,), None)).percent == 75
    quote = case.airline.cancel(case.booking, Part((1,), None))
    assert (quote.fee, quote.refund) == (0, quote.price.amount)


@pytest.mark.parametrize(
    ("party", "seats", "boards", "statuses"),
    [
        (("ADT", "CHD"), 1, None, "RR"),
        (("ADT", "INF"), 0, None, "RR"),
        (("ADT", "ADT", "CHD"), 2, (0,), "FRR"),
        (("ADT", "ADT", "INF"), 1, (0, 2), "FRF"),
    ],
)
def test_who_stays_with_a_passenger_on_standby_is_no_no_show_either(
    party: tuple[PassengerType, ...],
    seats: int,
    boards: tuple[int, ...] | None,
    statuses: str,
) -> None:
    case = CheckedIn(*party)
    case.cut(seats)
    if boards is not None:
        case.airline.submit(Board(case.booking, 0, boards))
    case.airline.clock.now = case.airline.flight(case.flight).departs_at
    case.airline.submit(DepartFlight(case.flight, case.airline.clock()))
    case.airline.submit(CloseFlight(case.booking, case.flight))
    coupons = case.airline.booking(case.booking).coupons
    assert "".join(each.status for each in coupons) == statuses
    assert case.airline.booking(case.booking).owed().amount == sum(
        each.total for each in coupons if each.status is C.REFUNDED
    )


def test_a_passenger_left_on_standby_is_refunded_in_full_and_not_a_no_show() -> None:
    case = CheckedIn()
    case.cut(1)
    case.airline.submit(Board(case.booking, 0, None))
    worth = case.coupon(1).total
    case.before_departure(0)
    case.airline.submit(DepartFlight(case.flight, case.airline.clock()))
    case.airline.submit(CloseFlight(case.booking, case.flight))
    booking = case.airline.booking(case.booking)
    assert [each.status for each in booking.coupons] == [C.FLOWN, C.REFUNDED]
    assert (booking.status, booking.owed().amount) == (Status.COMPLETED, worth)
