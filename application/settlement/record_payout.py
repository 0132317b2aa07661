"""Record how far a payout has come, and what it paid out."""

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.settlement.gateway import ProviderPayout
from domain.kernel import ids, money
from domain.ledger import settlement as ledger_rules
from domain.settlement import payouts
from domain.settlement.state import Payout, PayoutStatus

# Stripe's words for a payout whose money is in its balance again.
RETURNED = frozenset({"failed", "canceled"})


class RecordPayout(Command, frozen=True):
    """Record the payout as Stripe reports it; an earlier report that arrives later changes nothing.

    The amount that is moved is always the one of its beginning.
    """

    reported: ProviderPayout

    @property
    def streams(self) -> tuple[str, ...]:
        """The payout."""
        return (ids.payout_stream(self.reported.id),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record what is new, each step once."""
        stream = ids.payout_stream(self.reported.id)
        payout = _created(context, stream, self.reported)
        if self.reported.status == "paid":
            entry = ledger_rules.payout_paid_entry(
                owner=stream,
                amount=payout.amount,
                references=(self.reported.id,),
                now=context.now,
            )
            context.record(stream, payouts.pay(payout, entry=entry))
        elif self.reported.status in RETURNED:
            entry = ledger_rules.payout_failed_entry(
                owner=stream,
                amount=payout.amount,
                after_paid=payout.status is PayoutStatus.PAID,
                references=(self.reported.id,),
                now=context.now,
            )
            code = self.reported.failure_code or self.reported.status
            context.record(stream, payouts.fail(payout, code=code, entry=entry))
        return Reply(stream)


class ReconcilePayout(Command, frozen=True):
    """Record the transactions that the payout paid out, as Stripe has completed their list."""

    reported: ProviderPayout
    transactions: tuple[str, ...]
    paid_out: money.Money

    @property
    def streams(self) -> tuple[str, ...]:
        """The payout."""
        return (ids.payout_stream(self.reported.id),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record the list, and again only where it has changed."""
        stream = ids.payout_stream(self.reported.id)
        payout = _created(context, stream, self.reported)
        reconciled = payouts.reconcile(
            payout, transactions=self.transactions, paid_out=self.paid_out
        )
        context.record(stream, reconciled)
        return Reply(stream)


def _created(context: DecisionContext, stream: str, reported: ProviderPayout) -> Payout:
    payout = context.load(stream_kinds.PAYOUT, stream)
    created = payouts.create(
        payout,
        amount=reported.amount,
        automatic=reported.automatic,
        arrives_on=reported.arrives_on,
        created_at=reported.created_at,
        entry=ledger_rules.payout_created_entry(
            owner=stream, amount=reported.amount, references=(reported.id,), now=context.now
        ),
    )
    context.record(stream, created)
    payout = context.load(stream_kinds.PAYOUT, stream)
    assert payout is not None
    return payout
