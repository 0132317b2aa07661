"""Balance transactions: what each posts that no other event posts, recorded once per id (S1)."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from domain.kernel import entries, money
from domain.settlement import categories
from domain.settlement.events import TransactionRecorded
from domain.settlement.state import Exchange, Settlement, Transaction


class Movement(msgspec.Struct, frozen=True):
    """What a transaction moves in the books; `residue` is the loss by exchange that it settles.

    `cost` is for processing fees. All in minor units of their currency; zero for nothing.
    """

    cost: money.Money
    exchange: Exchange | None
    residue: money.Money
    unknown: bool


def is_recorded(settlement: Settlement | None, transaction: str) -> bool:
    """Return whether the transaction is recorded (S1)."""
    return settlement is not None and transaction in settlement.transactions


def movement(settlement: Settlement | None, transaction: Transaction) -> Movement:
    """Return what the transaction moves after those that are recorded (S2, S3)."""
    known = settlement or Settlement()
    nothing = money.Money(0, transaction.gross.currency)
    treatment = categories.TREATMENTS.get(transaction.category)
    if treatment is None:
        return Movement(cost=nothing, exchange=None, residue=nothing, unknown=True)
    exchange = exchange_of(transaction)
    after = _with_exchange(known, transaction, exchange)
    residue = nothing
    if exchange is not None:
        posted = money.total(_in(known.residues, nothing.currency), nothing.currency)
        residue = _residue(after, exchange) - posted
    return Movement(
        cost=_cost(transaction, treatment),
        exchange=exchange,
        residue=residue,
        unknown=treatment.may_exchange and transaction.charged is None,
    )


def record(
    settlement: Settlement | None,
    transaction: Transaction,
    *,
    movement: Movement,
    entry: entries.Entry | None,
) -> list[TransactionRecorded]:
    """Record the transaction with the entry of its movement, once (S1)."""
    if is_recorded(settlement, transaction.id):
        return []
    return [
        TransactionRecorded(
            transaction=transaction,
            entry=entry,
            residue=movement.residue.amount,
            unknown=movement.unknown,
        )
    ]


def exchange_of(transaction: Transaction) -> Exchange | None:
    """Return the exchange of the transaction; None where it was settled in its own currency."""
    treatment = categories.TREATMENTS.get(transaction.category)
    charged = transaction.charged
    if treatment is None or not treatment.may_exchange or charged is None:
        return None
    if charged.currency == transaction.gross.currency:
        return None
    return Exchange(charged=charged, settled=transaction.gross)


def evolve(settlement: Settlement | None, event: TransactionRecorded) -> Settlement:
    """The settlement after the event; never rejects a stored fact."""
    known = settlement or Settlement()
    transaction = event.transaction
    after = _with_exchange(known, transaction, exchange_of(transaction))
    residue = money.Money(event.residue, transaction.gross.currency)
    return replace(
        after,
        transactions=known.transactions | {transaction.id},
        residues=(*known.residues, residue) if event.residue else known.residues,
    )


def _cost(transaction: Transaction, treatment: categories.Treatment) -> money.Money:
    """Return the processing fee of the transaction; all of it where it is a fee by itself."""
    if treatment.amount_by == "transaction":
        return -transaction.net
    if treatment.fee_by == "transaction":
        return transaction.fee
    return money.Money(0, transaction.fee.currency)


def _with_exchange(
    settlement: Settlement, transaction: Transaction, exchange: Exchange | None
) -> Settlement:
    if exchange is None:
        return settlement
    if transaction.category == categories.CHARGE:
        return replace(settlement, opened=(*settlement.opened, exchange))
    return replace(settlement, returned=(*settlement.returned, exchange))


def _residue(settlement: Settlement, like: Exchange) -> money.Money:
    """Return the loss by exchange in all: what was paid back beyond its share of what was received.

    Nothing is known before the charge itself is recorded: it then settles what its refunds left
    open (S4). What was settled in another currency than the charge stays on account 1015.
    """
    charged, settled = _sums(settlement.opened, like)
    returned_charged, returned_settled = _sums(settlement.returned, like)
    currency = like.settled.currency
    if charged == 0:
        return money.Money(0, currency)
    share = _rounded(settled * -returned_charged, charged)
    return money.Money(-returned_settled - share, currency)


def _sums(exchanges: Iterable[Exchange], like: Exchange) -> tuple[int, int]:
    """Return the sums of the exchanges between the two currencies of `like`."""
    same = [
        each
        for each in exchanges
        if each.charged.currency == like.charged.currency
        and each.settled.currency == like.settled.currency
    ]
    return sum(each.charged.amount for each in same), sum(each.settled.amount for each in same)


def _in(amounts: Iterable[money.Money], currency: str) -> list[money.Money]:
    return [each for each in amounts if each.currency == currency]


def _rounded(numerator: int, denominator: int) -> int:
    """Return the nearest integer, halves away from zero."""
    negative = (numerator < 0) is not (denominator < 0)
    whole = (2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator))
    return -whole if negative else whole
