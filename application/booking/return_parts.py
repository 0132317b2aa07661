"""Return the parts of an amount due whose booking or change has ended without being paid."""

from application.booking.settle_parked_funds import SettleParkedFunds
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext


class ReturnParts(Command, frozen=True):
    """Settle each capture of the payment that waited for the rest: no rest can come any more."""

    payment_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Records nothing for an amount that is paid or of which no part came, and leaves to others
        what is disputed, and what Stripe has not confirmed yet.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        for captured in () if payment is None else payment.kept():
            SettleParkedFunds(self.payment_id, captured.intent).decide(context)
        return Reply(self.payment_id)
