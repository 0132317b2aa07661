"""The rows of the three legs. All are values: the same row read twice is one row."""

import datetime as dt
import hashlib
from typing import Literal

import msgspec

from domain.kernel.money import Money

# Who books the amount of a balance transaction: a fact of its own, or the transaction itself;
# nobody where its category is not known.
BookedBy = Literal["fact", "transaction", "nobody"]


class BookedFact(msgspec.Struct, frozen=True, kw_only=True):
    """What one event booked on account 1010, at a log position; `amounts` has one per currency.

    `category` and `key` are those of the balance transaction that Stripe should list for it:
    `charge` with the charge's id, `dispute` with the transaction's own id. `collects` are the ids
    of the intent and of the payment that a charge collects. `source` is the object at Stripe; None
    where it is not known.
    """

    category: str
    key: str
    amounts: tuple[Money, ...]
    position: int
    booked_at: dt.datetime
    collects: tuple[str, ...] = ()
    source: str | None = None


class BookedTransaction(msgspec.Struct, frozen=True):
    """What was booked on account 1010 for a balance transaction itself: its fee and exchange.

    `source` is the charge, refund or other object that the transaction is about.
    """

    transaction: str
    amounts: tuple[Money, ...]
    position: int
    source: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A balance transaction as Stripe lists it now, read again for the run.

    `digest` is the hash of what was read. `opening` is the charge or payout that a dispute or a
    failure is about; None where it has none.
    """

    id: str
    category: str
    key: str
    booked_by: BookedBy
    gross: Money
    fee: Money
    created_at: dt.datetime
    available_on: dt.date
    digest: str
    charged: Money | None = None
    opening: str | None = None
    collects: tuple[str, ...] = ()

    @property
    def net(self) -> Money:
        """Return by how much the transaction changed Stripe's balance."""
        return self.gross - self.fee


class ListedPayout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout as it is now at Stripe; `paid_out` is the sum of its transactions where complete."""

    id: str
    amount: Money
    status: str
    arrives_on: dt.date
    created_at: dt.datetime
    digest: str
    paid_out: Money | None = None
    trace: str | None = None


class BankLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank's statement; credits are positive.

    `id` is the hash of the raw line with its place among equal ones, `text` what the bank prints.
    """

    id: str
    booked_on: dt.date
    amount: Money
    text: str
    digest: str


class UnrelatedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank that does not name Stripe, without its text, which may name a person.

    `reference` is the bank's own, None where it has none in the form of an id. `digests` are the
    hashes of what may be the id or trace id of a payout: `reference_digest` of each.
    """

    id: str
    booked_on: dt.date
    amount: Money
    reference: str | None
    digests: tuple[str, ...]


class OpenHold(msgspec.Struct, frozen=True):
    """A payment that should have ended by `expired_at` and is still waiting."""

    payment: str
    amount: Money
    expired_at: dt.datetime


class Legs(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of a run.

    `openings` are the charges and payouts that the ledger has, whenever they were booked.
    `bank_until` is the last day that a statement of the bank covers; None where there is none.
    """

    facts: tuple[BookedFact, ...] = ()
    transactions: tuple[BookedTransaction, ...] = ()
    listed: tuple[Listed, ...] = ()
    payouts: tuple[ListedPayout, ...] = ()
    bank: tuple[BankLine, ...] = ()
    unrelated: tuple[UnrelatedLine, ...] = ()
    bank_until: dt.date | None = None
    holds: tuple[OpenHold, ...] = ()
    openings: frozenset[str] = frozenset()


def reference_digest(reference: str) -> str:
    """Return the hash by which a reference is found, whatever the case of its letters."""
    return hashlib.sha256(reference.upper().encode()).hexdigest()
