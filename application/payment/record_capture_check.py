"""Record how Stripe's own list compares with a capture that only a signed event reported.

Whoever has the signing secret can report captures; only Stripe's list shows that money was taken.
"""

import msgspec

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.pay_gift_card import pay_gift_card
from domain.booking import suspension
from domain.kernel import ids, money
from domain.payment import captures, rejections
from domain.payment.captures import Contradiction
from domain.payment.state import Capture, CaptureCheck, Payment


class FoundIntent(msgspec.Struct, frozen=True):
    """An intent as Stripe has it: what it has taken (None: nothing), for which payment of ours.

    `card` is the last four digits of the card that paid.
    """

    captured: money.Money | None
    payment: str | None
    card: str | None = None


class RecordCaptureCheck(Command, frozen=True):
    """Record what Stripe has under the intent of a capture; `found` None: no such intent."""

    payment_id: str
    intent: str
    found: FoundIntent | None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; the same result again records nothing.

        A gift card is paid with the confirmation. A contradiction suspends the coupons of a booking
        that the money paid for, and its end reinstates them.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        before = None if payment is None else payment.capture(self.intent)
        if payment is None or before is None:
            raise rejections.PaymentNotFound()
        contradiction = self._contradiction(before)
        checked = captures.check(
            payment,
            intent=self.intent,
            contradiction=contradiction,
            card=None if self.found is None else self.found.card,
        )
        context.record(self.payment_id, checked)
        if ids.is_credit_id(payment.booking):
            pay_gift_card(context, self.payment_id, self.intent)
        elif checked and not before.parked:
            self._mark_booking(context, payment, before, contradiction)
        return Reply(self.payment_id)

    def _contradiction(self, capture: Capture) -> Contradiction | None:
        if self.found is None:
            return "unknown"
        if self.found.payment != self.payment_id:
            return "other_payment"
        if self.found.captured is None:
            return "not_captured"
        return None if self.found.captured == capture.amount else "amount_differs"

    def _mark_booking(
        self,
        context: DecisionContext,
        payment: Payment,
        before: Capture,
        contradiction: Contradiction | None,
    ) -> None:
        """Suspend the coupons, or reinstate those that were suspended.

        So are those of passengers who have left for bookings of their own since they were paid for.
        """
        if contradiction is None and before.check is not CaptureCheck.CONTRADICTED:
            return
        named = {"payment": self.payment_id, "intent": self.intent}
        waiting = [payment.booking]
        while waiting:
            booking_id = waiting.pop()
            booking = context.load(stream_kinds.BOOKING, booking_id)
            assert booking is not None, "applied money belongs to a booking"
            if contradiction is None:
                context.record(booking_id, suspension.reinstate(booking, **named))
            else:
                suspended = suspension.suspend(booking, **named, reason=contradiction)
                context.record(booking_id, suspended)
            waiting += [each.booking for each in booking.divided_into]
