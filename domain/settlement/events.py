"""All events of what Stripe settles; the tags and fields are a storage contract.

They belong to three kinds of stream: settlements (of a charge, or of one other object), payouts,
and the clearing account on one day.
"""

import datetime as dt
from typing import ClassVar

from domain.kernel import entries, money
from domain.kernel.events import DomainEvent
from domain.settlement.state import ComparedBalance, Transaction


class TransactionRecorded(DomainEvent, frozen=True, omit_defaults=True):
    """A balance transaction of Stripe; the entry posts what no other event posts.

    `residue` is the loss (negative: the gain) by exchange that it settles, in minor units of its
    settlement currency. `unknown`: its category is not known, or its source could not be read; then
    finance decides about it.
    """

    tag: ClassVar[str] = "settlement.transaction_recorded.1"
    transaction: Transaction
    entry: entries.Entry | None = None
    residue: int = 0
    unknown: bool = False


class PayoutCreated(DomainEvent, frozen=True, omit_defaults=True):
    """Stripe has begun to pay out; the entry moves the money into transit."""

    tag: ClassVar[str] = "payout.created.1"
    amount: money.Money
    automatic: bool
    arrives_on: dt.date
    created_at: dt.datetime
    entry: entries.Entry | None = None


class PayoutPaid(DomainEvent, frozen=True, omit_defaults=True):
    """Stripe expects that the bank has the money; it may still fail within days."""

    tag: ClassVar[str] = "payout.paid.1"
    entry: entries.Entry | None = None


class PayoutFailed(DomainEvent, frozen=True, omit_defaults=True):
    """The money returned to Stripe's balance; `code` is Stripe's, or `canceled`.

    `after_paid`: it had been recorded as paid, so the entry takes it from the bank.
    """

    tag: ClassVar[str] = "payout.failed.1"
    code: str
    after_paid: bool = False
    entry: entries.Entry | None = None


class PayoutReconciled(DomainEvent, frozen=True):
    """Stripe has completed the list of what the payout paid out.

    `transactions` are the ids of its balance transactions, `paid_out` the sum of their nets.
    """

    tag: ClassVar[str] = "payout.reconciled.1"
    transactions: tuple[str, ...]
    paid_out: money.Money


PayoutEvent = PayoutCreated | PayoutPaid | PayoutFailed | PayoutReconciled


class BalanceCompared(DomainEvent, frozen=True):
    """Stripe's balance was compared with account 1010, in every currency of either."""

    tag: ClassVar[str] = "clearing.balance_compared.1"
    balances: tuple[ComparedBalance, ...]
