"""Settle captured money that its booking could not take, by rule: seats again, or the money back.

What a gift card could not take goes back.

Follows from the event that parks the money; a timer tries again what could not be settled then.
What only a signature reported is not settled before Stripe has confirmed it.
"""

from application.booking import letters, reseat_booking
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.gift_card_letters import GiftCardReturnedMoneyLetter
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.booking import sale, states
from domain.booking.state import Booking
from domain.kernel import ids
from domain.payment import captures, rejections
from domain.payment.state import Capture, CaptureCheck, Payment


class SettleParkedFunds(Command, frozen=True):
    """Settle the parked money of this intent, once."""

    payment_id: str
    intent: str

    def decide(self, context: DecisionContext) -> Reply:
        """Records nothing for money that is settled, cannot be settled yet, or is finance's.

        Finance's is what matches no booking, is disputed, or was taken back by its bank.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        captured = None if payment is None else payment.capture(self.intent)
        if payment is None or captured is None or not _is_open(payment, captured):
            return Reply(self.payment_id)
        if ids.is_credit_id(payment.booking):
            _refund(context, self.payment_id, payment, captured)
            return Reply(self.payment_id)
        booking = context.load(stream_kinds.BOOKING, payment.booking)
        assert booking is not None, "a payment of a booking names one that exists"
        if captured.is_kept() and _may_still_be_paid(self.payment_id, payment, booking, context):
            return Reply(self.payment_id)
        if not reseat_booking.reseat(context, self.payment_id, self.intent):
            _refund(context, self.payment_id, payment, captured)
        return Reply(self.payment_id)


def _is_open(payment: Payment, captured: Capture) -> bool:
    """Whether the money is parked, known to Stripe, and ours, and may be returned now."""
    if captured.owed_by is not None or captured.check not in {None, CaptureCheck.PASSED}:
        return False
    if ids.is_intent(payment.booking):
        return False
    try:
        captures.require_returnable(payment, captured.intent)
    except (rejections.FundsNotParked, rejections.ChargeDisputed):
        return False
    return True


def _may_still_be_paid(
    payment_id: str, payment: Payment, booking: Booking, context: DecisionContext
) -> bool:
    """Whether the rest of the amount due can still come, or has been paid for."""
    if payment.is_settled():
        return False
    if payment_id != ids.payment_stream(payment.booking, booking.payment_number()):
        return False
    if booking.awaits_change and booking.status in states.TICKETED:
        return True
    if booking.status not in states.UNPAID:
        return False
    waits_for_bank = any(each.bank_decides for each in payment.live_attempts())
    return waits_for_bank or sale.is_hold_running(booking, now=context.now)


def _refund(context: DecisionContext, payment_id: str, payment: Payment, captured: Capture) -> None:
    ReturnParkedFunds(payment_id, captured.intent).decide(context)
    back = captured.unapplied()
    if ids.is_credit_id(payment.booking):
        letter = GiftCardReturnedMoneyLetter(
            credit_id=payment.booking,
            intent=captured.intent,
            amount=back.amount,
            currency=back.currency,
        )
        context.enqueue(letter)
        return
    context.enqueue(
        letters.ReturnedMoneyLetter(
            booking_id=payment.booking,
            about=captured.intent,
            amount=back.amount,
            currency=back.currency,
            reason=captured.parked_for or "late",
        )
    )
