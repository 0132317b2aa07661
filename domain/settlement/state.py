"""The states of what Stripe settles: one charge with all that followed, a payout, a balance."""

import datetime as dt
from enum import StrEnum

import msgspec

from domain.kernel import money


class Transaction(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A balance transaction as Stripe has it; `gross` less `fee` changed Stripe's balance.

    `charged` is the amount in the currency of its source, with the sign of `gross`; None where the
    source has none or could not be read. `exchange_rate` is a decimal as text, for information.
    Source: https://docs.stripe.com/api/balance_transactions/object
    """

    id: str
    type: str
    category: str
    gross: money.Money
    fee: money.Money
    available_on: dt.date
    created_at: dt.datetime
    source: str | None = None
    charged: money.Money | None = None
    exchange_rate: str | None = None
    charge: str | None = None
    intent: str | None = None
    booking: str | None = None
    payment: str | None = None

    @property
    def net(self) -> money.Money:
        """Return by how much the transaction changed Stripe's balance."""
        return self.gross - self.fee


class Exchange(msgspec.Struct, frozen=True):
    """An amount in the currency of the charge and what it became in that of the settlement."""

    charged: money.Money
    settled: money.Money


class Settlement(msgspec.Struct, frozen=True):
    """All transactions of one charge, or the one of another object.

    `opened` are the exchanges of the charge, `returned` those of its refunds and disputes
    (negative) and of their reversals; `residues` is what was posted as gain (negative) or loss.
    """

    transactions: frozenset[str] = frozenset()
    opened: tuple[Exchange, ...] = ()
    returned: tuple[Exchange, ...] = ()
    residues: tuple[money.Money, ...] = ()


class PayoutStatus(StrEnum):
    """The status of a payout in the books."""

    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"


class Payout(msgspec.Struct, frozen=True):
    """Money on its way from Stripe to the bank; a negative amount goes from the bank to Stripe.

    `paid_out` is the sum of its balance transactions once Stripe has completed their list; Stripe
    has none for a payout that is not automatic.
    """

    amount: money.Money
    automatic: bool
    arrives_on: dt.date
    status: PayoutStatus = PayoutStatus.IN_TRANSIT
    transactions: tuple[str, ...] | None = None
    paid_out: money.Money | None = None


class ComparedBalance(msgspec.Struct, frozen=True):
    """One currency of account 1010 (`booked`) beside Stripe's balance (`reported`), in minor units.

    `awaited` is the part of the difference that is under way: booked facts whose transaction Stripe
    has not listed yet, less transactions whose fact is not booked yet.
    """

    currency: str
    booked: int
    reported: int
    awaited: int

    @property
    def unexplained(self) -> int:
        """Return what has no explanation; 0 where the books are right."""
        return self.booked - self.reported - self.awaited


class Clearing(msgspec.Struct, frozen=True):
    """The latest comparison of an accounting day."""

    balances: tuple[ComparedBalance, ...]
