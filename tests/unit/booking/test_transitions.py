"""All 169 pairs of states through the decisions: 29 lead on, 140 are refused or change nothing.

Every booking here came to its state by commands; every attempt is made by the decision that
records the target's event.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from application.booking import journey
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.expire_booking import ExpireBooking
from application.inventory.depart_flight import DepartFlight
from application.payment import record_attempt, record_refund
from application.payment.record_attempt import RecordAttempt
from application.payment.record_refund import RecordRefund
from application.payment.refund_payment import RefundPayment
from application.payment.start_checkout import StartCheckout
from domain.booking import cancellation, check_in, sale, states
from domain.booking.events import BookingEvent
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import CheckedInPassenger, Obligation, Ticket
from domain.kernel import money
from domain.kernel.fold import fold
from domain.kernel.rejections import Rejection
from tests.support import examples
from tests.support.launch_rules import WINDOW
from tests.support.memory_airline import MemoryAirline

S = Status
FLIGHT_TIME = dt.timedelta(hours=2)


class Case:
    """A booking of one adult on a flight that will leave in ten days, unless time moves."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=1)
        self.stream = ""

    @property
    def booking(self) -> Booking:
        """As the log has it."""
        return self.airline.booking(self.stream)

    def before_departure(self, before: dt.timedelta) -> dt.datetime:
        """Move the clock there, if it is still to come."""
        moment = self.airline.flight(self.flight).departs_at - before
        self.airline.clock.now = max(self.airline.clock.now, moment)
        return self.airline.clock.now


def initiated(case: Case) -> None:
    case.stream = case.airline.book(case.flight, mode="draft")


def pending(case: Case) -> None:
    """Waits, and the seat has just come free."""
    first = case.airline.book(case.flight)
    case.stream = case.airline.book(case.flight, mode="waitlist")
    case.airline.cancel(first)


def payment_failed(case: Case) -> None:
    pending(case)
    answer = case.airline.submit(StartCheckout(booking_id=case.stream)).answer
    declined = record_attempt.Declined("pi_1", "ch_1", "declined")
    case.airline.submit(RecordAttempt(answer.stream, answer.ids["attempt"], declined))


def reserved(case: Case) -> None:
    case.stream = case.airline.book(case.flight)


def expired(case: Case) -> None:
    reserved(case)
    case.airline.clock.advance(dt.timedelta(minutes=15))
    case.airline.submit(ExpireBooking(case.stream, "hold_lapsed"))


def paid(case: Case) -> None:
    reserved(case)
    case.airline.pay(case.stream)


def confirmed(case: Case) -> None:
    case.stream = case.airline.ticketed(case.flight)


def checked_in(case: Case) -> None:
    confirmed(case)
    case.before_departure(FLIGHT_TIME)
    case.airline.submit(CheckIn(case.stream, 0, None))


def boarded(case: Case) -> None:
    checked_in(case)
    case.airline.submit(Board(case.stream, 0, None))


def _leave(case: Case) -> None:
    now = case.before_departure(dt.timedelta())
    case.airline.submit(DepartFlight(case.flight, now))
    case.airline.submit(CloseFlight(case.stream, case.flight))


def completed(case: Case) -> None:
    boarded(case)
    _leave(case)


def no_show(case: Case) -> None:
    confirmed(case)
    _leave(case)


def cancelled(case: Case) -> None:
    confirmed(case)
    case.airline.cancel(case.stream)


def refunded(case: Case) -> None:
    cancelled(case)
    (owed,) = case.booking.obligations
    (payment,) = case.booking.payments
    case.airline.submit(RefundPayment(case.stream, owed.id, owed.amount, (payment,)))
    settled = record_refund.Settled("re_1")
    case.airline.submit(RecordRefund(payment, f"{payment}-r1", settled))


PATHS: dict[Status, Callable[[Case], None]] = {
    S.INITIATED: initiated,
    S.PENDING: pending,
    S.RESERVED: reserved,
    S.PAID: paid,
    S.CONFIRMED: confirmed,
    S.CHECKED_IN: checked_in,
    S.BOARDED: boarded,
    S.COMPLETED: completed,
    S.CANCELLED: cancelled,
    S.PAYMENT_FAILED: payment_failed,
    S.NO_SHOW: no_show,
    S.REFUNDED: refunded,
    S.EXPIRED: expired,
}


def _initiate(case: Case) -> Sequence[BookingEvent]:
    return sale.initiate(case.booking, draft=examples.draft())


def _wait(case: Case) -> Sequence[BookingEvent]:
    until = case.airline.flight(case.flight).departs_at
    if case.booking.status is S.PAYMENT_FAILED:
        return sale.retry_payment(case.booking, waits_until=until)
    return sale.join_waitlist(case.booking, waits_until=until)


def _reserve(case: Case) -> Sequence[BookingEvent]:
    return sale.reserve(case.booking, hold_until=case.airline.clock.now)


def _pay(case: Case) -> Sequence[BookingEvent]:
    due = case.booking.price.total()
    return sale.pay(case.booking, payment="payment-XXX222-9", captured=due)


def _confirm(case: Case) -> Sequence[BookingEvent]:
    tickets = (Ticket(0, "0650000000009"),)
    return sale.confirm(
        case.booking, tickets=tickets, documents=(), entry=examples.ticketing_entry()
    )


def _facts(case: Case) -> Any:
    return journey.facts_of(case.airline.flight(case.flight))


def _check_in(case: Case) -> Sequence[BookingEvent]:
    now = case.before_departure(FLIGHT_TIME)
    return check_in.check_in(
        case.booking,
        segment=0,
        places=(CheckedInPassenger(0, "10A", 1),),
        facts=_facts(case),
        window=WINDOW,
        now=now,
    )


def _board(case: Case) -> Sequence[BookingEvent]:
    now = case.before_departure(FLIGHT_TIME)
    return check_in.board(
        case.booking, segment=0, passengers=None, facts=_facts(case), window=WINDOW, now=now
    )


def _fly(case: Case) -> Sequence[BookingEvent]:
    return check_in.fly(case.booking, segment=0, entry=None)


def _miss(case: Case) -> Sequence[BookingEvent]:
    return check_in.miss(case.booking, segment=0, entry=None, obligation=None)


def _cancel(case: Case) -> Sequence[BookingEvent]:
    return cancellation.cancel(
        case.booking,
        coupons=case.booking.open_coupons(),
        reason="requested",
        fee=0,
        destination="none",
        obligation=None,
        entry=None,
        at_gate=True,
    )


def _fail_payment(case: Case) -> Sequence[BookingEvent]:
    return sale.fail_payment(case.booking, reason="declined")


def _refund(case: Case) -> Sequence[BookingEvent]:
    """All that was paid is promised back, unless it is already, and arrives."""
    booking, granted = case.booking, []
    if booking.status is not S.CANCELLED:
        back = cancellation.refundable(booking)
        granted = cancellation.grant_refund(
            booking,
            reason="goodwill",
            obligation=Obligation("o-1", back),
            entry=examples.ticketing_entry(),
        )
        booking = fold(evolve, booking, granted)
    return [*granted, *cancellation.settle(booking, settled=booking.owed())]


def _expire(case: Case) -> Sequence[BookingEvent]:
    long_after = case.airline.clock.now + dt.timedelta(days=30)
    return sale.expire(case.booking, reason="hold_lapsed", now=long_after)


ATTEMPTS: dict[Status, Callable[[Case], Sequence[BookingEvent]]] = {
    S.INITIATED: _initiate,
    S.PENDING: _wait,
    S.RESERVED: _reserve,
    S.PAID: _pay,
    S.CONFIRMED: _confirm,
    S.CHECKED_IN: _check_in,
    S.BOARDED: _board,
    S.COMPLETED: _fly,
    S.CANCELLED: _cancel,
    S.PAYMENT_FAILED: _fail_payment,
    S.NO_SHOW: _miss,
    S.REFUNDED: _refund,
    S.EXPIRED: _expire,
}
PAIRS = list(itertools.product(Status, repeat=2))


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda status: status.value)
def test_a_booking_moves_exactly_along_the_table(before: Status, after: Status) -> None:
    case = Case()
    PATHS[before](case)
    assert case.booking.status is before
    try:
        events = ATTEMPTS[after](case)
    except Rejection as refusal:
        assert not states.may_move(before, after), f"{refusal!r}"
        return
    moved = case.booking
    moved = fold(evolve, moved, events)
    if states.may_move(before, after):
        assert moved.status is after
    else:
        assert moved.status is before, f"{before} came to {moved.status} by {events}"


def test_every_state_has_a_path_and_every_target_an_attempt() -> None:
    assert set(PATHS) == set(ATTEMPTS) == set(Status)
    assert len(PAIRS) == 169


def test_what_is_owed_and_not_yet_arrived_is_no_refund() -> None:
    case = Case()
    cancelled(case)
    owed = case.booking.owed()
    assert owed.amount > 0
    short = money.Money(owed.amount - 1, owed.currency)
    assert cancellation.settle(case.booking, settled=short) == []
