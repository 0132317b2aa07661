"""What is read of balance transactions, payouts and the balance, as it becomes the port's types.

A transaction is never refused because of its source: what cannot be read of that is left out.
"""

import datetime as dt
import logging
from decimal import Decimal

import msgspec

from application.settlement import gateway
from domain.kernel import ids, money
from domain.settlement.state import Transaction

_NOTHING = msgspec.Raw(b"null")

logger = logging.getLogger(__name__)


class Source(msgspec.Struct, frozen=True):
    """What is read of the object that a transaction is about: a charge, a refund, a dispute, …"""

    id: str
    object: str
    amount: int | None = None
    amount_captured: int | None = None
    currency: str | None = None
    charge: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None

    def charged(self, *, negative: bool) -> money.Money | None:
        """Return the amount in the source's own currency, with the sign of the transaction."""
        amount = self.amount_captured if self.object == "charge" else self.amount
        if amount is None or self.currency is None:
            return None
        return money.Money(-abs(amount) if negative else abs(amount), self.currency.upper())


class BalanceTransaction(msgspec.Struct, frozen=True):
    """What is read of a balance transaction; the source is there whole where it was asked for."""

    id: str
    type: str
    reporting_category: str
    amount: int
    fee: int
    currency: str
    available_on: int
    created: int
    exchange_rate: Decimal | None = None
    source: msgspec.Raw = _NOTHING


class BalanceTransactions(msgspec.Struct, frozen=True):
    """A page of transactions, the newest first."""

    data: list[BalanceTransaction]
    has_more: bool


class Trace(msgspec.Struct, frozen=True):
    """The id that banks may print for a payout; without a value while or where there is none."""

    value: str | None = None


class Payout(msgspec.Struct, frozen=True):
    """What is read of a payout; an unknown status is refused, and never read as a known one."""

    id: str
    status: gateway.PayoutWord
    amount: int
    currency: str
    automatic: bool
    arrival_date: int
    created: int
    failure_code: str | None = None
    reconciliation_status: str | None = None
    trace_id: Trace | None = None


class BalanceAmount(msgspec.Struct, frozen=True):
    """One currency of the balance."""

    amount: int
    currency: str


class Balance(msgspec.Struct, frozen=True):
    """What is read of the balance: funds that can be paid out, and those that will be."""

    available: list[BalanceAmount]
    pending: list[BalanceAmount]


def listed_transaction(read: BalanceTransaction) -> gateway.ListedTransaction:
    """Return the transaction as the port has it."""
    source = _source(read.source)
    currency = read.currency.upper()
    metadata = {} if source is None else source.metadata or {}
    transaction = Transaction(
        id=read.id,
        type=read.type,
        category=read.reporting_category,
        gross=money.Money(read.amount, currency),
        fee=money.Money(read.fee, currency),
        available_on=_instant(read.available_on).date(),
        created_at=_instant(read.created),
        source=_source_id(read.source),
        charged=None if source is None else source.charged(negative=read.amount < 0),
        exchange_rate=None if read.exchange_rate is None else format(read.exchange_rate, "f"),
        charge=None if source is None else _charge_of(source),
        intent=None if source is None else source.payment_intent,
        booking=_paid_for(metadata.get("booking", "")),
        payment=_payment_id(metadata.get("payment", "")),
    )
    return gateway.ListedTransaction(transaction, _payout_of(read.source, source))


def provider_payout(read: Payout) -> gateway.ProviderPayout:
    """Return the payout as the port has it."""
    return gateway.ProviderPayout(
        id=read.id,
        status=read.status,
        amount=money.Money(read.amount, read.currency.upper()),
        automatic=read.automatic,
        arrives_on=_instant(read.arrival_date).date(),
        created_at=_instant(read.created),
        failure_code=read.failure_code,
        reconciled=read.reconciliation_status == "completed",
        trace=None if read.trace_id is None else read.trace_id.value or None,
    )


def balances(read: Balance) -> list[money.Money]:
    """Return available and pending funds together, by currency."""
    sums: dict[str, int] = {}
    for each in (*read.available, *read.pending):
        currency = each.currency.upper()
        sums[currency] = sums.get(currency, 0) + each.amount
    return [money.Money(amount, currency) for currency, amount in sorted(sums.items())]


def _source(raw: msgspec.Raw) -> Source | None:
    try:
        return msgspec.json.decode(raw, type=Source)
    except msgspec.ValidationError:
        return None


def _source_id(raw: msgspec.Raw) -> str | None:
    """Return the id, also of a source that was not sent whole or has another form."""
    found = msgspec.json.decode(raw)
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) else None


def _charge_of(source: Source) -> str | None:
    return source.id if source.object == "charge" else source.charge


def _payout_of(raw: msgspec.Raw, source: Source | None) -> gateway.ProviderPayout | None:
    """Return the payout that the transaction is about.

    One in a form that we do not know holds up no other transaction: the comparison with Stripe's
    balance shows what is not posted.
    """
    if source is None or source.object != "payout":
        return None
    try:
        return provider_payout(msgspec.json.decode(raw, type=Payout))
    except msgspec.ValidationError as error:
        logger.error("payout %s cannot be read: %s", source.id, error)
        return None


def _paid_for(text: str) -> str | None:
    """Return the booking or the gift card; None for other texts."""
    return text if ids.is_credit_id(text) else ids.booking_id_of(text)


def _payment_id(text: str) -> str | None:
    return text if ids.is_payment_id(text) else None


def _instant(second: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(second, dt.UTC)
