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
from application.payment.collect import Collector
from application.payment.record_external_refund import RecordExternalRefund
from application.payment.record_refund import RecordRefund
from domain.kernel import ids
from domain.payment import external_refunds, idempotency_keys, rejections
from domain.payment.refunds import AT_STRIPE, UNANSWERED
from domain.payment.state import Payment, Refund, RefundStatus

# States of a refund at Stripe whose money was returned to our balance.
FAILED = frozenset({"failed", "canceled"})
MONEY_LEAVES = frozenset({"pending", "succeeded"})
# Recorded when Stripe has not failed the refund in whose place this one would be sent.
REPLACED_NOT_FAILED = "replaced_refund_has_not_failed"
# Recorded when the key can make no refund and Stripe has none: nothing was accepted.
NEVER_REACHED = "never_reached_stripe"

logger = logging.getLogger(__name__)


class Refunder:
    """Uses the dispatcher for every record and the gateway for every call.

    `captures` checks the captures that refunds are drawn from, and those that a timer names;
    `collector` finds those that refunds made at Stripe by hand are drawn from.
    """

    def __init__(
        self,
        *,
        bus: CommandBus,
        payments: gateway.PaymentGateway,
        collector: Collector,
        clock: ports.Clock,
    ) -> None:
        self._bus = bus
        self._collector = collector
        self.captures = CaptureChecker(bus=bus, payments=payments)
        self._payments = payments
        self._clock = clock

    async def send(self, payment: str, refund: str, *, cause: follow_up.Cause) -> Refund:
        """Ask Stripe for the refund, or for its state once Stripe has it; record and return it.

        Rejects PaymentNotFound. Raises GatewayTimeout and GatewayUnavailable (the refund is then
        unknown and is asked again), GatewayMisconfigured; a definite no is recorded as refused.
        Money that Stripe does not confirm is not refunded: the refund stays requested. While the
        charge is disputed, the refund waits.
        """
        found, known = await self._read(payment, refund)
        if known.status in UNANSWERED:
            if not await self.captures.is_confirmed(payment, known.intent):
                return known
            if found.open_dispute(known.intent) is not None:
                await self._postpone(payment, known, cause)
            elif await self._may_replace(known):
                await self._ask(payment, found, known, cause)
            else:
                await self._refuse(payment, known, REPLACED_NOT_FAILED, cause)
        elif known.status is RefundStatus.WAITING and found.open_dispute(known.intent) is None:
            await self._ask(payment, found, known, cause)
        elif known.status in AT_STRIPE:
            assert known.provider_refund is not None
            await self.learn_refund(known.provider_refund, cause=cause)
        return (await self._read(payment, refund))[1]

    async def is_answered(self, payment: str, refund: str) -> bool:
        """Return whether Stripe has nothing more to say to the request of the refund."""
        return (await self._read(payment, refund))[1].status not in UNANSWERED

    async def _postpone(self, stream: str, refund: Refund, cause: follow_up.Cause) -> None:
        """Let the refund wait, unless Stripe got it before the charge was disputed."""
        found = await self._look_up(refund)
        if found is not None:
            await self._record_reported(stream, refund.id, found, cause)
        else:
            step = f"postponed:{refund.idempotency_key}"
            await self._record(stream, refund.id, record_refund.Postponed(), cause, step)

    async def _may_replace(self, refund: Refund) -> bool:
        """Return whether the refund that this one replaces, if any, has failed at Stripe, too.

        A signed event may have said so alone; its money would be paid out twice.
        """
        if refund.replaces is None:
            return True
        payment = ids.payment_of_refund(refund.replaces)
        replaced = (await self._read(payment, refund.replaces))[1]
        if replaced.provider_refund is None:
            found = await self._look_up(replaced)
            if found is None:
                return True
            cause = follow_up.Cause(
                id=ids.step_command_id(ids.event_id(payment, 1), found.id),
                actor="system",
                correlation_id=payment,
            )
            await self._record_reported(payment, replaced.id, found, cause)
            return found.status in FAILED
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
        """Record the current state of a refund at Stripe, whoever made it."""
        await self._take_over([await self._payments.refund(provider_refund)], cause)

    async def learn_refunds_of_charge(self, charge: str, *, cause: follow_up.Cause) -> None:
        """Record the current state of all refunds of a charge."""
        await self._take_over(await self._payments.refunds_of_charge(charge), cause)

    async def _ask(
        self, stream: str, payment: Payment, refund: Refund, cause: follow_up.Cause
    ) -> None:
        try:
            reported = await self._find_or_create(stream, payment, refund)
        except gateway.GatewayNotExecuted:
            raise
        except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
            step = f"unknown:{refund.idempotency_key}"
            await self._record(stream, refund.id, record_refund.Unresolved(), cause, step)
            raise
        except gateway.GatewayRejected as refusal:
            await self._refuse(stream, refund, refusal.code, cause)
            return
        if reported is None:
            await self._refuse(stream, refund, NEVER_REACHED, cause)
        else:
            await self._record_reported(stream, refund.id, reported, cause)

    async def _refuse(self, stream: str, refund: Refund, code: str, cause: follow_up.Cause) -> None:
        """Record the refusal; a refund that waited may be refused again, under another key."""
        refused = record_refund.Refused(code=code)
        await self._record(stream, refund.id, refused, cause, f"refused:{refund.idempotency_key}")

    async def _find_or_create(
        self, stream: str, payment: Payment, refund: Refund
    ) -> gateway.ProviderRefund | None:
        """Return Stripe's refund; None when there is none and the key can make none any more, as
        it has expired or keeps a failure.

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
        if refund.status is RefundStatus.UNKNOWN and external_refunds.is_displaced(payment, refund):
            raise gateway.GatewayRejected(
                external_refunds.REFUNDED_BY_HAND, "money of its capture was refunded by hand"
            )
        order = gateway.RefundOrder(
            payment_intent=refund.intent,
            amount=refund.amount,
            idempotency_key=refund.idempotency_key,
            booking=payment.owed_by(refund),
            payment=stream,
            refund=refund.id,
        )
        try:
            return await self._payments.create_refund(order)
        except gateway.GatewayFailureKept:
            if not idempotency_keys.is_kept_failure_final(
                started_at=refund.requested_at, now=self._clock()
            ):
                raise
            return await self._look_up(refund)

    async def _look_up(self, refund: Refund) -> gateway.ProviderRefund | None:
        """Return Stripe's first refund with our id. A refused look-up means unknown."""
        try:
            found = await self._payments.find_refunds(
                payment_intent=refund.intent, refund=refund.id
            )
        except gateway.GatewayRejected as refusal:
            raise gateway.GatewayUnavailable(f"look-up refused: {refusal.code}") from refusal
        return found[-1] if found else None

    async def _take_over(
        self, reported: list[gateway.ProviderRefund], cause: follow_up.Cause
    ) -> None:
        """Record refunds as they are now, ours first: the others may leave no money for them."""
        external = []
        for each in reversed(reported):
            if not await self._record_if_ours(each, cause):
                external.append(each)
        for each in external:
            await self._take_over_external(each, cause)

    async def _record_if_ours(
        self, reported: gateway.ProviderRefund, cause: follow_up.Cause
    ) -> bool:
        """Record the state of a refund that we requested, and return whether we did."""
        if not await self._is_ours(reported):
            return False
        assert reported.payment is not None
        assert reported.refund is not None
        await self._record_reported(reported.payment, reported.refund, reported, cause)
        return True

    async def _is_ours(self, reported: gateway.ProviderRefund) -> bool:
        """Return whether a request of ours made it; its metadata alone may be a copy of ours."""
        if reported.payment is None or reported.refund is None:
            return False
        if not ids.is_payment_id(reported.payment):
            return False
        payment = (await self._bus.current(stream_kinds.PAYMENT, reported.payment))[0]
        known = None if payment is None else payment.refund(reported.refund)
        return known is not None and known.provider_refund in {None, reported.id}

    async def _take_over_external(
        self, reported: gateway.ProviderRefund, cause: follow_up.Cause
    ) -> None:
        """Record a refund that was made by hand, once Stripe has taken its money."""
        if reported.payment_intent is None or reported.charge is None:
            logger.error("refund %s is of a charge that is not ours", reported.id)
            return
        intent = reported.payment_intent
        stream = await self._collector.payment_that_captured(intent, cause=cause)
        if stream is None:
            logger.error("refund %s is of intent %s, which took no money", reported.id, intent)
            return
        payment = (await self._bus.current(stream_kinds.PAYMENT, stream))[0]
        assert payment is not None
        if payment.external_refund(reported.id) is None:
            if not reported.has_moved and reported.status not in MONEY_LEAVES:
                return  # it took no money, or not yet: another event says so
            await self._learn_unsent(payment, reported.charge, intent, cause)
            logger.critical("refund %s was made at Stripe by hand: allocate it", reported.id)
        command = _external_refund(stream, intent, reported)
        step = f"external:{reported.id}:{command.state}"
        await self._bus.submit(follow_up.envelope(cause, step, command))

    async def _learn_unsent(
        self, payment: Payment, charge: str, intent: str, cause: follow_up.Cause
    ) -> None:
        """Learn whether Stripe has refunds of ours that are recorded as not sent.

        One whose record was lost would be taken for displaced, and be paid twice.
        """
        unsent = (each for each in payment.refunds if each.status in external_refunds.UNSENT)
        if any(each.intent == intent for each in unsent):
            for each in reversed(await self._payments.refunds_of_charge(charge)):
                await self._record_if_ours(each, cause)

    async def _record_reported(
        self, stream: str, refund: str, reported: gateway.ProviderRefund, cause: follow_up.Cause
    ) -> None:
        result = record_refund.result_of(
            reported.status, provider_refund=reported.id, reason=reported.failure_reason
        )
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


def _external_refund(
    stream: str, intent: str, reported: gateway.ProviderRefund
) -> RecordExternalRefund:
    """Return the command that records the current state of a refund made by hand."""
    failed = reported.status in FAILED
    paid = reported.status == "succeeded"
    return RecordExternalRefund(
        payment_id=stream,
        intent=intent,
        provider_refund=reported.id,
        amount=reported.amount,
        state="failed" if failed else "settled" if paid else "accepted",
        code=(reported.failure_reason or reported.status) if failed else "",
        made_at=reported.created,
    )
