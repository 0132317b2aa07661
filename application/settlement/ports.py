"""What the queries of settlement need from outside, and what they return.

All queries raise Unavailable when the database does not answer or the read model has stopped.
Amounts are minor units.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from application.queries import AsOf


class SettledPayout(msgspec.Struct, frozen=True):
    """A payout: in_transit, paid or failed since then.

    `paid_out` is the sum of its transactions once Stripe has completed their list.
    """

    payout: str
    amount: int
    currency: str
    automatic: bool
    status: str
    arrives_on: dt.date
    created_at: dt.datetime
    since: dt.datetime
    failure_code: str | None
    transaction_count: int | None
    paid_out: int | None


class SettledTransaction(msgspec.Struct, frozen=True):
    """A balance transaction; `gross` less `fee` changed Stripe's balance in `currency`.

    `charged` is the amount in the currency of its source. `booking`, which may be a gift
    card, where it is known.
    """

    transaction: str
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


class PayoutDetails(msgspec.Struct, frozen=True):
    """A payout with what it paid out, the oldest first."""

    payout: SettledPayout
    transactions: Sequence[SettledTransaction]


class BalanceRow(msgspec.Struct, frozen=True):
    """The latest comparison in one currency; see `domain.settlement.state.ComparedBalance`."""

    day: str
    currency: str
    booked: int
    reported: int
    awaited: int
    compared_at: dt.datetime

    @property
    def unexplained(self) -> int:
        """Return what has no explanation."""
        return self.booked - self.reported - self.awaited


# not_listed: booked, and Stripe has no transaction for it; not_booked: the reverse.
BreakKind = Literal[
    "unknown_transaction",
    "not_listed",
    "not_booked",
    "amount_differs",
    "payout_differs",
    "balance_differs",
]


class SettlementBreak(msgspec.Struct, frozen=True):
    """What does not fit; `object` is the transaction, source or payout at Stripe, or the day.

    `amount` is what is not explained: in the books too much, or where negative too little.
    """

    kind: BreakKind
    object: str
    amount: int
    currency: str
    since: dt.datetime


class SettlementPorts(msgspec.Struct, frozen=True):
    """The queries of the read model `stripe_settlement`."""

    payouts: Callable[[], Awaitable[tuple[Sequence[SettledPayout], AsOf]]]
    payout: Callable[[str], Awaitable[tuple[PayoutDetails | None, AsOf]]]
    balances: Callable[[], Awaitable[tuple[Sequence[BalanceRow], AsOf]]]
    breaks: Callable[[], Awaitable[tuple[Sequence[SettlementBreak], AsOf]]]
