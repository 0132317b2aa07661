"""What happens to a payment; the tags and fields are a storage contract."""

import datetime as dt
from typing import ClassVar

from domain.kernel import entries, money
from domain.kernel.events import DomainEvent


class PaymentRequested(DomainEvent, frozen=True):
    """An amount is due for a booking."""

    tag: ClassVar[str] = "payment.requested.1"
    booking: str
    due: money.Money


class AttemptStarted(DomainEvent, frozen=True):
    """The intention to open a checkout session: all that a retry must say again word for word."""

    tag: ClassVar[str] = "payment.attempt_started.1"
    attempt: str
    idempotency_key: str
    locale: str
    started_at: dt.datetime
    expires_at: dt.datetime


class AttemptUnresolved(DomainEvent, frozen=True):
    """Stripe did not answer in time: the outcome is unknown until it is asked again (M4)."""

    tag: ClassVar[str] = "payment.attempt_unresolved.1"
    attempt: str


class SessionOpened(DomainEvent, frozen=True):
    """Stripe opened the checkout session."""

    tag: ClassVar[str] = "payment.session_opened.1"
    attempt: str
    session: str
    url: str
    expires_at: dt.datetime


class AttemptRefused(DomainEvent, frozen=True):
    """Stripe refused to open a session; `code` is Stripe's error code."""

    tag: ClassVar[str] = "payment.attempt_refused.1"
    attempt: str
    code: str


class AttemptExpired(DomainEvent, frozen=True):
    """The session can no longer be paid."""

    tag: ClassVar[str] = "payment.attempt_expired.1"
    attempt: str


class PaymentDeclined(DomainEvent, frozen=True):
    """A card was declined within an open session; another card may still succeed."""

    tag: ClassVar[str] = "payment.declined.1"
    attempt: str
    intent: str
    charge: str
    code: str


class PaymentCaptured(DomainEvent, frozen=True):
    """Stripe captured money; the entry credits unapplied funds."""

    tag: ClassVar[str] = "payment.captured.1"
    attempt: str
    intent: str
    charge: str
    amount: money.Money
    entry: entries.Entry


class FundsParked(DomainEvent, frozen=True):
    """Captured money could not be applied to the booking and waits in unapplied funds."""

    tag: ClassVar[str] = "payment.funds_parked.1"
    intent: str
    amount: money.Money
    reason: str


class RefundRequested(DomainEvent, frozen=True):
    """The intention to give money of one capture back: all that a retry must say again.

    `obligation` names what the airline owes and why; `refund` is our id, known to Stripe too.
    """

    tag: ClassVar[str] = "payment.refund_requested.1"
    refund: str
    intent: str
    amount: money.Money
    obligation: str
    idempotency_key: str
    requested_at: dt.datetime


class RefundUnresolved(DomainEvent, frozen=True):
    """Stripe did not answer in time: it may or may not have the refund (M4)."""

    tag: ClassVar[str] = "payment.refund_unresolved.1"
    refund: str


class RefundAccepted(DomainEvent, frozen=True):
    """Stripe has the refund and took the money from our balance; the entry debits what we owed."""

    tag: ClassVar[str] = "payment.refund_accepted.1"
    refund: str
    provider_refund: str
    entry: entries.Entry


class RefundSettled(DomainEvent, frozen=True):
    """Stripe passed the money on; the bank may still send it back."""

    tag: ClassVar[str] = "payment.refund_settled.1"
    refund: str


class RefundRefused(DomainEvent, frozen=True):
    """Stripe said a definite no and took nothing; `code` is Stripe's error code."""

    tag: ClassVar[str] = "payment.refund_refused.1"
    refund: str
    code: str


class RefundFailed(DomainEvent, frozen=True):
    """The money came back to our balance after all; the entry makes it owed again."""

    tag: ClassVar[str] = "payment.refund_failed.1"
    refund: str
    code: str
    entry: entries.Entry


PaymentEvent = (
    PaymentRequested
    | AttemptStarted
    | AttemptUnresolved
    | SessionOpened
    | AttemptRefused
    | AttemptExpired
    | PaymentDeclined
    | PaymentCaptured
    | FundsParked
    | RefundRequested
    | RefundUnresolved
    | RefundAccepted
    | RefundSettled
    | RefundRefused
    | RefundFailed
)
