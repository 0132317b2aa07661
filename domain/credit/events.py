"""All events of a credit; the tags and fields are a storage contract."""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel import entries, sealed
from domain.kernel.events import DomainEvent
from domain.kernel.money import Money

# Why a credit was issued.
Origin = Literal["cheaper_change", "goodwill", "compensation"]


class CreditIssued(DomainEvent, frozen=True, omit_defaults=True):
    """The airline owes carriage of this amount until `expires_at`.

    `booking` is what it came from, `notes` are staff's words.
    """

    tag: ClassVar[str] = "credit.issued.1"
    owner: str
    amount: Money
    origin: Origin
    booking: str
    expires_at: dt.datetime
    entry: entries.Entry
    notes: tuple[sealed.Sealed, ...] = ()


class CreditSpent(DomainEvent, frozen=True):
    """A part pays for a booking; it is a part of what the payment collects."""

    tag: ClassVar[str] = "credit.spent.1"
    use: str
    booking: str
    payment: str
    amount: Money
    entry: entries.Entry


class CreditReturned(DomainEvent, frozen=True):
    """A part of a use came back, and can be spent until `expires_at`."""

    tag: ClassVar[str] = "credit.returned.1"
    use: str
    amount: Money
    expires_at: dt.datetime
    entry: entries.Entry


class CreditExpired(DomainEvent, frozen=True):
    """What was left is revenue."""

    tag: ClassVar[str] = "credit.expired.1"
    amount: Money
    entry: entries.Entry


class PayoutProposed(DomainEvent, frozen=True):
    """A user of finance proposed to pay out what is left; another one decides.

    `account` is where it is paid to, sealed: IBAN and holder.
    """

    tag: ClassVar[str] = "credit.payout_proposed.1"
    amount: Money
    account: sealed.Sealed
    by: str


class PayoutDeclined(DomainEvent, frozen=True):
    """Another user refused the payout: the credit can be spent again."""

    tag: ClassVar[str] = "credit.payout_declined.1"
    by: str


class PayoutApproved(DomainEvent, frozen=True):
    """Another user approved the payout and gave the bank's id of the transfer."""

    tag: ClassVar[str] = "credit.payout_approved.1"
    amount: Money
    bank_reference: str
    paid_on: dt.date
    by: str
    proposed_by: str
    entry: entries.Entry


CreditEvent = (
    CreditIssued
    | CreditSpent
    | CreditReturned
    | CreditExpired
    | PayoutProposed
    | PayoutDeclined
    | PayoutApproved
)
