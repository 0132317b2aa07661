"""All events of a credit; the tags and fields are a storage contract."""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel import entries, sealed
from domain.kernel.events import DomainEvent
from domain.kernel.money import Money

# Why a credit was issued.
Origin = Literal["cheaper_change", "goodwill", "compensation", "gift_card"]
# Why a part of a use comes back: its booking was not paid, is refunded, because of the airline or
# not, or costs less after a change.
ReturnCause = Literal["unpaid", "refund", "airline", "change"]


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


class CreditReturned(DomainEvent, frozen=True, omit_defaults=True):
    """A part of a use came back, and can be spent until `expires_at`.

    `in_grace` where that is the grace of credit whose time was over, or nearly.
    """

    tag: ClassVar[str] = "credit.returned.1"
    use: str
    amount: Money
    expires_at: dt.datetime
    entry: entries.Entry
    in_grace: bool = False


class CreditExpired(DomainEvent, frozen=True):
    """What was left is revenue."""

    tag: ClassVar[str] = "credit.expired.1"
    amount: Money
    entry: entries.Entry


class PayoutProposed(DomainEvent, frozen=True, omit_defaults=True):
    """A user of finance proposed to pay out what is left; another one decides.

    `account` is where it is paid to, sealed: IBAN and holder. `proposed_on` is the accounting day;
    None where it was not recorded.
    """

    tag: ClassVar[str] = "credit.payout_proposed.1"
    amount: Money
    account: sealed.Sealed
    by: str
    proposed_on: dt.date | None = None


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


class GiftCardOrdered(DomainEvent, frozen=True):
    """A gift card is to be paid until `payable_until`; it is worth nothing before.

    `details` are the code, the contact of the buyer and whom it is for, sealed; `code_digest` finds
    the card by its code.
    """

    tag: ClassVar[str] = "credit.gift_card_ordered.1"
    buyer: str
    amount: Money
    details: sealed.Sealed
    code_digest: str
    payable_until: dt.datetime


class GiftCardPaid(DomainEvent, frozen=True, omit_defaults=True):
    """The airline owes carriage of the card's amount until `expires_at` to whoever claims it.

    The buyer may have the money back until `refundable_until` while nobody has; absent for cards of
    earlier releases, which were sold with fourteen days.
    """

    tag: ClassVar[str] = "credit.gift_card_paid.1"
    payment: str
    intent: str
    paid_at: dt.datetime
    expires_at: dt.datetime
    entry: entries.Entry
    refundable_until: dt.datetime | None = None


class GiftCardClaimed(DomainEvent, frozen=True):
    """An account that had the code owns the credit now."""

    tag: ClassVar[str] = "credit.gift_card_claimed.1"
    owner: str


class GiftCardRefunded(DomainEvent, frozen=True):
    """The buyer gets the money back for a card that nobody has claimed; the code is void."""

    tag: ClassVar[str] = "credit.gift_card_refunded.1"
    amount: Money
    obligation: str
    entry: entries.Entry


class GiftCardRemailed(DomainEvent, frozen=True):
    """The letter with the code is sent again, for the n-th time."""

    tag: ClassVar[str] = "credit.gift_card_remailed.1"
    number: int


class CreditBlocked(DomainEvent, frozen=True):
    """The payment that bought the credit is disputed: nothing of it can be used meanwhile."""

    tag: ClassVar[str] = "credit.blocked.1"
    dispute: str


class CreditUnblocked(DomainEvent, frozen=True):
    """The dispute has ended: what is left can be used again."""

    tag: ClassVar[str] = "credit.unblocked.1"
    dispute: str


class CreditChargedBack(DomainEvent, frozen=True, omit_defaults=True):
    """The dispute is lost: `amount` of what was left pays for it.

    `shortfall` is what had been spent before, a loss, in minor units. No entry where nothing was
    left.
    """

    tag: ClassVar[str] = "credit.charged_back.1"
    dispute: str
    amount: Money
    shortfall: int = 0
    entry: entries.Entry | None = None


class CreditLossRecovered(DomainEvent, frozen=True):
    """Credit that came back after its dispute was lost makes good for the loss."""

    tag: ClassVar[str] = "credit.loss_recovered.1"
    amount: Money
    entry: entries.Entry


class CreditReinstated(DomainEvent, frozen=True, omit_defaults=True):
    """The bank decided for the airline after all: `amount` of what the lost dispute took is back.

    `loss` is what of the shortfall is made good, in minor units. No entry where no amount is back.
    """

    tag: ClassVar[str] = "credit.reinstated.1"
    dispute: str
    amount: Money
    expires_at: dt.datetime
    loss: int = 0
    entry: entries.Entry | None = None


GiftCardEvent = (
    GiftCardOrdered
    | GiftCardPaid
    | GiftCardClaimed
    | GiftCardRefunded
    | GiftCardRemailed
    | CreditBlocked
    | CreditUnblocked
    | CreditChargedBack
    | CreditLossRecovered
    | CreditReinstated
)
CreditEvent = (
    CreditIssued
    | CreditSpent
    | CreditReturned
    | CreditExpired
    | PayoutProposed
    | PayoutDeclined
    | PayoutApproved
    | GiftCardEvent
)
