"""The amount due and the attempts to collect it: one Stripe Checkout Session each.

A decision that was made already returns no events.
"""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.kernel import money
from domain.payment import rejections
from domain.payment.events import (
    AttemptEvent,
    AttemptExpired,
    AttemptRefused,
    AttemptStarted,
    AttemptUnresolved,
    PaymentDeclined,
    PaymentDelayed,
    PaymentEvent,
    PaymentRequested,
    SessionOpened,
)
from domain.payment.state import (
    LIVE,
    Attempt,
    AttemptStatus,
    Payment,
    with_attempt,
    with_attempt_status,
)

# States in which it is not known whether there is a session.
UNANSWERED = frozenset({AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN})
# An attempt that is answered later than this was delayed: its traveller waits no more.
DELAYED_AFTER = dt.timedelta(seconds=20)


def session_expires_at(*, lasts: dt.timedelta, now: dt.datetime) -> dt.datetime:
    """When a session requested now expires, in whole seconds as Stripe requires.

    Afterwards another attempt takes its place (`replacement.py`). The hold ends first; then we
    expire the session.
    """
    return (now + lasts).replace(microsecond=0)


def request(payment: Payment | None, *, booking: str, due: money.Money) -> list[PaymentEvent]:
    """Request the amount due; idempotent."""
    return [] if payment is not None else [PaymentRequested(booking=booking, due=due)]


def start_attempt(
    payment: Payment,
    *,
    attempt: str,
    idempotency_key: str,
    locale: str,
    lasts: dt.timedelta,
    now: dt.datetime,
    return_to: str = "",
) -> list[PaymentEvent]:
    """Record the intention to open a session unless one is live (M1); idempotent for an id.

    It collects what is outstanding of the amount due, and its session `lasts` so long.
    """
    if payment.is_settled():
        raise rejections.AlreadyPaid()
    if payment.live_attempt() is not None or payment.attempt(attempt) is not None:
        return []
    outstanding = payment.outstanding()
    return [
        AttemptStarted(
            attempt=attempt,
            idempotency_key=idempotency_key,
            locale=locale,
            started_at=now,
            expires_at=session_expires_at(lasts=lasts, now=now),
            amount=None if outstanding == payment.due else outstanding,
            return_to=return_to,
        )
    ]


def open_session(
    payment: Payment, *, attempt: str, session: str, url: str, expires_at: dt.datetime
) -> list[PaymentEvent]:
    """Stripe opened the requested session."""
    if _known(payment, attempt).status not in {AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN}:
        return []
    return [SessionOpened(attempt=attempt, session=session, url=url, expires_at=expires_at)]


def mark_unresolved(payment: Payment, *, attempt: str) -> list[PaymentEvent]:
    """Stripe did not answer in time (M4)."""
    if _known(payment, attempt).status is not AttemptStatus.REQUESTED:
        return []
    return [AttemptUnresolved(attempt=attempt)]


def refuse_attempt(payment: Payment, *, attempt: str, code: str) -> list[PaymentEvent]:
    """Stripe refused to open the session."""
    if _known(payment, attempt).status not in {AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN}:
        return []
    return [AttemptRefused(attempt=attempt, code=code)]


def expire_attempt(payment: Payment, *, attempt: str) -> list[PaymentEvent]:
    """The session can no longer be paid."""
    if _known(payment, attempt).status in {
        AttemptStatus.EXPIRED,
        AttemptStatus.REFUSED,
        AttemptStatus.CAPTURED,
    }:
        return []
    return [AttemptExpired(attempt=attempt)]


def decline(
    payment: Payment,
    *,
    attempt: str,
    intent: str,
    charge: str,
    code: str,
    decline_code: str | None = None,
) -> list[PaymentEvent]:
    """A card was declined: recorded once per charge, never after the capture."""
    known = payment.attempt(attempt)
    if known is None or charge in known.declined_charges:
        return []
    if payment.capture(intent) is not None:
        return []
    return [
        PaymentDeclined(
            attempt=attempt, intent=intent, charge=charge, code=code, decline_code=decline_code
        )
    ]


def delay(payment: Payment, *, attempt: str, intent: str) -> list[PaymentEvent]:
    """A bank decides about the payment: recorded once, and never after its answer."""
    known = payment.attempt(attempt)
    if known is None or known.bank_decides or known.status not in LIVE:
        return []
    if payment.capture(intent) is not None:
        return []
    return [PaymentDelayed(attempt=attempt, intent=intent)]


def require_payable(attempt: Attempt) -> None:
    """Require that the live attempt can still be paid by its traveller: rejects AttemptPending."""
    if attempt.bank_decides and attempt.status in LIVE:
        raise rejections.AttemptPending(reason="bank_decides")


def evolve(payment: Payment, event: AttemptEvent) -> Payment:
    """The payment after the event."""
    match event:
        case AttemptStarted():
            return _started(payment, event)
        case SessionOpened():
            return _opened(payment, event)
        case AttemptUnresolved():
            return with_attempt_status(payment, event.attempt, AttemptStatus.UNKNOWN)
        case AttemptRefused():
            return with_attempt_status(payment, event.attempt, AttemptStatus.REFUSED)
        case AttemptExpired():
            return with_attempt_status(payment, event.attempt, AttemptStatus.EXPIRED)
        case PaymentDeclined():
            return _declined(payment, event)
        case PaymentDelayed():
            return _delayed(payment, event)
        case _:
            assert_never(event)


def first_state(event: PaymentRequested) -> Payment:
    """The payment that begins with this event."""
    return Payment(booking=event.booking, due=event.due)


def _started(payment: Payment, event: AttemptStarted) -> Payment:
    attempt = Attempt(
        id=event.attempt,
        status=AttemptStatus.REQUESTED,
        idempotency_key=event.idempotency_key,
        locale=event.locale,
        started_at=event.started_at,
        expires_at=event.expires_at,
        amount=event.amount,
        is_share=event.is_share,
        return_to=event.return_to,
        replaces=event.replaces,
    )
    return replace(payment, attempts=(*payment.attempts, attempt))


def _opened(payment: Payment, event: SessionOpened) -> Payment:
    attempt = payment.attempt(event.attempt)
    assert attempt is not None
    opened = replace(
        attempt,
        status=AttemptStatus.OPEN,
        session=event.session,
        url=event.url,
        expires_at=event.expires_at,
    )
    return with_attempt(payment, opened)


def _declined(payment: Payment, event: PaymentDeclined) -> Payment:
    attempt = payment.attempt(event.attempt)
    if attempt is None:
        return payment
    charges = attempt.declined_charges | {event.charge}
    last = event.decline_code or event.code
    return with_attempt(payment, replace(attempt, declined_charges=charges, last_decline=last))


def _delayed(payment: Payment, event: PaymentDelayed) -> Payment:
    attempt = payment.attempt(event.attempt)
    if attempt is None:
        return payment
    return with_attempt(payment, replace(attempt, bank_decides=True))


def _known(payment: Payment, attempt: str) -> Attempt:
    known = payment.attempt(attempt)
    assert known is not None, "outcomes are recorded only for attempts that were started"
    return known
