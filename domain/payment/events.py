"""All events of a payment; the tags and fields are a storage contract.

Each file of decisions has a root class (`AttemptFact`), whose `capability` selects the fold, and a
union (`AttemptEvent`), by which mypy finds a missing fold step; a test keeps the two equal.
"""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel import entries, money
from domain.kernel.events import DomainEvent
from domain.payment.credit_part_events import CreditPartEvent
from domain.payment.dispute_events import DisputeEvent
from domain.payment.external_refund_events import ExternalRefundEvent


class PaymentRequested(DomainEvent, frozen=True):
    """An amount is due for a booking.

    Money that matches no booking has a payment of its own: there `booking` is the intent at Stripe.
    """

    tag: ClassVar[str] = "payment.requested.1"
    capability: ClassVar[Literal["start"]] = "start"
    booking: str
    due: money.Money


class AttemptFact(DomainEvent, frozen=True):
    """Root of the events of attempts to collect the amount due."""

    capability: ClassVar[Literal["attempts"]] = "attempts"


class AttemptStarted(AttemptFact, frozen=True, omit_defaults=True):
    """The intention to open a checkout session, with all that a retry must repeat exactly.

    `amount` where it is less than the amount due: the rest of it, or one share of several that are
    paid side by side. `return_to` names where the page after the payment leads back to; "" for
    nowhere. `replaces` is the attempt whose place it takes because Stripe opens no session of that
    one any more; "" for none.
    """

    tag: ClassVar[str] = "payment.attempt_started.1"
    attempt: str
    idempotency_key: str
    locale: str
    started_at: dt.datetime
    expires_at: dt.datetime
    amount: money.Money | None = None
    is_share: bool = False
    return_to: str = ""
    replaces: str = ""


class AttemptUnresolved(AttemptFact, frozen=True):
    """Stripe did not answer in time: the outcome is unknown until the call is repeated (M4)."""

    tag: ClassVar[str] = "payment.attempt_unresolved.1"
    attempt: str


class SessionOpened(AttemptFact, frozen=True):
    """Stripe opened the checkout session."""

    tag: ClassVar[str] = "payment.session_opened.1"
    attempt: str
    session: str
    url: str
    expires_at: dt.datetime


class AttemptRefused(AttemptFact, frozen=True):
    """Stripe refused to open a session; `code` is Stripe's error code."""

    tag: ClassVar[str] = "payment.attempt_refused.1"
    attempt: str
    code: str


class AttemptExpired(AttemptFact, frozen=True):
    """The session can no longer be paid."""

    tag: ClassVar[str] = "payment.attempt_expired.1"
    attempt: str


class PaymentDeclined(AttemptFact, frozen=True, omit_defaults=True):
    """A card was declined within an open session; another card may still succeed.

    `charge` identifies the failure at Stripe: a payment method where there was no charge. `code` is
    that of the error, `decline_code` what the bank said, where it said something.
    """

    tag: ClassVar[str] = "payment.declined.1"
    attempt: str
    intent: str
    charge: str
    code: str
    decline_code: str | None = None


class PaymentDelayed(AttemptFact, frozen=True):
    """The session is complete, and a bank decides about its payment, maybe for days."""

    tag: ClassVar[str] = "payment.delayed.1"
    attempt: str
    intent: str


AttemptEvent = (
    AttemptStarted
    | SessionOpened
    | AttemptUnresolved
    | AttemptRefused
    | AttemptExpired
    | PaymentDeclined
    | PaymentDelayed
)


class CaptureFact(DomainEvent, frozen=True):
    """Root of the events about captured money."""

    capability: ClassVar[Literal["captures"]] = "captures"


class PaymentCaptured(CaptureFact, frozen=True, omit_defaults=True):
    """Stripe captured money; the entry credits unapplied funds.

    `from_signed_event`: recorded from a signature alone, and not checked with Stripe yet. `card`
    is the last four digits of the card, where Stripe's charge was read.
    """

    tag: ClassVar[str] = "payment.captured.1"
    attempt: str
    intent: str
    charge: str
    amount: money.Money
    entry: entries.Entry
    from_signed_event: bool = False
    card: str | None = None


class CaptureChecked(CaptureFact, frozen=True, omit_defaults=True):
    """Stripe's own list has the capture that a signed event reported, with the same amount.

    `parked` where money of it could not be applied: it may be returned now. `card` is the last four
    digits of the card that paid.
    """

    tag: ClassVar[str] = "payment.capture_checked.1"
    intent: str
    parked: bool = False
    card: str | None = None


class CaptureContradicted(CaptureFact, frozen=True):
    """Stripe does not know the capture that a signed event reported, or knows another one.

    `reason` is a `domain.payment.captures.Contradiction`.
    """

    tag: ClassVar[str] = "payment.capture_contradicted.1"
    intent: str
    reason: str


class FundsParked(CaptureFact, frozen=True, omit_defaults=True):
    """Captured money could not be applied to the booking and stays in unapplied funds.

    `amount` is less than what was captured where the rest is applied. `paid_at` is when the payer
    paid; None where it was not recorded.
    """

    tag: ClassVar[str] = "payment.funds_parked.1"
    intent: str
    amount: money.Money
    reason: str
    paid_at: dt.datetime | None = None


class ParkedFundsApplied(CaptureFact, frozen=True):
    """Parked money of a capture pays for the booking after all."""

    tag: ClassVar[str] = "payment.parked_funds_applied.1"
    intent: str
    amount: money.Money


class ParkedFundsAllocated(CaptureFact, frozen=True):
    """Finance found the booking that money without one was meant for: `amount` of it pays there.

    The entry moves it within unapplied funds, from the intent to the booking.
    """

    tag: ClassVar[str] = "payment.parked_funds_allocated.1"
    intent: str
    amount: money.Money
    booking: str
    entry: entries.Entry


class ParkedFundsOwed(CaptureFact, frozen=True):
    """Parked money is returned; the entry moves it from unapplied funds to what is owed.

    `obligation` is the id of what the airline owes by it; the same append requests the refund.
    """

    tag: ClassVar[str] = "payment.parked_funds_owed.1"
    intent: str
    amount: money.Money
    obligation: str
    entry: entries.Entry


_Parked = FundsParked | ParkedFundsApplied | ParkedFundsAllocated | ParkedFundsOwed
CaptureEvent = PaymentCaptured | CaptureChecked | CaptureContradicted | _Parked


class RefundFact(DomainEvent, frozen=True):
    """Root of the events of refunds."""

    capability: ClassVar[Literal["refunds"]] = "refunds"


class RefundRequested(RefundFact, frozen=True, omit_defaults=True):
    """The intention to refund money of one capture, with all that a retry must repeat exactly.

    `obligation` is the id of what the airline owes; `refund` is our id, known to Stripe too;
    `replaces` is the refused or failed refund in whose place this one is sent.
    """

    tag: ClassVar[str] = "payment.refund_requested.1"
    refund: str
    intent: str
    amount: money.Money
    obligation: str
    idempotency_key: str
    requested_at: dt.datetime
    replaces: str | None = None


class RefundUnresolved(RefundFact, frozen=True):
    """Stripe did not answer in time: it may or may not have the refund (M4)."""

    tag: ClassVar[str] = "payment.refund_unresolved.1"
    refund: str


class RefundAccepted(RefundFact, frozen=True):
    """Stripe has the refund and took the money from our balance; the entry debits what we owed."""

    tag: ClassVar[str] = "payment.refund_accepted.1"
    refund: str
    provider_refund: str
    entry: entries.Entry


class RefundActionRequired(RefundFact, frozen=True):
    """Stripe waits for its customer to say where the money of the refund is to be sent."""

    tag: ClassVar[str] = "payment.refund_action_required.1"
    refund: str


class RefundSettled(RefundFact, frozen=True):
    """Stripe passed the money on; the bank may still return it."""

    tag: ClassVar[str] = "payment.refund_settled.1"
    refund: str


class RefundRefused(RefundFact, frozen=True):
    """Stripe refused the refund and took nothing; `code` is Stripe's error code."""

    tag: ClassVar[str] = "payment.refund_refused.1"
    refund: str
    code: str


class RefundFailed(RefundFact, frozen=True, omit_defaults=True):
    """The money was returned to our balance; the entry makes it owed again.

    Unless finance had `transferred` it meanwhile: then the entry corrects what was paid twice.
    """

    tag: ClassVar[str] = "payment.refund_failed.1"
    refund: str
    code: str
    entry: entries.Entry
    transferred: bool = False


class RefundTransferred(RefundFact, frozen=True):
    """Finance paid what a refused or failed refund did not, from the bank; the entry debits what
    we owed. `bank_reference` is the bank's id of the transfer, `paid_on` its value date.
    """

    tag: ClassVar[str] = "payment.refund_transferred.1"
    refund: str
    bank_reference: str
    paid_on: dt.date
    entry: entries.Entry


RefundEvent = (
    RefundRequested
    | RefundUnresolved
    | RefundAccepted
    | RefundActionRequired
    | RefundSettled
    | RefundRefused
    | RefundFailed
    | RefundTransferred
)

PaymentEvent = (
    PaymentRequested
    | AttemptEvent
    | CaptureEvent
    | RefundEvent
    | DisputeEvent
    | ExternalRefundEvent
    | CreditPartEvent
)
