"""Record a balance transaction of Stripe, with the entry for its fee and its exchange."""

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.kernel import ids
from domain.ledger import settlement as ledger_rules
from domain.settlement import transactions
from domain.settlement.state import Transaction


def stream_of(transaction: Transaction) -> str:
    """Return the stream of the transaction: that of its charge, which its refunds share."""
    return ids.settlement_stream(transaction.charge or transaction.id)


class RecordTransaction(Command, frozen=True):
    """Record the transaction; in whatever order those of one charge arrive."""

    transaction: Transaction

    @property
    def streams(self) -> tuple[str, ...]:
        """The settlement of its charge."""
        return (stream_of(self.transaction),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record it once per id."""
        stream = stream_of(self.transaction)
        settlement = context.load(stream_kinds.SETTLEMENT, stream)
        if transactions.is_recorded(settlement, self.transaction.id):
            return Reply(stream)
        moved = transactions.movement(settlement, self.transaction)
        exchange = moved.exchange
        entry = ledger_rules.transaction_entry(
            owner=stream,
            cost=moved.cost,
            exchanged=None if exchange is None else (exchange.charged, exchange.settled),
            residue=moved.residue,
            references=_references(self.transaction),
            now=context.now,
        )
        recorded = transactions.record(settlement, self.transaction, movement=moved, entry=entry)
        context.record(stream, recorded)
        return Reply(stream)


def _references(transaction: Transaction) -> tuple[str, ...]:
    named = (transaction.id, transaction.source, transaction.charge, transaction.intent)
    return tuple(dict.fromkeys(each for each in named if each is not None))
