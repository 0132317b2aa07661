"""Passengers leave a booking for one of their own: a part of a party by itself."""

import datetime as dt
from collections import Counter

import pytest

from application.booking.cancel_booking import Part
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.divide_booking import DivideBooking
from application.booking.grant_refund import GrantRefund
from application.booking.record_bank_transfer import BankTransfer, RecordBankTransfer
from application.booking.resend_refund import ResendRefund
from application.inventory.depart_flight import DepartFlight
from application.payment.record_refund import Accepted, Failed, Settled
from application.payment.refund_payment import RefundPayment
from domain.booking import rejections
from domain.booking.coupons import CouponStatus
from domain.booking.states import Status
from domain.kernel import ids
from domain.ledger import accounts
from domain.payment import rejections as payment_rejections
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from tests.support.invariants import balances_of
from tests.support.memory_airline import MemoryAirline

HOUR = dt.timedelta(hours=1)


class Divided:
    """A party on one flight in ten days, and what becomes of it after passengers have left."""

    def __init__(self, *party: PassengerType, flights: int = 1, bag: bool = True) -> None:
        self.airline = MemoryAirline()
        self.flights = tuple(
            self.airline.schedule(
                f"SV{number}",
                in_days=10 + number,
                route=("RUH", "JED") if number % 2 else ("JED", "RUH"),
            )
            for number in range(1, flights + 1)
        )
        self.later = self.airline.schedule("SV9", in_days=13.5, fare=90_000)
        extras = (ExtraChoice("BAG20", 1, 0),) if bag else ()
        self.booking = self.airline.ticketed(
            self.flights, *(party or ("ADT", "ADT")), extras=extras
        )
        self.paid = self.airline.booking(self.booking).captured

    def divide(self, *passengers: int) -> str:
        """These passengers leave; their booking."""
        outcome = self.airline.submit(DivideBooking(self.booking, passengers))
        stream: str = outcome.answer.stream
        return stream

    def grant(self, booking: str, amount: int | None = None) -> None:
        """Two of finance grant a refund, as of each divided booking."""
        for user in ("usr_first", "usr_second"):
            self.airline.submit(GrantRefund(booking, amount=amount, by=user))

    def refund(self, booking: str) -> list[str]:
        """Refund all that the booking owes, as the process and Stripe do; the refunds."""
        state = self.airline.booking(booking)
        found = []
        for owed in state.obligations:
            command = RefundPayment(booking, owed.id, owed.amount, tuple(reversed(state.payments)))
            answer = self.airline.submit(command).answer
            for payment, refunds in answer.ids.items():
                for refund in refunds.split(","):
                    self.airline.record_refund(payment, refund, Settled(f"re_{refund}"))
                    found.append(refund)
        return found

    def check_in_all(self, *bookings: str, segment: int = 0, board: bool = True) -> None:
        """An hour and a half before departure."""
        flight = self.flights[segment]
        self.airline.clock.now = self.airline.flight(flight).departs_at - 1.5 * HOUR
        for booking in bookings:
            self.airline.submit(CheckIn(booking, segment, None))
            if board:
                self.airline.submit(Board(booking, segment, None))

    def depart(self, *bookings: str, segment: int = 0) -> None:
        """The flight leaves, and is closed for the bookings."""
        flight = self.flights[segment]
        self.airline.clock.now = self.airline.flight(flight).departs_at
        self.airline.submit(DepartFlight(flight, self.airline.clock()))
        for booking in bookings:
            self.airline.submit(CloseFlight(booking, flight))

    def balances(self, booking: str) -> dict[str, int]:
        """The accounts of a booking that are not zero."""
        found: Counter[str] = Counter()
        for (of, account, _), amount in balances_of(self.airline.log).items():
            if of == booking:
                found[account] += amount
        return {account: amount for account, amount in found.items() if amount}


def test_passengers_leave_with_their_money_tickets_extras_and_seats() -> None:
    party = Divided()
    before = party.airline.booking(party.booking)
    new = party.divide(1)
    old, fresh = party.airline.booking(party.booking), party.airline.booking(new)
    assert new != party.booking
    assert ids.is_record_locator(ids.reference_of(new))
    assert old.captured is not None
    assert fresh.captured is not None
    assert old.captured + fresh.captured == party.paid
    assert (fresh.price_now().total(), old.price_now().total()) == (fresh.captured, old.captured)
    assert [each.number for each in fresh.tickets] == [before.tickets[1].number]
    assert [each.code for each in fresh.extras] == ["BAG20"]
    assert not old.extras
    assert (fresh.owner, fresh.status, old.status) == (
        before.owner,
        Status.CONFIRMED,
        Status.CONFIRMED,
    )
    assert (fresh.divided_from, [each.booking for each in old.divided_into]) == (
        party.booking,
        [new],
    )
    flight = party.airline.flight(party.flights[0])
    allocations = [flight.allocations.get(each) for each in (party.booking, new)]
    assert [each.sold.seat_count for each in allocations if each and each.sold] == [1, 1]
    assert flight.cabins["Y"].sold_count == 2


def test_one_of_a_party_who_is_denied_boarding_goes_on_another_flight_alone_and_for_nothing() -> (
    None
):
    party = Divided()
    party.check_in_all(party.booking, board=False)
    new = party.divide(1)
    moved = party.airline.modify(new, party.later, waiver="oversold").modification
    assert (moved.due, moved.fee, moved.back) == (0, 0, 0)
    party.airline.submit(Board(party.booking, 0, None))
    party.depart(party.booking)
    old, fresh = party.airline.booking(party.booking), party.airline.booking(new)
    assert (old.status, fresh.segments[0].flight) == (Status.COMPLETED, party.later)
    assert {each.status for each in fresh.coupons} == {CouponStatus.OPEN}
    assert fresh.price_now().total() == fresh.captured


def test_a_checked_in_passenger_who_leaves_keeps_seat_and_sequence_number() -> None:
    party = Divided()
    party.check_in_all(party.booking, board=False)
    before = party.airline.booking(party.booking).coupon(1, 0)
    new = party.divide(1)
    after = party.airline.booking(new).coupon(0, 0)
    assert before is not None
    assert after is not None
    assert (after.seat, after.sequence, after.status) == (
        before.seat,
        before.sequence,
        CouponStatus.CHECKED_IN,
    )
    flight = party.airline.flight(party.flights[0])
    assert flight.seat_of(new, 0) == before.seat
    assert [each.sequence for each in flight.sequences.get(new) or ()] == [before.sequence]
    assert len(flight.sequences.get(party.booking) or ()) == 1
    party.airline.submit(Board(new, 0, None))
    party.airline.submit(Board(party.booking, 0, None))


def test_the_books_of_both_bookings_close_when_all_is_refunded() -> None:
    party = Divided()
    new = party.divide(1)
    party.airline.cancel(new)
    party.airline.cancel(party.booking)
    for each in (new, party.booking):
        party.refund(each)
        assert party.airline.booking(each).status is Status.REFUNDED
        closed = {accounts.STRIPE_CLEARING, accounts.CANCELLATION_FEES, accounts.VAT_OUTPUT}
        assert party.balances(each).keys() <= closed
        kept = party.balances(each).get(accounts.STRIPE_CLEARING, 0)
        assert kept == -sum(
            amount
            for account, amount in party.balances(each).items()
            if account != accounts.STRIPE_CLEARING
        )


def test_the_books_of_both_bookings_close_when_all_is_flown() -> None:
    party = Divided()
    new = party.divide(1)
    party.check_in_all(party.booking, new)
    party.depart(party.booking, new)
    for each in (new, party.booking):
        state = party.airline.booking(each)
        assert state.status is Status.COMPLETED
        balances = party.balances(each)
        assert state.captured is not None
        assert balances[accounts.STRIPE_CLEARING] == state.captured.amount
        open_liabilities = {
            accounts.AIR_TRAFFIC_LIABILITY,
            accounts.ANCILLARY_LIABILITY,
            accounts.UNAPPLIED_FUNDS,
            accounts.REFUNDS_PAYABLE,
        }
        assert not open_liabilities & balances.keys()


def test_what_was_flown_goes_with_its_passenger_and_its_revenue() -> None:
    party = Divided(flights=2)
    party.check_in_all(party.booking)
    party.depart(party.booking)
    new = party.divide(1)
    fresh, old = party.airline.booking(new), party.airline.booking(party.booking)
    assert [each.status for each in fresh.coupons] == [CouponStatus.FLOWN, CouponStatus.OPEN]
    assert (fresh.status, old.status) == (Status.CHECKED_IN, Status.CHECKED_IN)
    assert fresh.price_now().total() == fresh.captured
    assert party.balances(new)[accounts.PASSENGER_REVENUE] == -fresh.coupons[0].fare
    party.airline.cancel(party.booking)
    party.check_in_all(new, segment=1)
    party.depart(new, segment=1)
    assert party.airline.booking(new).status is Status.COMPLETED


def test_what_was_cancelled_before_stays_with_its_fee_and_its_refund() -> None:
    party = Divided(flights=2)
    party.airline.clock.now = (
        party.airline.flight(party.flights[1]).departs_at - 30 * HOUR - dt.timedelta(days=1)
    )
    party.airline.cancel(party.booking, Part((1,), (1,)))
    owed = party.airline.booking(party.booking).owed()
    new = party.divide(1)
    fresh, old = party.airline.booking(new), party.airline.booking(party.booking)
    assert [each.status for each in fresh.coupons] == [CouponStatus.OPEN, CouponStatus.REFUNDED]
    assert fresh.coupons[1].total == 0
    assert (old.owed(), fresh.obligations) == (owed, ())
    assert [each.status for each in old.coupons if each.passenger == 1] == [
        CouponStatus.DIVIDED,
        CouponStatus.REFUNDED,
    ]


def test_a_failed_refund_of_the_new_booking_is_sent_again_and_paid_by_bank_for_it_alone() -> None:
    party = Divided()
    new = party.divide(1)
    party.airline.cancel(new)
    state = party.airline.booking(new)
    owed = state.obligations[0]
    answer = party.airline.submit(RefundPayment(new, owed.id, owed.amount, state.payments)).answer
    (payment, refund), *_ = answer.ids.items()
    party.airline.record_refund(payment, refund, Accepted("re_1"))
    party.airline.record_refund(payment, refund, Failed("re_1", "lost_card"))
    with pytest.raises(payment_rejections.PaymentNotFound):
        party.airline.submit(ResendRefund(party.booking, refund))
    again = party.airline.submit(ResendRefund(new, refund)).answer.ids["refund"]
    party.airline.record_refund(payment, again, Failed("re_2", "lost_card"))
    transfer = BankTransfer("FT1", party.airline.clock().date())
    with pytest.raises(payment_rejections.PaymentNotFound):
        party.airline.submit(RecordBankTransfer(party.booking, again, transfer))
    party.airline.submit(RecordBankTransfer(new, again, transfer))
    assert party.airline.booking(new).status is Status.REFUNDED
    assert accounts.REFUNDS_PAYABLE not in party.balances(new)
    assert party.airline.booking(party.booking).status is Status.CONFIRMED


def test_a_refund_is_not_sent_again_from_a_payment_that_another_booking_needs() -> None:
    party = Divided()
    new = party.divide(1)
    party.airline.exchange(party.booking, party.later)
    party.grant(party.booking)
    state = party.airline.booking(party.booking)
    owed = state.obligations[0]
    first, second = state.payments
    command = RefundPayment(party.booking, owed.id, owed.amount, (second, first))
    refund = party.airline.submit(command).answer.ids[second]
    party.airline.record_refund(second, refund, Failed("re_1", "lost_card"))
    shared = party.airline.payment(first).captures[0].intent
    with pytest.raises(payment_rejections.RefundExceedsCaptured):
        party.airline.submit(ResendRefund(party.booking, refund, shared))
    party.airline.submit(ResendRefund(party.booking, refund))
    party.grant(new)
    party.refund(new)
    assert party.airline.booking(new).status is Status.REFUNDED


def test_finance_grants_either_booking_no_more_than_what_was_paid_for_it() -> None:
    party = Divided()
    new = party.divide(1)
    for booking in (party.booking, new):
        captured = party.airline.booking(booking).captured
        assert captured is not None
        with pytest.raises(rejections.RefundExceedsPaid):
            party.grant(booking, captured.amount + 1_000)
        party.grant(booking)
        party.refund(booking)
        assert party.airline.booking(booking).status is Status.REFUNDED


def test_a_divided_booking_pays_for_a_change_of_its_own_and_is_refunded_from_both_payments() -> (
    None
):
    party = Divided()
    new = party.divide(1)
    quote = party.airline.exchange(new, party.later)
    assert quote.modification.due > 0
    state = party.airline.booking(new)
    assert state.captured == state.price_now().total()
    assert len(state.payments) == 2
    party.grant(new)
    assert len({ids.payment_of_refund(each) for each in party.refund(new)}) == 2
    party.airline.cancel(party.booking)
    party.refund(party.booking)
    assert party.airline.booking(party.booking).status is Status.REFUNDED


def test_a_divided_booking_can_be_divided_again() -> None:
    party = Divided("ADT", "ADT", "ADT")
    first = party.divide(1, 2)
    second = party.airline.submit(DivideBooking(first, (1,))).answer.stream
    for each in (second, first, party.booking):
        party.airline.cancel(each)
        party.refund(each)
        assert party.airline.booking(each).status is Status.REFUNDED


@pytest.mark.parametrize("passengers", [(0, 1), (), (2,), (-1,)])
def test_only_a_real_part_of_the_party_leaves(passengers: tuple[int, ...]) -> None:
    with pytest.raises((rejections.InvalidPart, rejections.NoSuchPart)):
        Divided().divide(*passengers)


def test_a_division_after_which_nobody_stays_names_the_field_at_fault() -> None:
    with pytest.raises(rejections.InvalidPart) as refused:
        Divided().divide(0, 1)
    assert refused.value.parameters == {"field": "passengers", "reason": "nobody_stays"}


@pytest.mark.parametrize(
    ("party", "leaving", "allowed"),
    [
        (("ADT", "ADT", "CHD"), (2,), False),
        (("ADT", "ADT", "CHD"), (0, 1), False),
        (("ADT", "ADT", "CHD"), (1, 2), True),
        (("ADT", "ADT", "CHD"), (1,), True),
        (("ADT", "ADT", "INF"), (2,), False),
        (("ADT", "ADT", "INF"), (0, 2), True),
        (("ADT", "ADT", "INF", "INF"), (1, 3), True),
        (("ADT", "ADT", "INF", "INF"), (1,), False),
        (("ADT", "ADT", "INF", "INF"), (1, 2, 3), False),
    ],
)
def test_no_child_or_infant_is_left_or_leaves_without_an_adult(
    party: tuple[PassengerType, ...], leaving: tuple[int, ...], allowed: bool
) -> None:
    booking = Divided(*party)
    if allowed:
        booking.divide(*leaving)
        return
    with pytest.raises(rejections.InvalidPart):
        booking.divide(*leaving)


@pytest.mark.parametrize("adult", [0, 1])
def test_an_infant_who_leaves_is_on_the_lap_of_the_adult_who_leaves_with_it(adult: int) -> None:
    party = Divided("ADT", "ADT", "INF")
    party.check_in_all(party.booking, board=False)
    new = party.divide(adult, 2)
    flight = party.airline.flight(party.flights[0])
    (seat,) = [each for _, each in flight.seats.items() if each.infant]
    assert (seat.booking, seat.passenger) == (new, 0)
    party.airline.submit(Board(new, 0, None))
    party.airline.submit(Board(party.booking, 0, None))


def test_passengers_on_board_stay() -> None:
    party = Divided()
    party.check_in_all(party.booking, board=False)
    party.airline.submit(Board(party.booking, 0, (1,)))
    with pytest.raises(rejections.CouponNotOpen):
        party.divide(1)
    party.divide(0)
    assert party.airline.booking(party.booking).status is Status.BOARDED


def test_a_booking_with_an_unfinished_change_is_not_divided() -> None:
    party = Divided()
    party.airline.modify(party.booking, party.later)
    with pytest.raises(rejections.ModificationPending):
        party.divide(1)


def test_an_unpaid_booking_is_not_divided() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule(), "ADT", "ADT")
    with pytest.raises(rejections.DivisionRefused):
        airline.submit(DivideBooking(booking, (1,)))


def test_nobody_leaves_for_a_flight_that_has_left() -> None:
    party = Divided()
    flight = party.flights[0]
    party.airline.clock.now = party.airline.flight(flight).departs_at
    party.airline.submit(DepartFlight(flight, party.airline.clock()))
    with pytest.raises(rejections.DivisionRefused):
        party.divide(1)


def test_a_passenger_who_has_left_cannot_leave_again_nor_be_cancelled_here() -> None:
    party = Divided("ADT", "ADT", "ADT")
    party.divide(1)
    with pytest.raises(rejections.CouponNotOpen):
        party.divide(1)
    with pytest.raises(rejections.NoSuchPart):
        party.airline.cancel(party.booking, Part((1,), None))
