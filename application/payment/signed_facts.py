"""What a signed event states by itself: a fact that can no longer become untrue, or only a hint.

Pure: from a verified event to the command that records it. Whatever is missing, unknown or of
another form makes the event a hint, whose object is fetched; it is never an error. The table in
docs/explanation/payment.md has the reason for each type.
Source: https://docs.stripe.com/api/events/types, https://docs.stripe.com/payments/paymentintents.
"""

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec

from application.payment import record_attempt, record_refund, stripe_event_types
from application.payment.gateway import VerifiedEvent
from application.payment.record_attempt import RecordAttempt
from application.payment.record_capture import RecordCapture
from application.payment.record_refund import RecordRefund
from domain.kernel import ids, money
from domain.payment.state import Payment

_Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,255}\Z")]
_Code = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,120}\Z")]
_Minor = Annotated[int, msgspec.Meta(gt=0, lt=2**53)]
_Currency = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{3}\Z")]


class _AttemptIds(msgspec.Struct, frozen=True):
    """Our metadata of a session and its intent."""

    booking: str
    payment: str
    attempt: str

    def are_ours(self) -> bool:
        """Return whether the three ids have our forms and belong together."""
        of_booking = ids.is_payment_of(self.payment, self.booking)
        return of_booking and ids.payment_of_attempt(self.attempt) == self.payment


class _RefundIds(msgspec.Struct, frozen=True):
    """Our metadata of a refund."""

    booking: str
    payment: str
    refund: str

    def are_ours(self) -> bool:
        """Return whether the three ids have our forms and belong together."""
        of_booking = ids.is_payment_of(self.payment, self.booking)
        return of_booking and ids.payment_of_refund(self.refund) == self.payment


class _Succeeded(msgspec.Struct, frozen=True):
    """An intent that has taken all of its money."""

    id: _Id
    object: Literal["payment_intent"]
    status: Literal["succeeded"]
    amount: _Minor
    amount_received: _Minor
    currency: _Currency
    latest_charge: _Id
    metadata: _AttemptIds


class _Method(msgspec.Struct, frozen=True):
    """The payment method of a failed attempt."""

    id: _Id


class _Error(msgspec.Struct, frozen=True):
    """A failed attempt; without a charge where it failed before one, as in 3-D Secure."""

    code: _Code
    decline_code: _Code | None = None
    charge: _Id | None = None
    payment_method: _Method | None = None

    def id(self) -> str | None:
        """Return what identifies the failure: its charge, else the method of the attempt."""
        method = None if self.payment_method is None else self.payment_method.id
        return self.charge or method


class _Failed(msgspec.Struct, frozen=True):
    """An intent after a failed attempt; the traveller may try again."""

    id: _Id
    object: Literal["payment_intent"]
    status: Literal["requires_payment_method"]
    amount: _Minor
    currency: _Currency
    last_payment_error: _Error
    metadata: _AttemptIds


class _Expired(msgspec.Struct, frozen=True):
    """A session that can no longer be paid."""

    id: _Id
    object: Literal["checkout.session"]
    status: Literal["expired"]
    payment_status: Literal["unpaid"]
    metadata: _AttemptIds


class _Paid(msgspec.Struct, frozen=True):
    """A session that was paid."""

    id: _Id
    object: Literal["checkout.session"]
    status: Literal["complete"]
    payment_status: Literal["paid"]
    payment_intent: _Id
    metadata: _AttemptIds


class _Refund(msgspec.Struct, frozen=True):
    """A refund in one of its states."""

    id: _Id
    object: Literal["refund"]
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    amount: _Minor
    currency: _Currency
    payment_intent: _Id
    charge: _Id
    metadata: _RefundIds
    failure_reason: _Code | None = None


class SignedFact(msgspec.Struct, frozen=True):
    """What an event states, as a command, and what our records must say for it to count.

    `step` names the command as the fetched object would, so that both ways are one command.
    """

    command: RecordCapture | RecordAttempt | RecordRefund
    step: str
    booking: str
    agrees: Callable[[Payment], bool]


class AwaitedCapture(msgspec.Struct, frozen=True):
    """The capture that makes a look at a paid session needless."""

    payment: str
    intent: str


def fact_of(event: VerifiedEvent) -> SignedFact | None:
    """Return what the event states; None when its object has to be fetched."""
    if not event.expected_version:
        return None
    match event.type:
        case stripe_event_types.CAPTURED:
            return _capture(_read(event, _Succeeded), event.created)
        case stripe_event_types.DECLINED:
            return _decline(_read(event, _Failed))
        case stripe_event_types.EXPIRED:
            return _expiry(_read(event, _Expired))
        case _ if event.type in stripe_event_types.REFUND:
            return _refund(_read(event, _Refund))
        case _:
            return None


def awaited_capture(event: VerifiedEvent) -> AwaitedCapture | None:
    """Return the capture that a paid session announces; its own event reports it."""
    if not event.expected_version or event.type not in stripe_event_types.PAID:
        return None
    session = _read(event, _Paid)
    if session is None or not session.metadata.are_ours():
        return None
    return AwaitedCapture(payment=session.metadata.payment, intent=session.payment_intent)


Shape = TypeVar("Shape")


def _read(event: VerifiedEvent, shape: type[Shape]) -> Shape | None:
    try:
        return msgspec.json.decode(event.content, type=shape)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _capture(intent: _Succeeded | None, created: dt.datetime) -> SignedFact | None:
    if intent is None or not intent.metadata.are_ours():
        return None
    if intent.amount_received != intent.amount:
        return None
    amount = _money(intent.amount, intent.currency)
    own = intent.metadata
    return SignedFact(
        command=RecordCapture(
            payment_id=own.payment,
            booking_id=own.booking,
            attempt=own.attempt,
            intent=intent.id,
            charge=intent.latest_charge,
            amount=amount,
            from_signed_event=True,
            paid_at=created,
        ),
        step=f"capture:{intent.id}",
        booking=own.booking,
        agrees=lambda payment: payment.asked_by(own.attempt) == amount,
    )


def _decline(intent: _Failed | None) -> SignedFact | None:
    if intent is None or not intent.metadata.are_ours():
        return None
    error, own = intent.last_payment_error, intent.metadata
    failure = error.id()
    if failure is None:
        return None
    amount = _money(intent.amount, intent.currency)
    declined = record_attempt.Declined(
        intent=intent.id, charge=failure, code=error.code, decline_code=error.decline_code
    )
    return SignedFact(
        command=RecordAttempt(payment_id=own.payment, attempt=own.attempt, result=declined),
        step=f"{own.attempt}:declined:{failure}",
        booking=own.booking,
        agrees=lambda payment: payment.asked_by(own.attempt) == amount,
    )


def _expiry(session: _Expired | None) -> SignedFact | None:
    if session is None or not session.metadata.are_ours():
        return None
    own = session.metadata

    def agrees(payment: Payment) -> bool:
        attempt = payment.attempt(own.attempt)
        return attempt is not None and attempt.session == session.id

    expired = record_attempt.Expired()
    return SignedFact(
        command=RecordAttempt(payment_id=own.payment, attempt=own.attempt, result=expired),
        step=f"{own.attempt}:expired",
        booking=own.booking,
        agrees=agrees,
    )


def _refund(refund: _Refund | None) -> SignedFact | None:
    """A refund only moves on (accepted, settled, failed), whatever the order of its events."""
    if refund is None or not refund.metadata.are_ours():
        return None
    own = refund.metadata
    result = record_refund.result_of(
        refund.status, provider_refund=refund.id, reason=refund.failure_reason
    )
    amount = _money(refund.amount, refund.currency)

    def agrees(payment: Payment) -> bool:
        known = payment.refund(own.refund)
        if known is None or (known.intent, known.amount) != (refund.payment_intent, amount):
            return False
        captured = payment.capture(known.intent)
        same_charge = captured is not None and captured.charge == refund.charge
        return same_charge and known.provider_refund in {None, refund.id}

    return SignedFact(
        command=RecordRefund(payment_id=own.payment, refund=own.refund, result=result),
        step=f"{own.refund}:{refund.status}",
        booking=own.booking,
        agrees=agrees,
    )


def _money(amount: int, currency: str) -> money.Money:
    return money.Money(amount, currency.upper())
