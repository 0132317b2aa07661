"""Calls Stripe about one payment: open a session, read its state, expire it.

Rule: every call is preceded by a recorded intention and followed by a recorded outcome, and no
call is made within a transaction. The current state at Stripe decides; webhooks are only hints.
"""

import contextlib
import logging
from collections.abc import Callable

import msgspec

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Outcome
from application.payment import gateway, record_attempt, recorded_captures
from application.payment.record_attempt import RecordAttempt
from application.payment.record_capture import RecordCapture
from application.payment.record_unmatched import RecordUnmatchedMoney
from application.payment.recorded_captures import is_ours
from application.payment.replace_attempt import ReplaceAttempt
from domain.booking.state import Booking
from domain.kernel import ids, money
from domain.payment import idempotency_keys, rejections, replacement
from domain.payment.attempts import UNANSWERED
from domain.payment.state import LIVE, Attempt, AttemptStatus, Payment

# States of an intent at Stripe: a bank decides about it, or it has taken no money.
PROCESSING = "processing"
UNPAID = frozenset({"requires_payment_method", "canceled"})
# Why an attempt has no session without a refusal of Stripe's.
NEVER_REACHED = "never_reached_stripe"
PAID_BEFORE = "paid_before"
# Of attempts that take each other's place so many are tried in a row; the timer goes on.
REPLACED_AT_ONCE = 1

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
        found = await recorded_captures.capturing_payment(self._bus, intent)
        if found is None:
            await self._take_over_intent(intent, cause)
            found = await recorded_captures.capturing_payment(self._bus, intent)
        return found

    async def has_captured(self, stream: str, intent: str) -> bool:
        """Return whether the intent's money is recorded."""
        return await recorded_captures.has_captured(self._bus, stream, intent)

    async def open_session(
        self,
        stream: str,
        attempt_id: str,
        *,
        cause: follow_up.Cause,
        payment: Payment | None = None,
    ) -> Attempt:
        """Ask Stripe for the attempt's session unless its outcome is known; record and return it.

        Where Stripe opens it no more, another attempt takes its place and is opened and returned.
        `payment` is the payment where the caller has it from the log of this moment.
        Raises GatewayTimeout and GatewayUnavailable (the attempt is then unknown, unless nothing
        was executed, and is asked again with the same key), GatewayRejected (recorded as refused);
        rejects AttemptPending while a bank decides about the one before.
        """
        payment = payment or await self.payment(stream)
        for _ in range(REPLACED_AT_ONCE + 1):
            attempt = replacement.newest(payment, attempt_id)
            if attempt is None:
                raise rejections.PaymentNotFound()
            if attempt.status not in UNANSWERED:
                return attempt
            known = await self._open(payment, stream, attempt, cause, replaces=True)
            if known.status in LIVE:
                return known
            payment = await self.payment(stream)
            attempt = replacement.newest(payment, known.id)
            if attempt is None or attempt.id == known.id:
                return known
        raise gateway.GatewayUnavailable("another attempt is opened later")

    async def settle_session(
        self, stream: str, attempt_id: str, *, cause: follow_up.Cause
    ) -> Attempt:
        """Ask Stripe for the attempt's session, in order to end it: no other takes its place.

        Raises and rejects as `open_session` does.
        """
        payment = await self.payment(stream)
        attempt = payment.attempt(attempt_id)
        if attempt is None:
            raise rejections.PaymentNotFound()
        if attempt.status not in UNANSWERED:
            return attempt
        return await self._open(payment, stream, attempt, cause, replaces=False)

    async def _open(
        self,
        payment: Payment,
        stream: str,
        attempt: Attempt,
        cause: follow_up.Cause,
        *,
        replaces: bool,
    ) -> Attempt:
        """Ask Stripe about the unanswered attempt and record what it says; return the attempt."""
        try:
            if await self._has_paid_before(payment, stream, attempt, cause):
                return await self._refuse(stream, attempt.id, PAID_BEFORE, cause)
            session = await self._ask(payment, stream, attempt)
        except gateway.GatewayNotExecuted:
            raise
        except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
            await self._record(stream, attempt.id, record_attempt.Unresolved(), cause, "unknown")
            raise
        except gateway.GatewayRejected as refusal:
            if not replaces or not replacement.opens_no_more(attempt, now=self._clock()):
                await self._refuse(stream, attempt.id, refusal.code, cause)
                raise
            return await self._replace(stream, attempt.id, cause, code=refusal.code)
        if session is None and replaces:
            if not replacement.may_try_another_key(payment, attempt, now=self._clock()):
                raise gateway.GatewayUnavailable("Stripe keeps a failure under each key")
            return await self._replace(stream, attempt.id, cause, code=NEVER_REACHED)
        if session is None:
            return await self._refuse(stream, attempt.id, NEVER_REACHED, cause)
        ends_too_soon = replacement.ends_too_soon(session.expires_at, now=self._clock())
        if replaces and session.status != "complete" and ends_too_soon:
            found = replacement.FoundSession(session.id, session.expires_at)
            return await self._replace(stream, attempt.id, cause, found=found)
        opened = record_attempt.Opened(
            session=session.id, url=session.url or "", expires_at=session.expires_at
        )
        outcome = await self._record(stream, attempt.id, opened, cause, "opened")
        return await self._known(stream, attempt.id, outcome)

    async def _has_paid_before(
        self, payment: Payment, stream: str, attempt: Attempt, cause: follow_up.Cause
    ) -> bool:
        """Expire the session of the attempt that this one replaces, if that has one, so that never
        two can be paid; return whether it was paid nevertheless. Nobody ever got its address.
        """
        before = payment.attempt(attempt.replaces)
        if before is None or before.session is None:
            return False
        await self.end_session(before.session, cause=cause)
        return (await self.payment(stream)).is_settled()

    async def _replace(
        self,
        stream: str,
        attempt_id: str,
        cause: follow_up.Cause,
        *,
        code: str = "",
        found: replacement.FoundSession | None = None,
    ) -> Attempt:
        command = ReplaceAttempt(stream, attempt_id, code=code, found=found)
        outcome = await self._bus.submit(
            follow_up.envelope(cause, f"{attempt_id}:replaced", command)
        )
        return await self._known(stream, attempt_id, outcome)

    async def _refuse(
        self, stream: str, attempt_id: str, code: str, cause: follow_up.Cause
    ) -> Attempt:
        refused = record_attempt.Refused(code=code)
        outcome = await self._record(stream, attempt_id, refused, cause, "refused")
        return await self._known(stream, attempt_id, outcome)

    async def _known(self, stream: str, attempt_id: str, outcome: Outcome) -> Attempt:
        """Return the attempt after the outcome was recorded."""
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
        latest = attempt.expires_at - replacement.SHORTEST_SESSION + replacement.CLOCK_LEEWAY
        found = await self._payments.find_sessions(
            created_since=attempt.started_at - replacement.CLOCK_LEEWAY,
            created_until=min(latest, self._clock() + replacement.CLOCK_LEEWAY),
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


def payment_of(stream: str, booking: Booking) -> str:
    """Return the payment stream of the booking's amount due."""
    return ids.payment_stream(stream, booking.payment_number())


def _return_url(page: str, payment: Payment, attempt: Attempt) -> str:
    """Return the page's address for the booking, and for the way back that the attempt names."""
    address = page.replace("{booking}", payment.booking)
    return f"{address}?to={attempt.return_to}" if attempt.return_to else address
