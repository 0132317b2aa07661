"""Writes transactions, payouts and comparisons, sums account 1010, and pairs amounts (S2)."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from application.commands import stream_kinds
from domain.kernel import entries, ids, money
from domain.kernel.events import DomainEvent
from domain.ledger import accounts
from domain.payment import dispute_events, external_refund_events
from domain.payment import events as payment_events
from domain.settlement import categories
from domain.settlement import events as settlement_events
from domain.settlement.state import PayoutStatus, Transaction
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

TRANSACTIONS = "settled_transactions"
PAYOUTS = "settled_payouts"
PAID_OUT = "paid_out_transactions"
CLEARING = "stripe_clearing"
AMOUNTS = "settled_amounts"
COMPARISONS = "balance_comparisons"


class TransactionRow(msgspec.Struct, frozen=True):
    """A balance transaction."""

    transaction: str
    type: str
    category: str
    source: str | None
    gross: int
    fee: int
    currency: str
    charged: int | None
    charged_currency: str | None
    exchange_rate: str | None
    available_on: dt.date
    created_at: dt.datetime
    booking: str | None
    payment: str | None
    unknown: bool
    recorded_at: dt.datetime


class PayoutRow(msgspec.Struct):
    """A payout, in its status `since`."""

    payout: str
    amount: int
    currency: str
    automatic: bool
    status: str
    arrives_on: dt.date
    created_at: dt.datetime
    since: dt.datetime
    failure_code: str | None = None
    transaction_count: int | None = None
    paid_out: int | None = None


class PaidOutRow(msgspec.Struct, frozen=True):
    """A transaction and the payout that paid it out."""

    transaction: str
    payout: str


class ClearingRow(msgspec.Struct, frozen=True):
    """Account 1010 in a currency, or what a batch adds to it."""

    currency: str
    amount: int


class AmountRow(msgspec.Struct):
    """The amount of a capture, a refund or a failed refund: as booked, and as Stripe lists it."""

    amount_of: str
    source: str
    currency: str
    booked: int | None
    listed: int | None
    since: dt.datetime


class ComparisonRow(msgspec.Struct, frozen=True):
    """One currency of a comparison."""

    comparison: str
    position: int
    day: str
    currency: str
    booked: int
    reported: int
    awaited: int
    compared_at: dt.datetime


class Side(msgspec.Struct, frozen=True):
    """One side of an amount: `category` is Stripe's, `source` the object at Stripe.

    Of a dispute it is the balance transaction, by which the dispute books: it may have several.
    """

    category: str
    source: str
    amount: money.Money

    @property
    def key(self) -> str:
        """Return the key of the amount."""
        return f"{self.category}:{self.source}:{self.amount.currency}"


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Apply the events, each table in one statement."""
    _apply_transactions(cursor, events)
    _apply_payouts(cursor, events)
    _apply_amounts(cursor, events)
    rows.add(cursor, CLEARING, ("currency",), "amount", _clearing(events))
    compared = [row for each in events for row in comparison_rows(each)]
    last = {row.comparison: row for row in compared}
    rows.upsert(cursor, COMPARISONS, ("comparison",), list(last.values()))


def _apply_transactions(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    found = {
        row.transaction: row
        for each in events
        if isinstance(each.event, settlement_events.TransactionRecorded)
        for row in [transaction_row(each.event, each.recorded_at)]
    }
    rows.upsert(cursor, TRANSACTIONS, ("transaction",), list(found.values()))


def transaction_row(
    event: settlement_events.TransactionRecorded, recorded_at: dt.datetime
) -> TransactionRow:
    """Return the row of a transaction."""
    each = event.transaction
    return TransactionRow(
        transaction=each.id,
        type=each.type,
        category=each.category,
        source=each.source,
        gross=each.gross.amount,
        fee=each.fee.amount,
        currency=each.gross.currency,
        charged=None if each.charged is None else each.charged.amount,
        charged_currency=None if each.charged is None else each.charged.currency,
        exchange_rate=each.exchange_rate,
        available_on=each.available_on,
        created_at=each.created_at,
        booking=each.booking,
        payment=each.payment,
        unknown=event.unknown,
        recorded_at=recorded_at,
    )


def _apply_payouts(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    about = [each for each in events if ids.prefix_of(each.stream) == ids.StreamPrefix.PAYOUT]
    if not about:
        return
    touched = {ids.payout_of(each.stream) for each in about}
    known = {row.payout: row for row in rows.load(cursor, PAYOUTS, "payout", touched, PayoutRow)}
    paid_out: dict[str, PaidOutRow] = {}
    for logged in about:
        payout = ids.payout_of(logged.stream)
        match logged.event:
            case settlement_events.PayoutCreated() as event:
                known[payout] = _created(payout, event, logged.recorded_at)
            case settlement_events.PayoutPaid():
                _move(known[payout], PayoutStatus.PAID, logged.recorded_at)
            case settlement_events.PayoutFailed(code=code):
                _move(known[payout], PayoutStatus.FAILED, logged.recorded_at)
                known[payout].failure_code = code
            case settlement_events.PayoutReconciled() as event:
                known[payout].transaction_count = len(event.transactions)
                known[payout].paid_out = event.paid_out.amount
                paid_out |= {each: PaidOutRow(each, payout) for each in event.transactions}
            case other:
                raise AssertionError(f"{other.tag} is not among the wanted events")
    rows.upsert(cursor, PAYOUTS, ("payout",), list(known.values()))
    rows.upsert(cursor, PAID_OUT, ("transaction",), list(paid_out.values()))


def _created(
    payout: str, event: settlement_events.PayoutCreated, recorded_at: dt.datetime
) -> PayoutRow:
    return PayoutRow(
        payout=payout,
        amount=event.amount.amount,
        currency=event.amount.currency,
        automatic=event.automatic,
        status=PayoutStatus.IN_TRANSIT,
        arrives_on=event.arrives_on,
        created_at=event.created_at,
        since=recorded_at,
    )


def _move(row: PayoutRow, status: PayoutStatus, since: dt.datetime) -> None:
    row.status = status
    row.since = since


def _apply_amounts(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    booked = [(each, side) for each in events for side in booked_sides(each.event)]
    listed = [(each, side) for each in events for side in listed_sides(each.event)]
    touched = {side.key for _, side in (*booked, *listed)}
    if not touched:
        return
    known = {
        row.amount_of: row for row in rows.load(cursor, AMOUNTS, "amount_of", touched, AmountRow)
    }
    for logged, side in booked:
        _amount_row(known, logged, side).booked = side.amount.amount
    for logged, side in listed:
        _amount_row(known, logged, side).listed = side.amount.amount
    rows.upsert(cursor, AMOUNTS, ("amount_of",), list(known.values()))


def _amount_row(known: dict[str, AmountRow], logged: LoggedEvent, side: Side) -> AmountRow:
    """Return the row of the amount; `since` is the earlier of its sides."""
    row = known.get(side.key)
    if row is None:
        row = AmountRow(side.key, side.source, side.amount.currency, None, None, logged.recorded_at)
        known[side.key] = row
    row.since = min(row.since, logged.recorded_at)
    return row


def booked_sides(event: DomainEvent) -> list[Side]:
    """Return the amounts at Stripe that are booked by this event."""
    match event:
        case payment_events.PaymentCaptured():
            return [Side(categories.CHARGE, event.charge, event.amount)]
        case payment_events.RefundAccepted():
            return _refunded(categories.REFUND, event.provider_refund, event.entry)
        case payment_events.RefundFailed():
            return _refunded(categories.REFUND_FAILURE, event.entry.references[0], event.entry)
        case external_refund_events.ExternalRefundRecorded():
            return _refunded(categories.REFUND, event.provider_refund, event.entry)
        case external_refund_events.ExternalRefundFailed():
            return _refunded(categories.REFUND_FAILURE, event.provider_refund, event.entry)
        case dispute_events.DisputeFundsWithdrawn():
            return _disputed(categories.DISPUTE, event.transaction, -event.amount, -event.fee)
        case dispute_events.DisputeFundsReinstated():
            return _disputed(
                categories.DISPUTE_REVERSAL, event.transaction, event.amount, event.fee
            )
        case _:
            return []


def _refunded(category: str, refund: str, entry: entries.Entry) -> list[Side]:
    return [
        Side(category, refund, money.Money(posting.amount, posting.currency))
        for posting in entry.postings
        if posting.account == accounts.STRIPE_CLEARING
    ]


def _disputed(category: str, transaction: str, amount: money.Money, fee: money.Money) -> list[Side]:
    sides = (
        Side(category, transaction, amount),
        Side(categories.DISPUTE_FEE, transaction, fee),
    )
    return [each for each in sides if each.amount.amount]


def listed_sides(event: DomainEvent) -> list[Side]:
    """Return the amounts that a payment or dispute has to book for this transaction."""
    if not isinstance(event, settlement_events.TransactionRecorded):
        return []
    transaction: Transaction = event.transaction
    treatment = categories.TREATMENTS.get(transaction.category)
    if treatment is None or transaction.charged is None or transaction.source is None:
        return []
    if treatment.amount_by == "payment":
        return [Side(transaction.category, transaction.source, transaction.charged)]
    if treatment.amount_by == "dispute":
        sides = (
            Side(transaction.category, transaction.id, transaction.charged),
            Side(categories.DISPUTE_FEE, transaction.id, -transaction.fee),
        )
        return [each for each in sides if each.amount.amount]
    return []


def _clearing(events: Iterable[LoggedEvent]) -> list[ClearingRow]:
    sums: dict[str, int] = {}
    for each in events:
        entry: entries.Entry | None = getattr(each.event, "entry", None)
        for posting in () if entry is None else entry.postings:
            if posting.account == accounts.STRIPE_CLEARING:
                sums[posting.currency] = sums.get(posting.currency, 0) + posting.amount
    return [ClearingRow(currency, amount) for currency, amount in sums.items()]


def comparison_rows(logged: LoggedEvent) -> list[ComparisonRow]:
    """Return the rows of a comparison; none for another event."""
    if not isinstance(logged.event, settlement_events.BalanceCompared):
        return []
    day = ids.clearing_day(logged.stream)
    return [
        ComparisonRow(
            comparison=f"{day}:{each.currency}",
            position=logged.position,
            day=day,
            currency=each.currency,
            booked=each.booked,
            reported=each.reported,
            awaited=each.awaited,
            compared_at=logged.recorded_at,
        )
        for each in logged.event.balances
    ]


PROJECTION = Projection(
    name="stripe_settlement",
    event_types=(
        *(kind for kind in stream_kinds.EVENT_TYPES.values() if "entry" in kind.__struct_fields__),
        settlement_events.PayoutReconciled,
        settlement_events.BalanceCompared,
    ),
    apply=apply,
    stops_on_poison=True,
)
