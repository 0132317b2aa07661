"""Calls Stripe about one payment: open a session, read its state, expire it.

Rule: every call is preceded by a recorded intention and followed by a recorded outcome, and no
call is made within a transaction. The current state at Stripe decides; webhooks are only hints.
"""

import contextlib
import datetime as dt
import logging
from collections.abc import Callable

import msgspec

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Outcome
from application.payment import gateway, record_attempt, record_unmatched
from application.payment.record_attempt import RecordAttempt
from application.payment.record_capture import RecordCapture
from application.payment.record_unmatched import RecordUnmatchedMoney
from domain.booking.state import Booking
from domain.kernel import ids, money
from domain.payment import idempotency_keys, rejections
from domain.payment.state import Attempt, AttemptStatus, Payment

# States of an intent at Stripe: a bank decides about it, or it has taken no money.
PROCESSING = "processing"
UNPAID = frozenset({"requires_payment_method", "canceled"})
CLOCK_LEEWAY = dt.timedelta(minutes=5)
SHORTEST_SESSION = dt.timedelta(minutes=30)  # https://docs.stripe.com/api/checkout/sessions/create

logger = logging.getLogger(__name__)


class ReturnUrls(msgspec.Struct, frozen=True):
    """The pages to which Stripe returns the traveller; `{booking}` is replaced."""

    success: str
    cancel: str


class Collector:
    """Uses the dispatcher for every record and the gateway for every call."""

    def __init__(
        self,
        *,
        bus: CommandBus,
        payments: gateway.PaymentGateway,
        clock: ports.Clock,
        urls: ReturnUrls,
        describe: Callable[[str], str],
    ) -> None:
        self._bus = bus
        self._payments = payments
        self._clock = clock
        self._urls = urls
        self._describe = describe

    async def payment(self, stream: str) -> Payment:
        """The payment as the log has it now; rejects PaymentNotFound."""
        found = await self._bus.current(stream_kinds.PAYMENT, stream)
        if found[0] is None:
            raise rejections.PaymentNotFound()
        return found[0]

    async def payment_that_captured(self, intent_id: str, *, cause: follow_up.Cause) -> str | None:
        """Return the payment that has captured the intent's money, which is recorded first where a
        webhook was lost; None where Stripe has taken none.
        """
        intent = await self._payments.payment_intent(intent_id)
        found = await capturing_payment(self._bus, intent)
        if found is None:
            await self._take_over_intent(intent, cause)
            found = await capturing_payment(self._bus, intent)
        return found

    async def has_captured(self, stream: str, intent: str) -> bool:
        """Return whether the intent's money is recorded."""
        return await has_captured(self._bus, stream, intent)

    async def open_session(
        self,
        stream: str,
        attempt_id: str,
        *,
        cause: follow_up.Cause,
        payment: Payment | None = None,
    ) -> Attempt:
        """Ask Stripe for the attempt's session unless its outcome is known; record and return it.

        `payment` is the payment where the caller has it from the log of this moment.
        Raises GatewayTimeout and GatewayUnavailable (the attempt is then unknown, unless nothing
        was executed, and is asked again with the same key), GatewayRejected (recorded as refused).
        """
        payment = payment or await self.payment(stream)
        attempt = payment.attempt(attempt_id)
        if attempt is None:
            raise rejections.PaymentNotFound()
        if attempt.status not in {AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN}:
            return attempt
        try:
            session = await self._ask(payment, stream, attempt)
        except gateway.GatewayNotExecuted:
            raise
        except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
            await self._record(stream, attempt_id, record_attempt.Unresolved(), cause, "unknown")
            raise
        except gateway.GatewayRejected as refusal:
            refused = record_attempt.Refused(code=refusal.code)
            await self._record(stream, attempt_id, refused, cause, "refused")
            raise
        if session is None:
            refused = record_attempt.Refused(code="never_reached_stripe")
            outcome = await self._record(stream, attempt_id, refused, cause, "refused")
        else:
            opened = record_attempt.Opened(
                session=session.id, url=session.url or "", expires_at=session.expires_at
            )
            outcome = await self._record(stream, attempt_id, opened, cause, "opened")
        after: Payment = outcome.state or await self.payment(stream)
        known = after.attempt(attempt_id)
        assert known is not None
        return known

    async def _ask(
        self, payment: Payment, stream: str, attempt: Attempt
    ) -> gateway.CheckoutSession | None:
        """Return Stripe's session of the attempt; None if there is none and the key opens none.

        While the key lives it gives the outcome for one call. The sessions of the time are searched
        only once Stripe may have forgotten the key, or keeps a failure under it although the
        session may exist; that search is shared by all attempts. A session that the search missed
        is harmless: nobody has ever got its address.
        """
        if idempotency_keys.may_retry_with_same_key(
            started_at=attempt.started_at, now=self._clock()
        ):
            with contextlib.suppress(gateway.GatewayFailureKept):
                return await self._repeat(payment, stream, attempt)
        return await self._search(attempt)

    async def _search(self, attempt: Attempt) -> gateway.CheckoutSession | None:
        """Return the session; Stripe opens none that would end within `SHORTEST_SESSION`."""
        latest = attempt.expires_at - SHORTEST_SESSION + CLOCK_LEEWAY
        found = await self._payments.find_sessions(
            created_since=attempt.started_at - CLOCK_LEEWAY,
            created_until=min(latest, self._clock() + CLOCK_LEEWAY),
            attempt=attempt.id,
        )
        return found[0] if found else None

    async def _repeat(
        self, payment: Payment, stream: str, attempt: Attempt
    ) -> gateway.CheckoutSession:
        """Send the request of the attempt, the same each time."""
        return await self._payments.open_checkout(
            gateway.CheckoutRequest(
                booking=payment.booking,
                payment=stream,
                attempt=attempt.id,
                amount=attempt.amount or payment.due,
                description=self._describe(payment.booking),
                success_url=_return_url(self._urls.success, payment, attempt),
                cancel_url=_return_url(self._urls.cancel, payment, attempt),
                idempotency_key=attempt.idempotency_key,
                expires_at=attempt.expires_at,
                locale="ar" if attempt.locale == "ar" else "en",
                customer_email=None,
            )
        )

    async def learn_attempt(self, stream: str, attempt_id: str, *, cause: follow_up.Cause) -> None:
        """Record the current state of the attempt's session if it is open by our records."""
        attempt = (await self.payment(stream)).attempt(attempt_id)
        if attempt is None or attempt.status is not AttemptStatus.OPEN:
            return
        assert attempt.session is not None, "an open attempt has a session"
        await self.learn_session(attempt.session, cause=cause)

    async def learn_session(self, session_id: str, *, cause: follow_up.Cause) -> None:
        """Record the current state of a checkout session and its intent."""
        await self._take_over(await self._payments.session(session_id), cause)

    async def end_session(self, session_id: str, *, cause: follow_up.Cause) -> None:
        """Expire the session if it is still open; if it was paid meanwhile, record that.

        Rejects AttemptPending while a bank decides about its payment: that cannot be stopped.
        """
        session = await self._payments.expire_session(session_id)
        intent = await self._take_over(session, cause)
        if session.status == "complete" and intent is not None and intent.status == PROCESSING:
            raise rejections.AttemptPending()

    async def _take_over(
        self, session: gateway.CheckoutSession, cause: follow_up.Cause
    ) -> gateway.PaymentIntent | None:
        intent = session.intent
        if intent is None and session.payment_intent is not None:
            intent = await self._payments.payment_intent(session.payment_intent)
        if intent is not None:
            await self._take_over_intent(intent, cause)
            await self._take_over_delay(session, intent, cause)
        failed = intent is not None and intent.status in UNPAID
        over = session.status == "expired" or (session.status == "complete" and failed)
        if over and session.payment and session.attempt and is_ours(session):
            expired = record_attempt.Expired()
            await self._record(session.payment, session.attempt, expired, cause, "expired")
        return intent

    async def _take_over_delay(
        self,
        session: gateway.CheckoutSession,
        intent: gateway.PaymentIntent,
        cause: follow_up.Cause,
    ) -> None:
        """Record that a bank decides, so that the traveller is told and asked for no second one."""
        if session.status != "complete" or intent.status != PROCESSING or not is_ours(session):
            return
        if session.payment and session.attempt:
            delayed = record_attempt.Delayed(intent=intent.id)
            await self._record(session.payment, session.attempt, delayed, cause, "delayed")

    async def learn_intent(self, intent_id: str, *, cause: follow_up.Cause) -> None:
        """Record the current state of a payment intent: captured, or a card declined."""
        await self._take_over_intent(await self._payments.payment_intent(intent_id), cause)

    async def _take_over_intent(
        self, intent: gateway.PaymentIntent, cause: follow_up.Cause
    ) -> None:
        if intent.payment is None or intent.attempt is None or not is_ours(intent):
            if intent.status == "succeeded":
                await self._record_unmatched(intent, cause)
            return
        if intent.status == "succeeded":
            await self._record_capture(intent, cause)
        elif intent.last_error_code is not None and intent.last_error_id is not None:
            declined = record_attempt.Declined(
                intent=intent.id,
                charge=intent.last_error_id,
                code=intent.last_error_code,
                decline_code=intent.last_decline_code,
            )
            await self._record(
                intent.payment, intent.attempt, declined, cause, f"declined:{intent.last_error_id}"
            )

    async def _record_capture(self, intent: gateway.PaymentIntent, cause: follow_up.Cause) -> None:
        assert intent.payment is not None
        assert intent.booking is not None
        command = RecordCapture(
            payment_id=intent.payment,
            booking_id=intent.booking,
            attempt=intent.attempt or "",
            intent=intent.id,
            charge=intent.latest_charge or "",
            amount=money.Money(intent.amount_received.amount, intent.amount_received.currency),
            paid_at=intent.created,
            card=intent.card,
        )
        try:
            await self._bus.submit(follow_up.envelope(cause, f"capture:{intent.id}", command))
        except rejections.PaymentNotFound:
            await self._record_unmatched(intent, cause)

    async def _record_unmatched(
        self, intent: gateway.PaymentIntent, cause: follow_up.Cause
    ) -> None:
        """Record money that names no payment of ours, or an unknown one; finance decides."""
        logger.critical("Stripe took money that matches no booking: %s", intent.id)
        command = RecordUnmatchedMoney(
            intent=intent.id,
            charge=intent.latest_charge or "",
            amount=money.Money(intent.amount_received.amount, intent.amount_received.currency),
            card=intent.card,
        )
        await self._bus.submit(follow_up.envelope(cause, f"unmatched:{intent.id}", command))

    async def _record(
        self,
        stream: str,
        attempt: str,
        result: record_attempt.Result,
        cause: follow_up.Cause,
        step: str,
    ) -> Outcome:
        command = RecordAttempt(payment_id=stream, attempt=attempt, result=result)
        return await self._bus.submit(follow_up.envelope(cause, f"{attempt}:{step}", command))


async def has_captured(bus: CommandBus, stream: str, intent: str) -> bool:
    """Return whether the intent's money is recorded on the payment, as the log has it now."""
    payment = (await bus.current(stream_kinds.PAYMENT, stream))[0]
    return payment is not None and payment.capture(intent) is not None


async def capturing_payment(bus: CommandBus, intent: gateway.PaymentIntent) -> str | None:
    """Return the payment on which the intent's money is recorded, matched or not; else None."""
    names = [record_unmatched.stream_of(intent.id)]
    if intent.payment is not None and is_ours(intent):
        names.insert(0, intent.payment)
    for name in names:
        if await has_captured(bus, name, intent.id):
            return name
    return None


def is_ours(found: gateway.PaymentIntent | gateway.CheckoutSession) -> bool:
    """Return whether its metadata has the form of our ids; others fill theirs in as they like."""
    if found.booking is None or found.payment is None:
        return False
    return ids.is_payment_of(found.payment, found.booking)


def payment_of(stream: str, booking: Booking) -> str:
    """Return the payment stream of the booking's amount due."""
    return ids.payment_stream(stream, booking.payment_number())


def _return_url(page: str, payment: Payment, attempt: Attempt) -> str:
    """Return the page's address for the booking, and for the way back that the attempt names."""
    address = page.replace("{booking}", payment.booking)
    return f"{address}?to={attempt.return_to}" if attempt.return_to else address
