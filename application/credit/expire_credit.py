"""Let what is left of a credit whose time is over become revenue."""

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.read_credits import credit_of
from domain.credit import credits
from domain.ledger import credits as posting_rules


class ExpireCredit(Command, frozen=True):
    """Nothing is recorded before its time is over, or when nothing is left."""

    credit_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound."""
        credit = credit_of(context.load(stream_kinds.CREDIT, self.credit_id))
        entry = posting_rules.expired_entry(
            credit=self.credit_id, amount=credit.balance, now=context.now
        )
        context.record(self.credit_id, credits.expire(credit, now=context.now, entry=entry))
        return Reply(self.credit_id)
