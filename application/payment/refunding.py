"""Calls Stripe about one refund: request it, read its state.

Rule: the request is recorded before Stripe is asked and carries the key of every try, so that
Stripe has it once however often we ask; an unknown outcome is looked up before it is asked again.
"""

import logging

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.payment import gateway, record_refund
from application.payment.check_captures import CaptureChecker
from application.payment.record_refund import RecordRefund
from domain.kernel import ids
from domain.payment import idempotency_keys, rejections
from domain.payment.state import Payment, Refund, RefundStatus

# States of a refund at Stripe whose money was returned to our balance.
FAILED = frozenset({"failed", "canceled"})
# Recorded when Stripe has not failed the refund in whose place this one would be sent.
REPLACED_NOT_FAILED = "replaced_refund_has_not_failed"
# Recorded when the key has expired and Stripe has no such refund: nothing was accepted.
NEVER_REACHED = "never_reached_stripe"

logger = logging.getLogger(__name__)


class Refunder:
    """Uses the dispatcher for every record and the gateway for every call.

    `captures` checks the captures that refunds are drawn from, and those that a timer names.
    """

    def __init__(
        self, *, bus: CommandBus, payments: gateway.PaymentGateway, clock: ports.Clock
    ) -> None:
        self._bus = bus
        self.captures = CaptureChecker(bus=bus, payments=payments)
        self._payments = payments
        self._clock = clock

    async def send(self, payment: str, refund: str, *, cause: follow_up.Cause) -> Refund:
        """Ask Stripe for the refund, or for its state once Stripe has it; record and return it.

        Rejects PaymentNotFound. Raises GatewayTimeout and GatewayUnavailable (the refund is then
        unknown and is asked again), GatewayMisconfigured; a definite no is recorded as refused.
        Money that Stripe does not confirm is not refunded: the refund stays requested.
        """
        found, known = await self._read(payment, refund)
        if known.status in {RefundStatus.REQUESTED, RefundStatus.UNKNOWN}:
            if not await self.captures.is_confirmed(payment, known.intent):
                return known
            if await self._may_replace(known):
                await self._ask(payment, found, known, cause)
            else:
                refused = record_refund.Refused(code=REPLACED_NOT_FAILED)
                await self._record(payment, refund, refused, cause, "refused")
        elif known.status is RefundStatus.ACCEPTED:
            assert known.provider_refund is not None
            await self.learn_refund(known.provider_refund, cause=cause)
        return (await self._read(payment, refund))[1]

    async def _may_replace(self, refund: Refund) -> bool:
        """Return whether the refund that this one replaces, if any, has failed at Stripe, too.

        A signed event may have said so alone; its money would be paid out twice.
        """
        if refund.replaces is None:
            return True
        payment = ids.payment_of_refund(refund.replaces)
        replaced = (await self._read(payment, refund.replaces))[1]
        if replaced.provider_refund is None:
            return True
        try:
            reported = await self._payments.refund(replaced.provider_refund)
        except gateway.GatewayRejected as refusal:
            if refusal.code != gateway.RESOURCE_MISSING:
                raise gateway.GatewayUnavailable(f"look-up refused: {refusal.code}") from refusal
            return True
        if reported.status in FAILED:
            return True
        logger.critical(
            "refund %s is not sent again: an event said that %s failed, and Stripe has it as %s; "
            "is a signing secret known to others?",
            refund.id,
            reported.id,
            reported.status,
        )
        return False

    async def learn_refund(self, provider_refund: str, *, cause: follow_up.Cause) -> None:
        """Record the current state of a refund at Stripe."""
        await self._take_over(await self._payments.refund(provider_refund), cause)

    async def _ask(
        self, stream: str, payment: Payment, refund: Refund, cause: follow_up.Cause
    ) -> None:
        try:
            reported = await self._find_or_create(stream, payment, refund)
        except gateway.GatewayNotExecuted:
            raise
        except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
            await self._record(stream, refund.id, record_refund.Unresolved(), cause, "unknown")
            raise
        except gateway.GatewayRejected as refusal:
            refused = record_refund.Refused(code=refusal.code)
            await self._record(stream, refund.id, refused, cause, "refused")
            return
        if reported is None:
            refused = record_refund.Refused(code=NEVER_REACHED)
            await self._record(stream, refund.id, refused, cause, "refused")
        else:
            await self._record_reported(stream, refund.id, reported, cause)

    async def _find_or_create(
        self, stream: str, payment: Payment, refund: Refund
    ) -> gateway.ProviderRefund | None:
        """Return Stripe's refund; None when the key has expired and there is none.

        An unknown outcome is looked up first: Stripe may have kept a 500 under the key although
        the refund exists. So is a request whose key Stripe has forgotten: it may have been
        carried out and only its record been lost.
        """
        retries = idempotency_keys.may_retry_with_same_key(
            started_at=refund.requested_at, now=self._clock()
        )
        if refund.status is RefundStatus.UNKNOWN or not retries:
            found = await self._look_up(refund)
            if found is not None:
                return found
        if not retries:
            return None
        return await self._payments.create_refund(
            gateway.RefundOrder(
                payment_intent=refund.intent,
                amount=refund.amount,
                idempotency_key=refund.idempotency_key,
                booking=payment.owed_by(refund),
                payment=stream,
                refund=refund.id,
            )
        )

    async def _look_up(self, refund: Refund) -> gateway.ProviderRefund | None:
        """Return Stripe's first refund with our id. A refused look-up means unknown."""
        try:
            found = await self._payments.find_refunds(
                payment_intent=refund.intent, refund=refund.id
            )
        except gateway.GatewayRejected as refusal:
            raise gateway.GatewayUnavailable(f"look-up refused: {refusal.code}") from refusal
        return found[-1] if found else None

    async def _take_over(self, reported: gateway.ProviderRefund, cause: follow_up.Cause) -> None:
        if reported.payment is None or reported.refund is None:
            return  # not one of our refunds: reconciliation reports it
        if not ids.is_payment_id(reported.payment):
            return
        await self._record_reported(reported.payment, reported.refund, reported, cause)

    async def _record_reported(
        self, stream: str, refund: str, reported: gateway.ProviderRefund, cause: follow_up.Cause
    ) -> None:
        result: record_refund.Result
        match reported.status:
            case "succeeded":
                result = record_refund.Settled(provider_refund=reported.id)
            case "failed" | "canceled":
                code = reported.failure_reason or reported.status
                result = record_refund.Failed(provider_refund=reported.id, code=code)
            case "pending" | "requires_action":
                result = record_refund.Accepted(provider_refund=reported.id)
        await self._record(stream, refund, result, cause, reported.status)

    async def _record(
        self,
        stream: str,
        refund: str,
        result: record_refund.Result,
        cause: follow_up.Cause,
        step: str,
    ) -> None:
        command = RecordRefund(payment_id=stream, refund=refund, result=result)
        await self._bus.submit(follow_up.envelope(cause, f"{refund}:{step}", command))

    async def _read(self, stream: str, refund: str) -> tuple[Payment, Refund]:
        payment = (await self._bus.current(stream_kinds.PAYMENT, stream))[0]
        known = None if payment is None else payment.refund(refund)
        if payment is None or known is None:
            raise rejections.PaymentNotFound()
        return payment, known
