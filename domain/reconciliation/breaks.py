"""What does not fit: classes, evidence, age, and the remedy that is proposed.

| class | what it means | proposed remedy |
|---|---|---|
| missing_at_stripe | booked, and not listed within MISSING_AFTER | ask_stripe |
| missing_in_ledger | listed, and unknown to the ledger | append_from_stripe |
| amount | both have it, and differ | write_off |
| currency | booked in another currency than it was charged or settled in | append_from_stripe |
| duplicate | several transactions for what was booked once | propose_refund |
| timing | one leg is younger than the others need | mark_as_timing |
| state | Stripe has disputed or failed what the ledger has as done | append_from_stripe |
| payout | a payout differs from its transactions or from the bank | ask_bank |
| stale_hold | a payment waits beyond its end | expire_hold |
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from domain.kernel.entries import accounting_day
from domain.kernel.money import Money

BreakClass = Literal[
    "missing_at_stripe",
    "missing_in_ledger",
    "amount",
    "currency",
    "duplicate",
    "timing",
    "state",
    "payout",
    "stale_hold",
]
Remedy = Literal[
    "ask_stripe",
    "append_from_stripe",
    "write_off",
    "propose_refund",
    "mark_as_timing",
    "ask_bank",
    "expire_hold",
]
AgeBucket = Literal["0-1", "2-3", "4-7", "8-30", ">30"]

PROPOSED: Mapping[BreakClass, Remedy] = {
    "missing_at_stripe": "ask_stripe",
    "missing_in_ledger": "append_from_stripe",
    "amount": "write_off",
    "currency": "append_from_stripe",
    "duplicate": "propose_refund",
    "timing": "mark_as_timing",
    "state": "append_from_stripe",
    "payout": "ask_bank",
    "stale_hold": "expire_hold",
}
# The last day of age of each bucket.
BUCKETS: tuple[tuple[int, AgeBucket], ...] = ((1, "0-1"), (3, "2-3"), (7, "4-7"), (30, "8-30"))


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why rows are a break: which rule of which version compared which rows.

    `positions` are those of the log, `provider_ids` the ids at Stripe or of lines of the bank, and
    `digests` the hashes of what was read there. `booked` and `listed` are the amounts of each side.
    """

    rule: str
    rule_version: int
    positions: tuple[int, ...]
    provider_ids: tuple[str, ...]
    digests: tuple[str, ...]
    booked: tuple[Money, ...]
    listed: tuple[Money, ...]


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """What does not fit; `amount` is what the ledger has beyond the other side.

    `since` is the instant of its earliest row. `id` is the class and the ids of the sources.
    """

    kind: BreakClass
    sources: tuple[str, ...]
    amount: Money
    since: dt.datetime
    evidence: Evidence

    @property
    def id(self) -> str:
        """Return the id, the same in every run."""
        return ":".join((self.kind, *self.sources))

    @property
    def remedy(self) -> Remedy:
        """Return the remedy that is proposed first."""
        return PROPOSED[self.kind]

    @property
    def is_explained(self) -> bool:
        """Return whether waiting explains it: it clears itself, or becomes another break."""
        return self.kind == "timing"


def group_of(break_id: str) -> tuple[str, str]:
    """Return category and key of the rows of a break with this id."""
    _, category, key = break_id.split(":", 2)
    return category, key


def age_bucket(since: dt.datetime, now: dt.datetime) -> AgeBucket:
    """Return the bucket of the age in accounting days."""
    days = (accounting_day(now) - accounting_day(since)).days
    return next((bucket for last, bucket in BUCKETS if days <= last), ">30")
