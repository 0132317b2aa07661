"""Return the credit of a booking or a change that has ended without being paid."""

from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit import return_part


class ReturnUnusedCredit(Command, frozen=True):
    """Give back what credit was to pay of these amounts."""

    booking_id: str
    payment_ids: tuple[str, ...]

    @property
    def streams(self) -> tuple[str, ...]:
        """The payments."""
        return self.payment_ids

    def decide(self, context: DecisionContext) -> Reply:
        """Records nothing for an amount that is paid, or of which credit pays no part."""
        for payment_id in self.payment_ids:
            return_part.withdraw_all(context, payment_id)
        return Reply(self.booking_id)
