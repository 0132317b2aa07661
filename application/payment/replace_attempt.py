"""Replace an attempt whose session Stripe opens no more by another one, while it may be paid."""

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment import extend_hold, start_checkout
from application.policies import operating_rules
from domain.booking import sale, states
from domain.credit import gift_cards
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from domain.payment import rejections, replacement
from domain.payment.attempts import UNANSWERED
from domain.payment.state import Payment


class ReplaceAttempt(Command, frozen=True):
    """End the unanswered attempt, and start the one that takes its place.

    `code` is why Stripe has no session of it, or `found` is one that ends too soon.
    """

    payment_id: str
    attempt: str
    code: str = ""
    found: replacement.FoundSession | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; records nothing for an attempt that has an answer.

        The hold is extended first, because its payer was promised a link; where nothing may be paid
        any more, no other attempt follows.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        attempt = None if payment is None else payment.attempt(self.attempt)
        if payment is None or attempt is None:
            raise rejections.PaymentNotFound()
        if attempt.status not in UNANSWERED:
            return Reply(self.payment_id)
        if not payment.is_settled():
            extend_hold.extend(context, payment.booking, self.attempt)
        replaced = replacement.replace(
            payment,
            payment_id=self.payment_id,
            attempt=self.attempt,
            code=self.code,
            found=self.found,
            is_payable=_is_payable(context, self.payment_id, payment),
            lasts=operating_rules.hold_times(context).session,
            now=context.now,
        )
        context.record(self.payment_id, replaced)
        return Reply(self.payment_id)


def _is_payable(context: DecisionContext, payment_id: str, payment: Payment) -> bool:
    """Return whether what the payment is for is still due, and may be paid now."""
    try:
        if ids.is_credit_id(payment.booking):
            credit = context.load(stream_kinds.CREDIT, payment.booking)
            assert credit is not None, "a payment names a card that exists"
            gift_cards.require_payable(credit, now=context.now)
            return True
        return _is_booking_payable(context, payment_id, payment)
    except Rejection:
        return False


def _is_booking_payable(context: DecisionContext, payment_id: str, payment: Payment) -> bool:
    """Rejects what a checkout of the booking does."""
    if ids.is_without_booking(payment.booking):
        return False
    booking = context.load(stream_kinds.BOOKING, payment.booking)
    assert booking is not None, "a payment names a booking that exists"
    sale.require_checkout(booking, now=context.now)
    if booking.status in states.WAITLISTED:
        for segment in booking.segments:
            flight = context.load(stream_kinds.FLIGHT, segment.flight)
            assert flight is not None
            start_checkout.require_seats(
                payment.booking,
                booking,
                segment,
                flight,
                limits=operating_rules.sale_limits(context, flight),
                now=context.now,
            )
    return payment_id == ids.payment_stream(payment.booking, booking.payment_number())
