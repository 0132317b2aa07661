"""What may happen to a payment. An empty list means: already so."""

import datetime as dt

from domain.kernel import entries, money
from domain.payment import rejections, rules
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
    SessionOpened,
)
from domain.payment.state import Attempt, AttemptStatus, Payment


def request(payment: Payment | None, *, booking: str, due: money.Money) -> list[PaymentEvent]:
    """An amount is due; once."""
    return [] if payment is not None else [PaymentRequested(booking=booking, due=due)]


def start_attempt(
    payment: Payment, *, attempt: str, idempotency_key: str, locale: str, now: dt.datetime
) -> list[PaymentEvent]:
    """Record the intention to open a session unless one is live (M1); each id starts once."""
    if payment.is_settled():
        raise rejections.AlreadyPaid()
    if payment.live_attempt() is not None or payment.attempt(attempt) is not None:
        return []
    return [
        AttemptStarted(
            attempt=attempt,
            idempotency_key=idempotency_key,
            locale=locale,
            started_at=now,
            expires_at=rules.session_expires_at(now=now),
        )
    ]


def open_session(
    payment: Payment, *, attempt: str, session: str, url: str, expires_at: dt.datetime
) -> list[PaymentEvent]:
    """Stripe opened the session that was asked for."""
    if _known(payment, attempt).status not in {AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN}:
        return []
    return [SessionOpened(attempt=attempt, session=session, url=url, expires_at=expires_at)]


def leave_unresolved(payment: Payment, *, attempt: str) -> list[PaymentEvent]:
    """Stripe did not answer in time (M4)."""
    if _known(payment, attempt).status is not AttemptStatus.REQUESTED:
        return []
    return [AttemptUnresolved(attempt=attempt)]


def refuse_attempt(payment: Payment, *, attempt: str, code: str) -> list[PaymentEvent]:
    """Stripe refused to open the session: a definite no."""
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
    payment: Payment, *, attempt: str, intent: str, charge: str, code: str
) -> list[PaymentEvent]:
    """A card was declined; told once per charge, never after the capture."""
    known = payment.attempt(attempt)
    if known is None or charge in known.declined_charges:
        return []
    if payment.capture(intent) is not None:
        return []
    return [PaymentDeclined(attempt=attempt, intent=intent, charge=charge, code=code)]


def capture(
    payment: Payment,
    *,
    attempt: str,
    intent: str,
    charge: str,
    amount: money.Money,
    entry: entries.Entry,
) -> list[PaymentEvent]:
    """Stripe captured money: recorded once per intent (M2), whatever the attempt's state."""
    assert amount.amount > 0, "what Stripe captured is more than nothing"
    if payment.capture(intent) is not None:
        return []
    return [
        PaymentCaptured(attempt=attempt, intent=intent, charge=charge, amount=amount, entry=entry)
    ]


def park(payment: Payment, *, intent: str, reason: rules.ParkReason) -> list[PaymentEvent]:
    """Leave a capture in unapplied funds, with the reason (M3)."""
    captured = payment.capture(intent)
    assert captured is not None
    if captured.parked:
        return []
    return [FundsParked(intent=intent, amount=captured.amount, reason=reason)]


def _known(payment: Payment, attempt: str) -> Attempt:
    known = payment.attempt(attempt)
    assert known is not None, "outcomes are recorded only for attempts that were started"
    return known
