"""Ask Stripe about disputes and fraud warnings, and record what it answers.

A webhook, the daily timer and a refused refund all end here: the dispute is fetched, and its
current state decides. The payment is found by its intent, whose metadata has our ids; a dispute has
none.
"""

import logging

import msgspec

from application.booking.record_dispute import RecordDispute, RecordFraudWarning
from application.commands import follow_up
from application.commands.bus import CommandBus
from application.payment import collect, dispute_gateway, refunding
from application.payment.dispute_gateway import ProviderDispute

logger = logging.getLogger(__name__)


class DisputeLearner:
    """Uses the dispatcher for every record and the gateway for every call; `disputes` is one."""

    def __init__(
        self,
        *,
        bus: CommandBus,
        disputes: dispute_gateway.DisputeGateway,
        collector: collect.Collector,
        refunder: refunding.Refunder,
    ) -> None:
        self._bus = bus
        self.disputes = disputes
        self._collector = collector
        self._refunder = refunder

    async def learn_dispute(self, dispute_id: str, *, cause: follow_up.Cause) -> None:
        """Record a dispute as it is now, after the capture that it is about.

        One of a charge without a payment intent is not ours; reconciliation reports its money.
        """
        await self.record(await self.disputes.dispute(dispute_id), cause=cause)

    async def record(self, reported: ProviderDispute, *, cause: follow_up.Cause) -> None:
        """Record a dispute that was fetched.

        Of a lost one the refunds are read first: what failed of them is owed, and the loss pays it.
        """
        intent = reported.payment_intent
        if intent is None:
            intent = await self.disputes.intent_of_charge(reported.charge)
        if intent is None:
            logger.error("dispute %s is about a charge that is not ours", reported.id)
            return
        stream = await self._payment_of(intent, cause)
        if stream is not None:
            if reported.status == "lost":
                await self._refunder.learn_refunds_of_charge(reported.charge, cause=cause)
            command = RecordDispute(payment_id=stream, intent=intent, reported=reported)
            # The state is part of the command's id, so that a later one counts, too.
            step = f"dispute:{msgspec.json.encode(reported).decode()}"
            await self._bus.submit(follow_up.envelope(cause, step, command))

    async def learn_warning(self, warning_id: str, *, cause: follow_up.Cause) -> None:
        """Record an early fraud warning."""
        warning = await self.disputes.fraud_warning(warning_id)
        intent = warning.payment_intent
        if intent is None:
            intent = await self.disputes.intent_of_charge(warning.charge)
        stream = None if intent is None else await self._payment_of(intent, cause)
        if stream is None or intent is None:
            logger.error("fraud warning %s is about a charge that is not ours", warning.id)
            return
        command = RecordFraudWarning(payment_id=stream, intent=intent, warning=warning)
        await self._bus.submit(follow_up.envelope(cause, f"warning:{warning.id}", command))

    async def learn_disputes_of(self, intent: str, *, cause: follow_up.Cause) -> None:
        """Record all disputes of an intent as they are now, the oldest first."""
        for reported in reversed(await self.disputes.find_disputes(intent)):
            await self.record(reported, cause=cause)

    async def _payment_of(self, intent_id: str, cause: follow_up.Cause) -> str | None:
        """Return the payment that has captured the intent's money, which is recorded first where a
        webhook was lost; None where Stripe has taken none.
        """
        found = await self._collector.payment_that_captured(intent_id, cause=cause)
        if found is None:
            logger.error("a dispute is about intent %s, which has taken no money", intent_id)
        return found
