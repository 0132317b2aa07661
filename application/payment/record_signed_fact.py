"""Record what a signed event states: its effect, and that the event is done, are one append."""

from application import ports
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment.signed_facts import SignedFact
from domain.payment import rejections


class NotAsRecorded(Exception):
    """The event disagrees with what we know, in an amount or an id: it is only a hint."""


class RecordSignedFact(Command, frozen=True):
    """Carry out the command of the fact if it agrees with the payment that it names."""

    fact: SignedFact
    event: ports.StripeEvent

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams of the fact's command."""
        return self.fact.command.streams

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; raises NotAsRecorded; a known fact records nothing."""
        payment = context.load(stream_kinds.PAYMENT, self.fact.command.payment_id)
        if payment is None:
            raise rejections.PaymentNotFound()
        if payment.booking != self.fact.booking or not self.fact.agrees(payment):
            raise NotAsRecorded()
        context.finish_stripe_event(self.event)
        return self.fact.command.decide(context)
