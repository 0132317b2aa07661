"""Record money that Stripe captured: the capture and the booking's `paid` are one append.

Money that does not fit (booking expired, other amount, paid already) is recorded all the same,
stays in unapplied funds and is parked with the reason: nothing that was taken is ever lost.
"""

from collections.abc import Sequence

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking import rejections as booking_rejections
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory import decisions as flight_decisions
from domain.inventory import rejections as flight_rejections
from domain.inventory import rules as flight_rules
from domain.inventory import waitlist
from domain.kernel import ids, money
from domain.kernel.events import DomainEvent
from domain.ledger import rules as ledger_rules
from domain.payment import decisions as payment_decisions
from domain.payment import rejections
from domain.payment.rules import ParkReason
from domain.payment.state import Payment, evolve

Changes = tuple[tuple[str, Sequence[DomainEvent]], ...]


class RecordCapture(msgspec.Struct, frozen=True):
    """What Stripe says now of one payment intent that has succeeded."""

    payment: str
    booking: str
    attempt: str
    intent: str
    charge: str
    amount: money.Money

    @property
    def hints(self) -> tuple[str, ...]:
        """Payment and booking."""
        return (self.payment, self.booking)


def record_capture(command: RecordCapture, reading: Reading) -> Decision:
    """Rejects PaymentNotFound; a capture told before records nothing new."""
    payment = reading.load(streams.PAYMENT, command.payment)
    booking = reading.load(streams.BOOKING, command.booking)
    if payment is None or booking is None or payment.booking != command.booking:
        raise rejections.PaymentNotFound()
    captured = payment_decisions.capture(
        payment,
        attempt=command.attempt,
        intent=command.intent,
        charge=command.charge,
        amount=command.amount,
        entry=ledger_rules.capture_entry(
            booking=command.booking,
            amount=command.amount,
            references=(command.intent, command.charge),
            now=reading.now,
        ),
    )
    if not captured:
        return Decision(answer_stream=command.payment)
    after = payment
    for event in captured:
        after = evolve(after, event)
    try:
        applied = _apply(command, booking, payment, reading)
    except _NotApplicable as reason:
        parked = payment_decisions.park(after, intent=command.intent, reason=reason.reason)
        return Decision(
            answer_stream=command.payment, events=((command.payment, (*captured, *parked)),)
        )
    return Decision(answer_stream=command.payment, events=((command.payment, captured), *applied))


class _NotApplicable(Exception):
    """The money stays in unapplied funds."""

    def __init__(self, reason: ParkReason) -> None:
        super().__init__(reason)
        self.reason = reason


def _apply(command: RecordCapture, booking: Booking, payment: Payment, reading: Reading) -> Changes:
    """What the money does to the booking and its flights; raises _NotApplicable."""
    if payment.is_settled():
        raise _NotApplicable("duplicate")
    if command.payment != ids.payment_stream(command.booking, booking.payment_number()):
        raise _NotApplicable("late")
    try:
        seats = _take_seats(command, booking, reading)
        paid = booking_decisions.pay(booking, payment=command.payment, captured=command.amount)
    except booking_rejections.BookingHasExpired:
        raise _NotApplicable("late") from None
    except booking_rejections.AmountDiffers:
        raise _NotApplicable("amount_differs") from None
    except booking_rejections.TransitionRefused:
        raise _NotApplicable("not_payable") from None
    except (flight_rejections.SeatsUnavailable, flight_rejections.SalesClosed):
        raise _NotApplicable("no_seats") from None
    return ((command.booking, paid), *seats)


def _take_seats(command: RecordCapture, booking: Booking, reading: Reading) -> Changes:
    """A booking that waits for seats takes them with its money, or does not take the money."""
    if booking.status is not Status.PENDING:
        return ()
    taken: list[tuple[str, Sequence[DomainEvent]]] = []
    for segment in booking.segments:
        flight = reading.load(streams.FLIGHT, segment.flight)
        assert flight is not None
        left = waitlist.leave(flight, booking=command.booking, reason="paid")
        held = flight_decisions.hold(
            flight,
            booking=command.booking,
            cabin=segment.cabin,
            fare_class=segment.fare_class,
            seat_count=booking.seat_count,
            until=flight_rules.hold_until(now=reading.now),
            now=reading.now,
        )
        taken.append((segment.flight, [*left, *held]))
    return tuple(taken)
