"""Record the outcome of an attempt to open a checkout session, or the end of the session."""

import datetime as dt
from typing import ClassVar, assert_never

import msgspec

from application import ports
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment import extend_hold
from domain.booking import sale
from domain.kernel import ids
from domain.payment import attempts, rejections, replacement
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
    decline_code: str | None = None


class Delayed(msgspec.Struct, frozen=True):
    """The session is complete; a bank decides about its payment."""

    intent: str


Result = Opened | Unresolved | Refused | Expired | Declined | Delayed


class PaymentDelayed(ports.BackgroundTask, frozen=True):
    """Write to the traveller that the payment page is open now, at the address `url`."""

    topic: ClassVar[str] = "payment_delayed"

    booking_id: str
    attempt: str
    url: str


class RecordAttempt(Command, frozen=True):
    """Record the outcome of an attempt of a payment."""

    payment_id: str
    attempt: str
    result: Result

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; the same result again records nothing.

        A card declined while the booking holds no seats moves the booking too. A session that is
        opened after a wait extends the hold, and the traveller gets its link by a letter.
        """
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        if payment is None or payment.attempt(self.attempt) is None:
            raise rejections.PaymentNotFound()
        events = _events(payment, self.attempt, self.result)
        context.record(self.payment_id, events)
        is_of_booking = not ids.is_without_booking(payment.booking)
        if events and isinstance(self.result, Declined) and is_of_booking:
            booking = context.load(stream_kinds.BOOKING, payment.booking)
            assert booking is not None
            failed = sale.fail_payment(booking, reason=self.result.code)
            context.record(payment.booking, failed)
        if events and isinstance(self.result, Opened) and is_of_booking:
            self._end_wait(context, payment, self.result)
        return Reply(self.payment_id)

    def _end_wait(self, context: DecisionContext, payment: Payment, opened: Opened) -> None:
        """Extend the hold from now and enqueue the letter, where the traveller had to wait for a
        session that can still be paid.
        """
        attempt = payment.attempt(self.attempt)
        assert attempt is not None
        if not opened.url or not replacement.was_delayed(payment, attempt, now=context.now):
            return
        extend_hold.extend(context, payment.booking, self.attempt)
        if not attempt.is_share:
            context.enqueue(PaymentDelayed(payment.booking, self.attempt, opened.url))


def _events(payment: Payment, attempt: str, result: Result) -> list[PaymentEvent]:
    match result:
        case Opened(session=session, url=url, expires_at=expires_at):
            return attempts.open_session(
                payment, attempt=attempt, session=session, url=url, expires_at=expires_at
            )
        case Unresolved():
            return attempts.mark_unresolved(payment, attempt=attempt)
        case Refused(code=code):
            return attempts.refuse_attempt(payment, attempt=attempt, code=code)
        case Expired():
            return attempts.expire_attempt(payment, attempt=attempt)
        case Declined():
            return attempts.decline(
                payment,
                attempt=attempt,
                intent=result.intent,
                charge=result.charge,
                code=result.code,
                decline_code=result.decline_code,
            )
        case Delayed(intent=intent):
            return attempts.delay(payment, attempt=attempt, intent=intent)
        case _:
            assert_never(result)
