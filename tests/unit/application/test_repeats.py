"""A command that has no effect when it is repeated has none later on the same path either.

Between a command and its repeat the system moves the booking on by itself: a refund arrives, a
flight leaves. The answer to the repeat must not depend on whether that has happened yet.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from application.booking.answer_disruption import RefundDisruption
from application.booking.cancel_booking import CancelBooking
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.complete_modification import CompleteModification, ExpireModification
from application.booking.confirm_booking import ConfirmBooking
from application.booking.expire_booking import ExpireBooking
from application.booking.grant_refund import GrantRefund
from application.booking.modify_booking import ModifyBooking
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.depart_flight import DepartFlight
from application.payment.record_attempt import Declined, RecordAttempt
from application.payment.record_refund import RecordRefund, Settled
from application.payment.refund_payment import RefundPayment
from application.payment.start_checkout import StartCheckout
from domain.booking.rejections import TransitionRefused
from domain.booking.states import Status
from tests.support.airline import AIRLINE
from tests.support.memory_airline import MemoryAirline

S = Status
CHECK_IN_TIME = dt.timedelta(hours=2)


class Case:
    """One booking of one adult on a flight in ten days."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=1)
        self.booking = ""

    @property
    def status(self) -> Status:
        """As the log has it."""
        return self.airline.booking(self.booking).status

    def submit(self, command: Any) -> None:
        """Carry it out."""
        self.airline.submit(command)

    def before_departure(self, before: dt.timedelta) -> dt.datetime:
        """Move the clock there."""
        self.airline.clock.now = self.airline.flight(self.flight).departs_at - before
        return self.airline.clock.now


Step = Callable[[Case], None]
Prepared = Callable[[Case], Any]


def cancel(case: Case) -> Any:
    """Ticketed, and cancelled at a quote."""
    case.booking = case.airline.ticketed(case.flight)
    return CancelBooking(quote=case.airline.quote_cancellation(case.booking), reason="requested")


def cancel_unpaid(case: Case) -> Any:
    """Reserved, and cancelled at a quote without a refund."""
    case.booking = case.airline.book(case.flight)
    return CancelBooking(quote=case.airline.quote_cancellation(case.booking), reason="requested")


def refund_disruption(case: Case) -> Any:
    """Ticketed on a flight that the airline cancels."""
    case.booking = case.airline.ticketed(case.flight)
    case.submit(CancelFlight(case.flight, "technical"))
    case.submit(OfferDisruption(case.booking, case.flight, "cancelled", "technical", True))
    return RefundDisruption(case.booking, 0)


def check_in(case: Case) -> Any:
    """Ticketed, two hours before departure."""
    case.booking = case.airline.ticketed(case.flight)
    case.before_departure(CHECK_IN_TIME)
    return CheckIn(case.booking, 0, (0,))


def check_in_all(case: Case) -> Any:
    """The same without naming the passengers."""
    check_in(case)
    return CheckIn(case.booking, 0, None)


def board(case: Case) -> Any:
    """Checked in."""
    case.submit(check_in(case))
    return Board(case.booking, 0, (0,))


def board_all(case: Case) -> Any:
    """The same without naming the passengers."""
    board(case)
    return Board(case.booking, 0, None)


def confirm(case: Case) -> Any:
    """Paid."""
    case.booking = case.airline.book(case.flight)
    case.airline.pay(case.booking)
    return ConfirmBooking(case.booking, AIRLINE, (1,))


def expire(case: Case) -> Any:
    """Reserved and not paid in time."""
    case.booking = case.airline.book(case.flight)
    case.airline.clock.advance(dt.timedelta(minutes=15))
    return ExpireBooking(case.booking, "hold_lapsed")


def expire_declined(case: Case) -> Any:
    """Waitlisted, with a declined card, and not paid in time."""
    first = case.airline.book(case.flight)
    case.booking = case.airline.book(case.flight, mode="waitlist")
    case.airline.cancel(first)
    answer = case.airline.submit(StartCheckout(booking_id=case.booking)).answer
    declined = Declined("pi_1", "ch_1", "declined")
    case.submit(RecordAttempt(answer.stream, answer.ids["attempt"], declined))
    case.airline.clock.advance(dt.timedelta(days=11))
    return ExpireBooking(case.booking, "hold_lapsed")


def modify(case: Case) -> Any:
    """Ticketed, with a quote for a dearer flight."""
    dearer = case.airline.schedule("SV2", fare=90_000)
    case.booking = case.airline.ticketed(case.flight)
    quote = case.airline.quote_modification(case.booking, dearer)
    return ModifyBooking(quote=quote, airline_code=AIRLINE, serials=())


def complete_modification(case: Case) -> Any:
    """A modification accepted and paid."""
    case.submit(modify(case))
    case.airline.pay(case.booking)
    return CompleteModification(case.booking, AIRLINE, (7,))


def expire_modification(case: Case) -> Any:
    """A modification accepted and not paid in time."""
    case.submit(modify(case))
    case.airline.clock.advance(dt.timedelta(minutes=15))
    return ExpireModification(case.booking, "hold_lapsed")


def refund_arrives(case: Case) -> None:
    """Stripe settles what the booking is owed."""
    (owed,) = case.airline.booking(case.booking).obligations
    payments = case.airline.booking(case.booking).payments[::-1]
    case.submit(RefundPayment(case.booking, owed.id, owed.amount, payments))
    for payment in payments:
        for refund in case.airline.log.state(payment).refunds:
            case.submit(RecordRefund(payment, refund.id, Settled(f"re_{refund.id}")))


def flight_leaves(case: Case) -> None:
    """The flight departs and is closed for the booking."""
    now = case.before_departure(dt.timedelta())
    case.submit(DepartFlight(case.flight, now))
    case.submit(CloseFlight(case.booking, case.flight))


def gate_closes(case: Case) -> None:
    """It is too late to board."""
    case.before_departure(dt.timedelta(minutes=1))


def change_is_paid_and_completed(case: Case) -> None:
    """The new flight is paid for."""
    case.airline.pay(case.booking)
    case.submit(CompleteModification(case.booking, AIRLINE, (7,)))


def booking_is_cancelled(case: Case) -> None:
    """The customer cancels, and the refund arrives."""
    case.airline.cancel(case.booking)
    refund_arrives(case)


def passenger_boards(case: Case) -> None:
    """The passenger goes on board."""
    case.submit(Board(case.booking, 0, None))


# The command, where it leads, and each step of the system after it with where that leads.
PATHS: list[tuple[Prepared, Status, tuple[tuple[Step, Status], ...]]] = [
    (cancel, S.CANCELLED, ((refund_arrives, S.REFUNDED),)),
    (cancel_unpaid, S.CANCELLED, ()),
    (refund_disruption, S.CANCELLED, ((refund_arrives, S.REFUNDED),)),
    (check_in, S.CHECKED_IN, ((passenger_boards, S.BOARDED), (flight_leaves, S.COMPLETED))),
    (check_in, S.CHECKED_IN, ((flight_leaves, S.NO_SHOW),)),
    (check_in_all, S.CHECKED_IN, ((passenger_boards, S.BOARDED), (flight_leaves, S.COMPLETED))),
    (board, S.BOARDED, ((gate_closes, S.BOARDED), (flight_leaves, S.COMPLETED))),
    (board_all, S.BOARDED, ((gate_closes, S.BOARDED), (flight_leaves, S.COMPLETED))),
    (confirm, S.CONFIRMED, ((booking_is_cancelled, S.REFUNDED),)),
    (expire, S.EXPIRED, ()),
    (expire_declined, S.CANCELLED, ()),
    (
        modify,
        S.CONFIRMED,
        ((change_is_paid_and_completed, S.CONFIRMED), (booking_is_cancelled, S.REFUNDED)),
    ),
    (complete_modification, S.CONFIRMED, ((booking_is_cancelled, S.REFUNDED),)),
    (expire_modification, S.CONFIRMED, ((booking_is_cancelled, S.REFUNDED),)),
]


@pytest.mark.parametrize(
    ("prepare", "after", "later"), PATHS, ids=lambda part: getattr(part, "__name__", None)
)
def test_a_repeat_has_no_effect_in_any_later_state_of_its_path(
    prepare: Prepared, after: Status, later: tuple[tuple[Step, Status], ...]
) -> None:
    case = Case()
    command = prepare(case)
    case.submit(command)
    assert case.status is after
    _repeat(case, command)
    for step, leads_to in later:
        step(case)
        assert case.status is leads_to
        _repeat(case, command)


def _repeat(case: Case, command: Any) -> None:
    events, letters = len(case.airline.log.events), len(case.airline.log.outbox)
    case.submit(command)
    assert len(case.airline.log.events) == events
    assert len(case.airline.log.outbox) == letters


def test_a_refund_by_finance_is_no_cancellation() -> None:
    case = Case()
    command = cancel(case)
    case.submit(GrantRefund(case.booking, by="usr_finance"))
    refund_arrives(case)
    assert case.status is S.REFUNDED
    with pytest.raises(TransitionRefused):
        case.submit(command)
