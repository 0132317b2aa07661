"""A departure that was recorded by mistake is withdrawn: no passenger is worse off for it."""

import datetime as dt

import pytest

from application.booking.check_in import Board, CheckIn, UndoCheckIn
from application.booking.choose_seats import ChooseSeats, ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.divide_booking import DivideBooking
from application.booking.grant_refund import GrantRefund
from application.booking.letters import CancellationLetter, SeatLetter
from application.booking.reopen_flight import ReopenFlight
from application.inventory.cancel_flight import CancelFlight
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.inventory.withdraw_departure import WithdrawDeparture
from application.processes import follow_flight_when_changed
from domain.booking import rejections as booking_rejections
from domain.booking.coupons import CouponStatus
from domain.booking.states import Status
from domain.inventory import rejections, seat_map
from domain.inventory.events import CabinLayout, Place
from domain.inventory.state import FlightStatus
from domain.kernel.money import Money
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from tests.support import invariants
from tests.support.memory_airline import MemoryAirline

HOUR = dt.timedelta(hours=1)
C = CouponStatus


class Mistake:
    """A party on one flight, or with a connection, whose departure is recorded by mistake."""

    def __init__(
        self,
        *party: PassengerType,
        connects: bool = False,
        seats: int = 9,
        paid: tuple[ExtraChoice, ...] = (),
    ) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1")
        self.later = self.airline.schedule("SV2", in_days=10.25, route=("JED", "AHB"), seats=seats)
        flights = (self.flight, self.later) if connects else self.flight
        extras = (ExtraChoice("BAG20", 0, 0), *paid)
        self.booking = self.airline.ticketed(flights, *party, extras=extras)
        self.airline.clock.now = self.airline.flight(self.flight).departs_at - 1.5 * HOUR

    def check_in(self, *passengers: int) -> None:
        self.airline.submit(CheckIn(self.booking, 0, passengers))

    def board(self, *passengers: int) -> None:
        self.check_in(*passengers)
        self.airline.submit(Board(self.booking, 0, passengers))

    def depart(self) -> None:
        """A quarter of an hour before its time, as operations may."""
        self.airline.clock.now = self.airline.flight(self.flight).departs_at - 0.25 * HOUR
        self.departed_at = self.airline.clock()
        self.airline.submit(DepartFlight(self.flight, self.departed_at))
        self.airline.submit(CloseFlight(self.booking, self.flight))

    def withdrawal(self) -> WithdrawDeparture:
        """An hour later than now, for two hours."""
        now = self.airline.clock()
        return WithdrawDeparture(self.flight, now + HOUR, now + 3 * HOUR, "operational")

    def withdraw(self) -> None:
        self.airline.submit(self.withdrawal())
        self.airline.submit(self.reopening())

    def reopening(self) -> ReopenFlight:
        return ReopenFlight(self.booking, self.flight, self.departed_at, "operational")

    def statuses(self) -> list[CouponStatus]:
        return [each.status for each in self.airline.booking(self.booking).coupons]

    def status(self) -> Status:
        status: Status = self.airline.booking(self.booking).status
        return status


def test_the_books_are_those_of_a_flight_that_never_left() -> None:
    case = Mistake("ADT", "ADT", "CHD", connects=True)
    case.board(0, 2)
    before = case.airline.booking(case.booking)
    books = invariants.balances_of(case.airline.log)
    case.depart()
    assert case.statuses() == [C.FLOWN, C.OPEN, C.MISSED, C.MISSED, C.FLOWN, C.OPEN]
    assert invariants.balances_of(case.airline.log) != books
    case.withdraw()
    after = case.airline.booking(case.booking)
    assert invariants.balances_of(case.airline.log) == books
    assert (after.coupons, after.status) == (before.coupons, before.status)
    assert (after.obligations, after.closings) == ((), ())


def test_what_the_closing_posted_is_taken_back_on_its_accounting_day() -> None:
    case = Mistake("ADT", "ADT")
    case.board(0)
    case.depart()
    departed_at = case.airline.flight(case.flight).departed_at
    case.withdraw()
    entries = invariants.entries_of(case.airline.log)
    closed = [each for each in entries if each.rule in {"flown", "no_show"}]
    (taken_back,) = [each for each in entries if each.rule == "departure_withdrawn"]
    assert {each.effective_on for each in closed} == {taken_back.effective_on}
    assert taken_back.effective_on == departed_at.date()


def test_a_completed_journey_is_on_board_again_and_can_be_flown() -> None:
    case = Mistake("ADT")
    case.board(0)
    case.depart()
    assert case.status() is Status.COMPLETED
    case.withdraw()
    assert (case.status(), case.statuses()) == (Status.BOARDED, [C.LIFTED])
    assert case.airline.booking(case.booking).coupons[0].flown_ticket is None
    case.airline.wait(hours=1)
    case.airline.submit(DepartFlight(case.flight, case.airline.clock()))
    case.airline.submit(CloseFlight(case.booking, case.flight))
    assert case.status() is Status.COMPLETED


def test_a_no_show_is_confirmed_and_can_check_in() -> None:
    case = Mistake("ADT")
    case.depart()
    assert case.status() is Status.NO_SHOW
    case.airline.submit(
        WithdrawDeparture(
            case.flight, case.airline.clock() + 3 * HOUR, case.airline.clock() + 5 * HOUR, "crew"
        )
    )
    case.airline.submit(case.reopening())
    assert (case.status(), case.statuses()) == (Status.CONFIRMED, [C.OPEN])
    case.check_in(0)
    assert case.status() is Status.CHECKED_IN


def test_a_passenger_who_had_checked_in_has_the_seat_and_number_and_can_board() -> None:
    case = Mistake("ADT", "ADT")
    case.check_in(0, 1)
    before = case.airline.booking(case.booking).coupons
    case.depart()
    assert case.status() is Status.NO_SHOW
    case.withdraw()
    assert case.airline.booking(case.booking).coupons == before
    case.airline.submit(Board(case.booking, 0, (0, 1)))
    assert case.status() is Status.BOARDED


def test_a_check_in_that_is_open_again_can_be_undone_at_the_gate() -> None:
    case = Mistake("ADT")
    case.check_in(0)
    case.depart()
    case.withdraw()
    case.airline.submit(UndoCheckIn(case.booking, 0, None, at_gate=True))
    assert case.statuses() == [C.OPEN]


def test_the_later_seats_are_taken_again() -> None:
    case = Mistake("ADT", "CHD", "INF", connects=True)
    case.airline.submit(CheckIn(case.booking, 1, None))
    sold = case.airline.flight(case.later).allocations.get(case.booking)
    case.depart()
    assert case.airline.flight(case.later).allocations.get(case.booking) is None
    case.withdraw()
    booking = case.airline.booking(case.booking)
    assert case.airline.flight(case.later).allocations.get(case.booking) == sold
    assert set(case.statuses()) == {C.OPEN}
    seats = [booking.coupon(passenger, 1).seat for passenger in (0, 1)]
    assert all(case.airline.flight(case.later).seat_of(case.booking, n) == seats[n] for n in (0, 1))
    case.airline.submit(CheckIn(case.booking, 1, None))
    assert len(case.airline.flight(case.later).sequences.get(case.booking)) == 3


def test_who_was_checked_in_through_checks_in_for_the_later_flight_again() -> None:
    case = Mistake("ADT", "ADT", connects=True)
    case.board(0)
    case.airline.submit(CheckIn(case.booking, 1, None))
    case.depart()
    case.withdraw()
    assert case.statuses() == [C.LIFTED, C.CHECKED_IN, C.OPEN, C.OPEN]
    case.airline.submit(CheckIn(case.booking, 1, None))
    numbers = [case.airline.booking(case.booking).coupon(each, 1).sequence for each in (0, 1)]
    assert numbers == [1, 3]


def test_a_paid_seat_that_another_passenger_has_now_is_replaced_with_a_letter() -> None:
    case = Mistake("ADT", connects=True, seats=60, paid=(ExtraChoice("FRONT", 0, 1),))
    seat = case.airline.booking(case.booking).coupon(0, 1).seat
    case.depart()
    other = case.airline.ticketed(case.later)
    case.airline.submit(ChooseSeats(other, 0, (Place(0, seat),), at_gate=True))
    case.withdraw()
    booking = case.airline.booking(case.booking)
    given = booking.coupon(0, 1).seat
    assert given not in {None, seat}
    layout = case.airline.flight(case.later).cabins["Y"].layout
    assert seat_map.category(layout, given) == seat_map.category(layout, seat)
    assert any(isinstance(each, SeatLetter) for each in case.airline.log.outbox)


def test_later_seats_that_others_have_bought_are_taken_beyond_the_authorised_number() -> None:
    case = Mistake("ADT", connects=True, seats=1)
    case.depart()
    other = case.airline.ticketed(case.later)
    case.airline.submit(CheckIn(other, 0, None))
    case.withdraw()
    cabin = case.airline.flight(case.later).cabins["Y"]
    assert (cabin.sold_count, cabin.authorised_count) == (2, 1)
    case.airline.submit(CheckIn(case.booking, 1, None))
    coupon = case.airline.booking(case.booking).coupon(0, 1)
    assert (coupon.status, coupon.seat, coupon.standby) == (C.CHECKED_IN, None, True)
    with pytest.raises(rejections.SeatsUnavailable):
        case.airline.book(case.later)


def test_a_later_flight_that_has_left_meanwhile_is_refunded_in_full() -> None:
    case = Mistake("ADT", connects=True)
    case.depart()
    case.airline.clock.now = case.airline.flight(case.later).departs_at
    case.airline.submit(DepartFlight(case.later, case.airline.clock()))
    case.withdraw()
    booking = case.airline.booking(case.booking)
    assert [each.status for each in booking.coupons] == [C.OPEN, C.REFUNDED]
    assert booking.owed() == Money(booking.coupon(0, 1).total, "SAR")
    (letter,) = [e for e in case.airline.log.outbox if isinstance(e, CancellationLetter)]
    assert letter.refund == booking.owed().amount
    assert booking.status is Status.CONFIRMED


def test_passengers_denied_boarding_keep_their_refund() -> None:
    case = Mistake("ADT", "ADT", "ADT", seats=9)
    case.check_in(0, 1)
    case.airline.submit(ChangeEquipment(case.flight, (CabinLayout("Y", 1, 10, "A"),), "technical"))
    case.airline.submit(ReviewSeats(case.booking, case.flight, "technical"))
    case.board(0)
    case.depart()
    assert case.statuses() == [C.FLOWN, C.REFUNDED, C.MISSED]
    denied = case.airline.booking(case.booking).obligations[-1]
    case.withdraw()
    assert case.statuses() == [C.LIFTED, C.REFUNDED, C.OPEN]
    assert case.airline.booking(case.booking).obligations == (denied,)


def test_a_booking_cancelled_with_its_no_shows_is_confirmed_again() -> None:
    case = Mistake("ADT", "ADT")
    case.check_in(0)
    case.airline.submit(ChangeEquipment(case.flight, (CabinLayout("Y", 0, 10, "A"),), "technical"))
    case.airline.submit(ReviewSeats(case.booking, case.flight, "technical"))
    case.depart()
    assert (case.status(), case.statuses()) == (Status.CANCELLED, [C.REFUNDED, C.MISSED])
    case.withdraw()
    assert (case.status(), case.statuses()) == (Status.CONFIRMED, [C.REFUNDED, C.OPEN])
    case.airline.cancel(case.booking)
    assert case.status() is Status.CANCELLED


def test_only_what_this_departure_closed_is_open_again() -> None:
    case = Mistake("ADT", "ADT", connects=True)
    case.board(0)
    case.depart()
    case.airline.clock.now = case.airline.flight(case.later).departs_at - 0.25 * HOUR
    case.airline.submit(DepartFlight(case.later, case.airline.clock()))
    case.airline.submit(CloseFlight(case.booking, case.later))
    assert case.statuses() == [C.FLOWN, C.MISSED, C.MISSED, C.MISSED]
    now = departed_at = case.airline.clock()
    case.airline.submit(WithdrawDeparture(case.later, now + HOUR, now + 2 * HOUR, "crew"))
    case.airline.submit(ReopenFlight(case.booking, case.later, departed_at, "crew"))
    assert case.statuses() == [C.FLOWN, C.OPEN, C.MISSED, C.MISSED]


def test_money_owed_by_the_departure_is_owed_no_more_and_its_id_is_never_used_again() -> None:
    case = Mistake("ADT")
    case.depart()
    (first,) = case.airline.booking(case.booking).obligations
    case.withdraw()
    assert case.airline.booking(case.booking).obligations == ()
    case.airline.wait(hours=1)
    case.airline.submit(DepartFlight(case.flight, case.airline.clock()))
    case.airline.submit(CloseFlight(case.booking, case.flight))
    (second,) = case.airline.booking(case.booking).obligations
    assert second.amount == first.amount
    assert second.id != first.id


def test_where_the_money_is_on_its_way_already_nothing_is_reopened() -> None:
    case = Mistake("ADT")
    case.depart()
    (owed,) = case.airline.booking(case.booking).obligations
    case.airline.refund(case.booking, obligation=owed.id, amount=owed.amount.amount)
    case.airline.submit(case.withdrawal())
    with pytest.raises(booking_rejections.TransitionRefused):
        case.airline.submit(case.reopening())
    assert case.status() is Status.NO_SHOW


def test_a_booking_of_which_finance_has_granted_a_refund_stays_closed() -> None:
    case = Mistake("ADT")
    case.depart()
    case.airline.submit(GrantRefund(booking_id=case.booking, by="usr_finance"))
    case.airline.submit(case.withdrawal())
    assert case.airline.added(case.reopening()) == {}


def test_an_unanswered_disruption_of_the_flight_is_to_be_answered_again() -> None:
    case = Mistake("ADT")
    flight = case.airline.flight(case.flight)
    later = RescheduleFlight(
        case.flight, flight.departs_at + HOUR / 2, flight.arrives_at + HOUR / 2, "crew"
    )
    case.airline.submit(later)
    case.airline.submit(
        follow_flight_when_changed.command(case.airline.last(case.flight), case.booking)
    )
    asked = case.airline.booking(case.booking).disruptions
    case.depart()
    assert case.airline.booking(case.booking).disruptions == ()
    case.withdraw()
    assert case.airline.booking(case.booking).disruptions == asked != ()


@pytest.mark.parametrize(("hours", "day_over"), [(11.9, False), (12.0, True), (36.0, True)])
def test_a_departure_can_be_withdrawn_on_its_accounting_day_only(
    hours: float, day_over: bool
) -> None:
    """Noon in Riyadh it has left; at midnight there, not in UTC, the day is over."""
    case = Mistake("ADT")
    case.airline.clock.now = case.airline.flight(case.flight).departs_at
    case.airline.submit(DepartFlight(case.flight, case.airline.clock()))
    case.airline.wait(hours=hours)
    if day_over:
        with pytest.raises(rejections.DepartureFinal):
            case.airline.submit(case.withdrawal())
    else:
        case.airline.submit(case.withdrawal())
    departed = case.airline.flight(case.flight).status is FlightStatus.DEPARTED
    assert departed is day_over


def test_a_repeat_records_nothing() -> None:
    case = Mistake("ADT")
    case.depart()
    again = case.withdrawal()
    case.withdraw()
    assert case.airline.added(again) == {}
    assert case.airline.added(case.reopening()) == {}
    case.airline.wait(hours=40)
    assert case.airline.added(again) == {}


def test_the_flight_leaves_at_its_new_times_and_is_on_sale_again() -> None:
    case = Mistake("ADT")
    case.depart()
    withdrawal = case.withdrawal()
    case.airline.submit(withdrawal)
    flight = case.airline.flight(case.flight)
    assert (flight.status, flight.departed_at) == (FlightStatus.SCHEDULED, None)
    assert (flight.departs_at, flight.arrives_at) == (withdrawal.departs_at, withdrawal.arrives_at)
    assert case.airline.tags(case.flight)[-2:] == [
        "flight.departure_withdrawn.1",
        "flight.rescheduled.1",
    ]


def test_a_flight_that_keeps_its_times_is_not_rescheduled() -> None:
    case = Mistake("ADT")
    case.depart()
    flight = case.airline.flight(case.flight)
    case.airline.submit(
        WithdrawDeparture(case.flight, flight.departs_at, flight.arrives_at, "crew")
    )
    assert case.airline.tags(case.flight)[-1] == "flight.departure_withdrawn.1"


def test_no_departure_is_withdrawn_that_was_not_recorded() -> None:
    case = Mistake("ADT")
    with pytest.raises(rejections.FlightNotDeparted):
        case.airline.submit(case.withdrawal())
    case.airline.submit(CancelFlight(case.flight, "storm"))
    with pytest.raises(rejections.FlightOver):
        case.airline.submit(case.withdrawal())


@pytest.mark.parametrize(("leaves", "lands"), [(-1, 1), (0, 1), (2, 1), (1, 26)])
def test_the_new_times_are_in_the_future_in_order_and_within_a_day(leaves: int, lands: int) -> None:
    case = Mistake("ADT")
    case.depart()
    now = case.airline.clock()
    with pytest.raises(rejections.InvalidSchedule):
        case.airline.submit(
            WithdrawDeparture(case.flight, now + leaves * HOUR, now + lands * HOUR, "crew")
        )
    assert case.airline.flight(case.flight).status is FlightStatus.DEPARTED


@pytest.mark.parametrize("boarded", [(0, 1, 2), (0, 1)])
def test_who_stays_in_a_divided_booking_is_reopened_and_who_left_has_flown(
    boarded: tuple[int, ...],
) -> None:
    mistake = Mistake("ADT", "ADT", "ADT", connects=True)
    mistake.board(*boarded)
    mistake.depart()
    new = mistake.airline.submit(DivideBooking(mistake.booking, (1,))).answer.stream
    mistake.withdraw()
    old = mistake.airline.booking(mistake.booking)
    again = [(each.passenger, each.status) for each in old.coupons if each.segment == 0]
    third = C.LIFTED if 2 in boarded else C.OPEN
    assert again == [(0, C.LIFTED), (1, C.DIVIDED), (2, third)]
    assert [each.status for each in mistake.airline.booking(new).coupons] == [C.FLOWN, C.OPEN]
    mistake.depart()
    mistake.airline.submit(CloseFlight(new, mistake.flight))
    flown = mistake.airline.booking(mistake.booking).coupon(0, 0)
    assert flown is not None
    assert flown.status is C.FLOWN
