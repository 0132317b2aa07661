"""A payment as its events tell it."""

import datetime as dt
from enum import StrEnum
from typing import assert_never

import msgspec

from domain.kernel import money
from domain.payment.events import (
    AttemptExpired,
    AttemptRefused,
    AttemptStarted,
    AttemptUnresolved,
    FundsParked,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentRequested,
    RefundAccepted,
    RefundFailed,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnresolved,
    SessionOpened,
)


class AttemptStatus(StrEnum):
    """How far one attempt has come."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    OPEN = "open"
    REFUSED = "refused"
    EXPIRED = "expired"
    CAPTURED = "captured"


LIVE = frozenset({AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN, AttemptStatus.OPEN})


class RefundStatus(StrEnum):
    """How far one refund has come."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    REFUSED = "refused"
    FAILED = "failed"


NOT_REFUNDED = frozenset({RefundStatus.REFUSED, RefundStatus.FAILED})


class Attempt(msgspec.Struct, frozen=True):
    """One checkout session, asked for or open."""

    id: str
    status: AttemptStatus
    idempotency_key: str
    locale: str
    started_at: dt.datetime
    expires_at: dt.datetime
    session: str | None = None
    url: str | None = None
    declined_charges: frozenset[str] = frozenset()


class Capture(msgspec.Struct, frozen=True):
    """Money that Stripe took, once per intent."""

    intent: str
    charge: str
    amount: money.Money
    parked: bool = False


class Refund(msgspec.Struct, frozen=True):
    """Money of one capture asked back; `provider_refund` is Stripe's id once it has it."""

    id: str
    intent: str
    amount: money.Money
    obligation: str
    idempotency_key: str
    requested_at: dt.datetime
    status: RefundStatus = RefundStatus.REQUESTED
    provider_refund: str | None = None


class Payment(msgspec.Struct, frozen=True):
    """One amount due, its attempts and refunds in order, its captures by intent."""

    booking: str
    due: money.Money
    attempts: tuple[Attempt, ...] = ()
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()

    def live_attempt(self) -> Attempt | None:
        """The attempt that may still be paid, if any (M1)."""
        return next((a for a in reversed(self.attempts) if a.status in LIVE), None)

    def attempt(self, attempt: str) -> Attempt | None:
        """The attempt of this id."""
        return next((a for a in self.attempts if a.id == attempt), None)

    def capture(self, intent: str) -> Capture | None:
        """The capture of this intent, if it was told already (M2)."""
        return next((c for c in self.captures if c.intent == intent), None)

    def refund(self, refund: str) -> Refund | None:
        """The refund of this id."""
        return next((r for r in self.refunds if r.id == refund), None)

    def refundable(self, intent: str) -> money.Money:
        """What may still be asked back of the capture, which must be there (M5)."""
        captured = self.capture(intent)
        assert captured is not None, "only captured money is asked back"
        asked = [r.amount for r in self.refunds if r.intent == intent and _counts(r)]
        return captured.amount - money.total(asked, captured.amount.currency)

    def is_settled(self) -> bool:
        """Whether money was captured and applied."""
        return any(not capture.parked for capture in self.captures)


def evolve(payment: Payment | None, event: PaymentEvent) -> Payment:
    """The payment after the event; never rejects a stored fact."""
    if isinstance(event, PaymentRequested):
        return Payment(booking=event.booking, due=event.due)
    assert payment is not None
    match event:
        case AttemptStarted():
            attempt = Attempt(
                id=event.attempt,
                status=AttemptStatus.REQUESTED,
                idempotency_key=event.idempotency_key,
                locale=event.locale,
                started_at=event.started_at,
                expires_at=event.expires_at,
            )
            return msgspec.structs.replace(payment, attempts=(*payment.attempts, attempt))
        case AttemptUnresolved():
            return _with_status(payment, event.attempt, AttemptStatus.UNKNOWN)
        case SessionOpened():
            return _opened(payment, event)
        case AttemptRefused():
            return _with_status(payment, event.attempt, AttemptStatus.REFUSED)
        case AttemptExpired():
            return _with_status(payment, event.attempt, AttemptStatus.EXPIRED)
        case PaymentDeclined():
            return _declined(payment, event)
        case PaymentCaptured():
            capture = Capture(intent=event.intent, charge=event.charge, amount=event.amount)
            captured = _with_status(payment, event.attempt, AttemptStatus.CAPTURED)
            return msgspec.structs.replace(captured, captures=(*payment.captures, capture))
        case FundsParked():
            captures = tuple(
                msgspec.structs.replace(c, parked=True) if c.intent == event.intent else c
                for c in payment.captures
            )
            return msgspec.structs.replace(payment, captures=captures)
        case RefundRequested():
            return _refund_requested(payment, event)
        case RefundUnresolved():
            return _with_refund(payment, event.refund, status=RefundStatus.UNKNOWN)
        case RefundAccepted(refund=refund, provider_refund=told):
            status = RefundStatus.ACCEPTED
            return _with_refund(payment, refund, status=status, provider_refund=told)
        case RefundSettled():
            return _with_refund(payment, event.refund, status=RefundStatus.SETTLED)
        case RefundRefused():
            return _with_refund(payment, event.refund, status=RefundStatus.REFUSED)
        case RefundFailed():
            return _with_refund(payment, event.refund, status=RefundStatus.FAILED)
        case _:
            assert_never(event)


def _replaced(payment: Payment, attempt: Attempt) -> Payment:
    attempts = tuple(attempt if a.id == attempt.id else a for a in payment.attempts)
    return msgspec.structs.replace(payment, attempts=attempts)


def _with_status(payment: Payment, attempt_id: str, status: AttemptStatus) -> Payment:
    attempt = payment.attempt(attempt_id)
    if attempt is None:
        return payment
    return _replaced(payment, msgspec.structs.replace(attempt, status=status))


def _opened(payment: Payment, event: SessionOpened) -> Payment:
    attempt = payment.attempt(event.attempt)
    assert attempt is not None
    opened = msgspec.structs.replace(
        attempt,
        status=AttemptStatus.OPEN,
        session=event.session,
        url=event.url,
        expires_at=event.expires_at,
    )
    return _replaced(payment, opened)


def _declined(payment: Payment, event: PaymentDeclined) -> Payment:
    attempt = payment.attempt(event.attempt)
    if attempt is None:
        return payment
    charges = attempt.declined_charges | {event.charge}
    return _replaced(payment, msgspec.structs.replace(attempt, declined_charges=charges))


def _counts(refund: Refund) -> bool:
    return refund.status not in NOT_REFUNDED


def _refund_requested(payment: Payment, event: RefundRequested) -> Payment:
    refund = Refund(
        id=event.refund,
        intent=event.intent,
        amount=event.amount,
        obligation=event.obligation,
        idempotency_key=event.idempotency_key,
        requested_at=event.requested_at,
    )
    return msgspec.structs.replace(payment, refunds=(*payment.refunds, refund))


def _with_refund(payment: Payment, refund: str, **changes: str) -> Payment:
    refunds = tuple(
        msgspec.structs.replace(r, **changes) if r.id == refund else r for r in payment.refunds
    )
    return msgspec.structs.replace(payment, refunds=refunds)
