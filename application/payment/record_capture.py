"""Record money that Stripe captured: the capture and the booking's `paid` are one append.

Money that does not fit (booking expired, other amount, paid already) is recorded all the same,
stays in unapplied funds and is parked with the reason: nothing that was taken is ever lost.
"""

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking import rejections as booking_rejections
from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.kernel import money
from domain.ledger import rules as ledger_rules
from domain.payment import decisions as payment_decisions
from domain.payment import rejections
from domain.payment.events import PaymentEvent
from domain.payment.rules import ParkReason
from domain.payment.state import Payment, evolve


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
    paid, parked = _apply(command, booking, payment, captured)
    return Decision(
        answer_stream=command.payment,
        events=((command.payment, (*captured, *parked)), (command.booking, paid)),
    )


def _apply(
    command: RecordCapture, booking: Booking, payment: Payment, captured: list[PaymentEvent]
) -> tuple[list[BookingEvent], list[PaymentEvent]]:
    """The booking's events, or the parking of the money with the reason."""
    after = payment
    for event in captured:
        after = evolve(after, event)
    if payment.is_settled():
        return [], payment_decisions.park(after, intent=command.intent, reason="duplicate")
    reason: ParkReason
    try:
        return booking_decisions.pay(booking, payment=command.payment, captured=command.amount), []
    except booking_rejections.BookingHasExpired:
        reason = "late"
    except booking_rejections.AmountDiffers:
        reason = "amount_differs"
    except booking_rejections.TransitionRefused:
        reason = "not_payable"
    return [], payment_decisions.park(after, intent=command.intent, reason=reason)
