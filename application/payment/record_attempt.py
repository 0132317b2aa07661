"""Record what became of an attempt to open or keep a checkout session."""

import datetime as dt
from collections.abc import Sequence
from typing import assert_never

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.kernel.events import DomainEvent
from domain.payment import decisions, rejections
from domain.payment.events import PaymentEvent
from domain.payment.state import Payment


class Opened(msgspec.Struct, frozen=True):
    """Stripe opened the session."""

    session: str
    url: str
    expires_at: dt.datetime


class Unresolved(msgspec.Struct, frozen=True):
    """Stripe did not answer in time."""


class Refused(msgspec.Struct, frozen=True):
    """Stripe refused; `code` is its error code."""

    code: str


class Expired(msgspec.Struct, frozen=True):
    """The session can no longer be paid."""


class Declined(msgspec.Struct, frozen=True):
    """A card was declined within the session."""

    intent: str
    charge: str
    code: str


Result = Opened | Unresolved | Refused | Expired | Declined


class RecordAttempt(msgspec.Struct, frozen=True):
    """What became of the attempt of a payment stream."""

    payment: str
    attempt: str
    result: Result

    @property
    def hints(self) -> tuple[str, ...]:
        """The payment."""
        return (self.payment,)


def record_attempt(command: RecordAttempt, reading: Reading) -> Decision:
    """Rejects PaymentNotFound; told twice records nothing new.

    A card declined while the booking holds no seats moves the booking too.
    """
    payment = reading.load(streams.PAYMENT, command.payment)
    if payment is None or payment.attempt(command.attempt) is None:
        raise rejections.PaymentNotFound()
    events = _decide(payment, command)
    changes: tuple[tuple[str, Sequence[DomainEvent]], ...] = ((command.payment, events),)
    if events and isinstance(command.result, Declined):
        booking = reading.load(streams.BOOKING, payment.booking)
        assert booking is not None
        failed = booking_decisions.fail_payment(booking, reason=command.result.code)
        if failed:
            changes = (*changes, (payment.booking, failed))
    return Decision(answer_stream=command.payment, events=changes)


def _decide(payment: Payment, command: RecordAttempt) -> list[PaymentEvent]:
    attempt = command.attempt
    match command.result:
        case Opened(session=session, url=url, expires_at=expires_at):
            return decisions.open_session(
                payment, attempt=attempt, session=session, url=url, expires_at=expires_at
            )
        case Unresolved():
            return decisions.leave_unresolved(payment, attempt=attempt)
        case Refused(code=code):
            return decisions.refuse_attempt(payment, attempt=attempt, code=code)
        case Expired():
            return decisions.expire_attempt(payment, attempt=attempt)
        case Declined(intent=intent, charge=charge, code=code):
            return decisions.decline(
                payment, attempt=attempt, intent=intent, charge=charge, code=code
            )
        case _:
            assert_never(command.result)
