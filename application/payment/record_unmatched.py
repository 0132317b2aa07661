"""Record money that Stripe took and that names no payment of ours: in the books, and parked.

It has a payment of its own, whose booking is the intent, so that it is listed, refunded and posted
like any other parked money.
"""

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.kernel import ids, money
from domain.ledger import rules as ledger_rules
from domain.payment import attempts, captures

NUMBER = 1


def stream_of(intent: str) -> str:
    """Return the payment stream of an intent that matches no booking."""
    return ids.payment_stream(intent, NUMBER)


class RecordUnmatchedMoney(Command, frozen=True):
    """Record the money of a payment intent that has succeeded; `card` as in RecordCapture.

    What was charged once more for an intent that is recorded has a `number` of its own.
    """

    intent: str
    charge: str
    amount: money.Money
    number: int = NUMBER
    card: str | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """The payment of the intent."""
        return (ids.payment_stream(self.intent, self.number),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record it once, whatever is reported again."""
        stream = ids.payment_stream(self.intent, self.number)
        if context.load(stream_kinds.PAYMENT, stream) is not None:
            return Reply(stream)
        context.record(stream, attempts.request(None, booking=self.intent, due=self.amount))
        payment = context.load(stream_kinds.PAYMENT, stream)
        assert payment is not None
        entry = ledger_rules.capture_entry(
            booking=self.intent,
            amount=self.amount,
            references=(self.intent, self.charge),
            now=context.now,
        )
        captured = captures.capture(
            payment,
            attempt="",
            intent=self.intent,
            charge=self.charge,
            amount=self.amount,
            entry=entry,
            card=self.card,
        )
        context.record(stream, captured)
        payment = context.load(stream_kinds.PAYMENT, stream)
        assert payment is not None
        reason: captures.ParkReason = "unmatched" if self.number == NUMBER else "duplicate"
        context.record(stream, captures.park(payment, intent=self.intent, reason=reason))
        return Reply(stream)
