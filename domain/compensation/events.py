"""All events of a claim; the tags and fields are a storage contract."""

import datetime as dt
from typing import ClassVar, Literal

import msgspec

from domain.compensation.regimes import Cause
from domain.kernel import entries, sealed
from domain.kernel.events import DomainEvent
from domain.kernel.money import Money


class ClaimShare(msgspec.Struct, frozen=True):
    """What one passenger of the booking is owed."""

    passenger: int
    amount: Money


class ClaimFact(DomainEvent, frozen=True):
    """Root of the events of a claim."""

    capability: ClassVar[Literal["claims"]] = "claims"


class ClaimAssessed(ClaimFact, frozen=True, omit_defaults=True):
    """What a booking is owed for a flight; a later assessment replaces it.

    `regime` and `since` name the table in the `version` of the policy. The entry posts the
    difference to the one before.
    """

    tag: ClassVar[str] = "claim.assessed.1"
    booking: str
    flight: str
    cause: Cause
    regime: str
    since: dt.date
    shares: tuple[ClaimShare, ...]
    entry: entries.Entry | None = None
    version: int = 1


class ClaimOffered(ClaimFact, frozen=True):
    """The passengers are offered the amount: its cause can no longer be withdrawn."""

    tag: ClassVar[str] = "claim.offered.1"
    amount: Money


class ClaimAccepted(ClaimFact, frozen=True, omit_defaults=True):
    """The passengers accepted; `account` is where it is paid to, sealed: IBAN and holder.

    `accepted_on` is the accounting day; None where it was not recorded.
    """

    tag: ClassVar[str] = "claim.accepted.1"
    amount: Money
    account: sealed.Sealed
    accepted_on: dt.date | None = None


class ClaimPaid(ClaimFact, frozen=True):
    """Finance paid the claim by bank transfer; `paid_on` is its value date."""

    tag: ClassVar[str] = "claim.paid.1"
    bank_reference: str
    paid_on: dt.date
    entry: entries.Entry


class ClaimCredited(ClaimFact, frozen=True):
    """The passengers chose travel credit, which is issued in the same append with its entry."""

    tag: ClassVar[str] = "claim.credited.1"
    amount: Money
    credit: str


class ClaimWithdrawn(ClaimFact, frozen=True, omit_defaults=True):
    """Nothing is owed after all; the entry takes back what the assessment posted.

    `reason` is a code; what staff wrote about it is in `notes`.
    """

    tag: ClassVar[str] = "claim.withdrawn.1"
    reason: str
    entry: entries.Entry | None = None
    notes: tuple[sealed.Sealed, ...] = ()


ClaimEvent = (
    ClaimAssessed | ClaimOffered | ClaimAccepted | ClaimPaid | ClaimCredited | ClaimWithdrawn
)
