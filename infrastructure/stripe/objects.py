"""What is read of Stripe's objects, straight from their JSON, and how it becomes the port's types.

A status word that we do not know is refused by the type: it must not be read as a known one.
"""

import datetime as dt
from typing import Literal

import msgspec

from application.payment import gateway
from domain.kernel import money


class Method(msgspec.Struct, frozen=True):
    """The payment method of a failed attempt."""

    id: str | None = None


class FailedAttempt(msgspec.Struct, frozen=True):
    """The last failed attempt of an intent; it has no charge where 3-D Secure failed."""

    code: str | None = None
    decline_code: str | None = None
    type: str | None = None
    charge: str | None = None
    payment_method: Method | None = None

    def id_of(self, intent: str) -> str:
        """Return what identifies the failure: its charge, else the method of the attempt."""
        method = None if self.payment_method is None else self.payment_method.id
        return self.charge or method or f"{intent}:{self.code or self.type}"


class Card(msgspec.Struct, frozen=True):
    """The card of a charge, as its holder knows it."""

    last4: str | None = None


class PaidWith(msgspec.Struct, frozen=True):
    """How a charge was paid; without a card by another method."""

    card: Card | None = None


class Charge(msgspec.Struct, frozen=True):
    """What is read of a charge."""

    id: str
    payment_method_details: PaidWith | None = None

    def card(self) -> str | None:
        """Return the last four digits of the card that paid."""
        method = self.payment_method_details
        return None if method is None or method.card is None else method.card.last4


class Intent(msgspec.Struct, frozen=True):
    """What is read of a PaymentIntent; its charge is there whole where it was asked for."""

    id: str
    status: str
    amount: int
    amount_received: int
    currency: str
    created: int | None = None
    latest_charge: str | Charge | None = None
    last_payment_error: FailedAttempt | None = None
    metadata: dict[str, str] | None = None


class Session(msgspec.Struct, frozen=True):
    """What is read of a Checkout session; the intent is there whole where it was asked for."""

    id: str
    status: Literal["open", "complete", "expired"]
    payment_status: str
    expires_at: int
    amount_total: int | None = None
    currency: str | None = None
    url: str | None = None
    payment_intent: str | Intent | None = None
    metadata: dict[str, str] | None = None


class ListedSession(msgspec.Struct, frozen=True):
    """What is read of a session in a list."""

    id: str
    created: int
    metadata: dict[str, str] | None = None


class Intents(msgspec.Struct, frozen=True):
    """A page of intents, the newest first."""

    data: list[Intent]
    has_more: bool


class Sessions(msgspec.Struct, frozen=True):
    """A page of sessions, the newest first."""

    data: list[ListedSession]
    has_more: bool


class Refund(msgspec.Struct, frozen=True):
    """What is read of a refund."""

    id: str
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    amount: int
    currency: str
    payment_intent: str | None = None
    charge: str | None = None
    failure_reason: str | None = None
    balance_transaction: str | None = None
    metadata: dict[str, str] | None = None
    created: int | None = None


class Refunds(msgspec.Struct, frozen=True):
    """A page of refunds, the newest first."""

    data: list[Refund]
    has_more: bool


def checkout_session(read: Session) -> gateway.CheckoutSession:
    """Return the session as the port has it."""
    metadata = read.metadata or {}
    named = read.payment_intent
    intent = payment_intent(named) if isinstance(named, Intent) else None
    return gateway.CheckoutSession(
        id=read.id,
        url=read.url,
        status=read.status,
        payment_status=read.payment_status,
        payment_intent=named.id if isinstance(named, Intent) else named,
        intent=intent,
        amount=_amount(read),
        expires_at=dt.datetime.fromtimestamp(read.expires_at, dt.UTC),
        booking=metadata.get("booking"),
        payment=metadata.get("payment"),
        attempt=metadata.get("attempt"),
    )


def _amount(read: Session) -> money.Money | None:
    if read.amount_total is None or read.currency is None:
        return None
    return money.Money(amount=read.amount_total, currency=read.currency.upper())


def payment_intent(read: Intent) -> gateway.PaymentIntent:
    """Return the intent as the port has it."""
    metadata = read.metadata or {}
    currency = read.currency.upper()
    error = read.last_payment_error
    charge = read.latest_charge
    return gateway.PaymentIntent(
        id=read.id,
        status=read.status,
        amount=money.Money(amount=read.amount, currency=currency),
        amount_received=money.Money(amount=read.amount_received, currency=currency),
        latest_charge=charge.id if isinstance(charge, Charge) else charge,
        last_error_code=None if error is None else error.code or error.type,
        last_decline_code=None if error is None else error.decline_code,
        last_error_id=None if error is None else error.id_of(read.id),
        booking=metadata.get("booking"),
        payment=metadata.get("payment"),
        attempt=metadata.get("attempt"),
        created=_instant(read.created),
        card=charge.card() if isinstance(charge, Charge) else None,
    )


def _instant(seconds: int | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


def provider_refund(read: Refund) -> gateway.ProviderRefund:
    """Return the refund as the port has it."""
    metadata = read.metadata or {}
    return gateway.ProviderRefund(
        id=read.id,
        status=read.status,
        amount=money.Money(amount=read.amount, currency=read.currency.upper()),
        payment_intent=read.payment_intent,
        charge=read.charge,
        failure_reason=read.failure_reason,
        has_moved=read.balance_transaction is not None,
        booking=metadata.get("booking"),
        payment=metadata.get("payment"),
        refund=metadata.get("refund"),
        created=_instant(read.created),
    )
