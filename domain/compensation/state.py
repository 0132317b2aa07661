"""The state of a claim."""

import datetime as dt
from enum import StrEnum

import msgspec

from domain.compensation.events import ClaimShare
from domain.compensation.regimes import Cause
from domain.kernel import money, sealed
from domain.kernel.money import Money


class ClaimStatus(StrEnum):
    """The status of a claim."""

    ASSESSED = "assessed"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


# No longer assessed: the passengers were promised the amount, or have it.
SETTLED = frozenset({ClaimStatus.ACCEPTED, ClaimStatus.PAID})


class Claim(msgspec.Struct, frozen=True):
    """What a booking is owed for one flight; `by_staff` where staff withdrew it for good.

    It was accepted on the accounting day `accepted_on`. Paid by the bank it has a
    `bank_reference`, paid as travel credit the id of that `credit`.
    """

    status: ClaimStatus
    booking: str
    flight: str
    cause: Cause
    regime: str
    since: dt.date
    shares: tuple[ClaimShare, ...]
    account: sealed.Sealed | None = None
    bank_reference: str | None = None
    credit: str | None = None
    by_staff: bool = False
    accepted_on: dt.date | None = None

    @property
    def amount(self) -> Money:
        """The sum of all shares, which are in one currency."""
        currency = self.shares[0].amount.currency
        return money.total([each.amount for each in self.shares], currency)
