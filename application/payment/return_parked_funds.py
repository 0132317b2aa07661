"""Return parked money to its payer: late, duplicate, a surplus, or without a booking.

The refund is drawn from the capture that was parked. No ticket and no coupon is touched.
"""

import msgspec

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment.refund_payment import RefundPayment
from domain.kernel import ids
from domain.ledger import rules as ledger_rules
from domain.payment import captures, rejections
from domain.payment.state import Payment


class ReturnedFunds(msgspec.Struct, frozen=True):
    """The refunds of the money; `replayed` when the command was carried out before."""

    refunds: tuple[str, ...]
    replayed: bool


async def return_parked_funds(
    bus: CommandBus, caller: Caller, payment_id: str, intent: str
) -> ReturnedFunds:
    """Return the money; the caller's role was checked. Rejects what the command does."""
    if not ids.is_payment_id(payment_id):
        raise rejections.PaymentNotFound()
    outcome = await bus.submit(
        caller.envelope(ReturnParkedFunds(payment_id=payment_id, intent=intent))
    )
    refunds = tuple(outcome.answer.ids["refunds"].split(","))
    return ReturnedFunds(refunds, outcome.replayed)


class ReturnParkedFunds(Command, frozen=True):
    """Refund all that is parked of this intent, once."""

    payment_id: str
    intent: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound and FundsNotParked; the same money again records nothing.

        The answer's `refunds` are the refunds, joined by a comma.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        captured = None if payment is None else payment.capture(self.intent)
        if payment is None or captured is None:
            raise rejections.PaymentNotFound()
        amount = captured.unapplied()
        captures.require_returnable(payment, self.intent)
        obligation = ids.parked_obligation_id(self.payment_id, self.intent)
        owed = captures.owe_parked(
            payment,
            intent=self.intent,
            obligation=obligation,
            entry=ledger_rules.parked_funds_owed_entry(
                booking=payment.booking,
                amount=amount,
                references=(captured.intent, captured.charge),
                now=context.now,
            ),
        )
        context.record(self.payment_id, owed)
        command = RefundPayment(
            booking_id=payment.booking,
            obligation=obligation,
            amount=amount,
            payment_ids=_payments(self.payment_id, payment, context),
            intent=self.intent,
            else_others=True,
        )
        requested = command.decide(context).ids
        return Reply(self.payment_id, {"refunds": ",".join(requested.values())})


def _payments(payment_id: str, payment: Payment, context: DecisionContext) -> tuple[str, ...]:
    """Return the payment and then the others of its booking, the newest first."""
    if ids.prefix_of(payment.booking) != ids.StreamPrefix.BOOKING:
        return (payment_id,)
    booking = context.load(stream_kinds.BOOKING, payment.booking)
    assert booking is not None, "a payment of a booking names one that exists"
    others = [each for each in reversed(booking.payments) if each != payment_id]
    return (payment_id, *others)
