"""The events of external refunds: made at Stripe's dashboard by hand, and not asked for by us.

The fields are a storage contract, as in `events.py`. Amounts are in the currency of the charge.
"""

import datetime as dt
from enum import StrEnum
from typing import ClassVar, Literal

from domain.kernel import entries, money
from domain.kernel.events import DomainEvent


class Purpose(StrEnum):
    """What finance says that an external refund was for; parked money is found by itself."""

    REFUND = "refund"
    GOODWILL = "goodwill"
    PARKED_FUNDS = "parked_funds"


class ExternalRefundFact(DomainEvent, frozen=True):
    """Root of the events of external refunds."""

    capability: ClassVar[Literal["external_refunds"]] = "external_refunds"


class ExternalRefundRecorded(ExternalRefundFact, frozen=True, omit_defaults=True):
    """Stripe refunds money of a capture, and no request of ours is known for it.

    The entry takes it from Stripe's balance to what finance has to allocate. `made_at` is Stripe's
    instant.
    """

    tag: ClassVar[str] = "payment.external_refund_recorded.1"
    provider_refund: str
    intent: str
    amount: money.Money
    entry: entries.Entry
    made_at: dt.datetime | None = None


class ExternalRefundAllocated(ExternalRefundFact, frozen=True):
    """What `amount` of an external refund was for; the entry closes it against that account.

    For a debt, `refund` is our refund that it pays in place of Stripe, maybe of another payment,
    and `booking` owes it.
    """

    tag: ClassVar[str] = "payment.external_refund_allocated.1"
    provider_refund: str
    amount: money.Money
    purpose: Purpose
    booking: str
    refund: str | None
    entry: entries.Entry


class ExternalRefundSettled(ExternalRefundFact, frozen=True):
    """Stripe passed the money of an external refund on; the bank may still return it."""

    tag: ClassVar[str] = "payment.external_refund_settled.1"
    provider_refund: str


class ExternalRefundFailed(ExternalRefundFact, frozen=True):
    """The money of an external refund was returned to our balance, even after it had succeeded.

    `code` is Stripe's reason. The entry takes back all that was posted for it.
    """

    tag: ClassVar[str] = "payment.external_refund_failed.1"
    provider_refund: str
    code: str
    entry: entries.Entry


class RefundCovered(ExternalRefundFact, frozen=True):
    """The payer has `amount` of this refund of ours by an external one: it is not sent."""

    tag: ClassVar[str] = "payment.refund_covered.1"
    refund: str
    provider_refund: str
    amount: money.Money


class RefundUncovered(ExternalRefundFact, frozen=True):
    """The external refund that had paid this refund of ours has failed: the payer has nothing."""

    tag: ClassVar[str] = "payment.refund_uncovered.1"
    refund: str
    provider_refund: str


ExternalRefundEvent = (
    ExternalRefundRecorded
    | ExternalRefundAllocated
    | ExternalRefundSettled
    | ExternalRefundFailed
    | RefundCovered
    | RefundUncovered
)
