"""Return the credit of a booking or a change that has ended without being paid."""

from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit import return_part


class ReturnUnusedCredit(Command, frozen=True):
    """Give back what credit was to pay of this amount."""

    payment_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Records nothing for an amount that is paid, or of which credit pays no part."""
        return_part.withdraw_all(context, self.payment_id)
        return Reply(self.payment_id)
