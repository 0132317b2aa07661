"""The outcome of matching, and the state of an accounting day."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from domain.kernel.money import Money
from domain.reconciliation.breaks import Break
from domain.reconciliation.records import BankLine, UnrelatedLine

# The decisions that staff may take about a break.
Decision = Literal["write_off", "mark_as_timing", "append_from_stripe", "refund"]
# Why; no free text, which might name a person.
RemedyReason = Literal[
    "rounding",
    "bank_charge",
    "agreed_with_stripe",
    "settles_later",
    "lost_event",
    "made_at_stripe",
    "paid_twice",
    "not_justified",
]
BreakStatus = Literal["open", "proposed", "resolved", "cleared"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What matching says of rows that belong together; `found` is None where they fit.

    `value` is never negative; `digest` is the hash of the rows.
    """

    name: str
    day: dt.date
    value: Money
    digest: str
    found: Break | None


class DayTotal(msgspec.Struct, frozen=True):
    """The value of a day in a currency, and the part of it that is explained, in minor units."""

    currency: str
    value: int
    explained: int


class DuplicateCharge(msgspec.Struct, frozen=True, kw_only=True):
    """What Stripe took beyond what was booked once; `amount` is in the currency of the charge.

    `transactions` are the balance transactions that were read, and `digests` their hashes.
    """

    intent: str
    charge: str
    amount: Money
    transactions: tuple[str, ...]
    digests: tuple[str, ...]


class FoundBreak(msgspec.Struct, frozen=True):
    """A break with what was decided about it; `proposed_by` waits for another's approval.

    `duplicate` is what a proposed refund gives back.
    """

    found: Break
    status: BreakStatus = "open"
    decision: Decision | None = None
    account: str | None = None
    proposed_by: str | None = None
    reason: RemedyReason | None = None
    duplicate: DuplicateCharge | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it still needs a decision."""
        return self.status in ("open", "proposed")


class ReconciledDay(msgspec.Struct, frozen=True):
    """An accounting day as it was compared last; `inputs` is the hash of its rows.

    `compared` is whether a run has compared it. `lines` are those of the bank by their ids, None
    where no statement of the bank covers the day, and `unrelated` those that do not name Stripe.
    """

    inputs: str = ""
    totals: tuple[DayTotal, ...] = ()
    compared: bool = False
    breaks: Mapping[str, FoundBreak] = {}
    lines: Mapping[str, BankLine] | None = None
    unrelated: Mapping[str, UnrelatedLine] = {}
