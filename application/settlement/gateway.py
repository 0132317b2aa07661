"""The port to what Stripe settles. Failures are those of `application.payment.gateway`."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from domain.kernel import money
from domain.settlement.state import Transaction

PayoutWord = Literal["pending", "in_transit", "paid", "failed", "canceled"]


class ProviderPayout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout as it is now at Stripe; `paid` is not the end: it may still fail within days.

    `reconciled`: Stripe has completed the list of its transactions, which only automatic ones have.
    `trace` is what the bank may print of it, once it is known.
    Source: https://docs.stripe.com/api/payouts/object
    """

    id: str
    status: PayoutWord
    amount: money.Money
    automatic: bool
    arrives_on: dt.date
    created_at: dt.datetime
    failure_code: str | None = None
    reconciled: bool = False
    trace: str | None = None


class ListedTransaction(msgspec.Struct, frozen=True):
    """A balance transaction, with the payout as it is now where it is about one."""

    transaction: Transaction
    payout: ProviderPayout | None = None

    @property
    def id(self) -> str:
        """Its id at Stripe."""
        return self.transaction.id

    @property
    def created_at(self) -> dt.datetime:
        """When Stripe made it."""
        return self.transaction.created_at


class TransactionPage(msgspec.Struct, frozen=True):
    """A page of at most a hundred transactions, newest first; `has_more` older ones follow."""

    transactions: Sequence[ListedTransaction]
    has_more: bool


class SettlementGateway(Protocol):
    """What is read of Stripe. Every method raises only the failures of the payment gateway."""

    async def list_transactions(
        self,
        *,
        created_since: dt.datetime | None = None,
        created_before: dt.datetime | None = None,
        payout: str | None = None,
        source: str | None = None,
        kind: str | None = None,
        after: str | None = None,
    ) -> TransactionPage:
        """Return a page of balance transactions, with their sources.

        `payout`: only what this automatic payout paid out; `source`: only what is about this
        object; `kind`: only those of this type of Stripe. `after` is the last transaction of the
        page before. Instants count in whole seconds; the later one is not included.
        """
        ...

    async def transaction(self, transaction: str) -> ListedTransaction:
        """Return a balance transaction with its source.

        An unknown id is GatewayRejected("resource_missing").
        """
        ...

    async def payout(self, payout: str) -> ProviderPayout:
        """Return the payout as it is now; an unknown id is GatewayRejected("resource_missing")."""
        ...

    async def balance(self) -> Sequence[money.Money]:
        """Return Stripe's balance by settlement currency, available and pending together."""
        ...
