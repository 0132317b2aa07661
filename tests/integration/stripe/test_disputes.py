"""Disputes on a real log and the simulator: webhooks, lost ones, refunds that wait, evidence."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from application.booking.learn_disputes import DisputeLearner
from application.payment import gateway
from application.payment.refund_payment import RefundPayment
from domain.kernel import money
from domain.payment.dispute_state import Dispute, DisputeStage
from domain.payment.state import RefundStatus
from infrastructure.stripe import disputes as reading
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe.received_webhooks import Webhooks, receiving_webhooks
from tests.integration.stripe.test_refunding import cause
from tests.support import stored_log
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator

DISPUTES = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)


class Case:
    """A paid and ticketed booking, and what its payer's bank does."""

    def __init__(self, webhooks: Webhooks, gateway_: StripePaymentGateway) -> None:
        self.webhooks = webhooks
        self.gateway = gateway_
        self.learner = DisputeLearner(
            bus=webhooks.airline.dispatcher,
            disputes=gateway_.disputes,
            collector=webhooks.collector,
            refunder=webhooks.refunder,
        )

    async def pay(self) -> None:
        """Pay, and issue the tickets."""
        self.webhooks.simulator.pay(self.webhooks.session)
        await self.webhooks.collector.learn_session(self.webhooks.session, cause=cause())
        await self.webhooks.airline.confirm(self.webhooks.booking)

    async def intent(self) -> str:
        """The payment's intent at Stripe."""
        session = await self.gateway.session(self.webhooks.session)
        assert session.payment_intent is not None
        return session.payment_intent

    async def open(self, **more: Any) -> dict[str, Any]:
        """The bank opens a dispute."""
        found: dict[str, Any] = self.webhooks.simulator.control(
            "disputes", charge=await self.intent(), **more
        )
        return found

    def end(self, dispute: dict[str, Any], status: str) -> None:
        """The bank decides."""
        self.webhooks.simulator.control("dispute_ends", dispute=dispute["id"], status=status)

    def events(self, dispute: dict[str, Any]) -> list[dict[str, Any]]:
        """Stripe's events about the dispute, in order."""
        import httpx

        answer = httpx.get(
            f"{self.webhooks.simulator.url}/v1/events",
            params={"limit": 100, **{f"types[{n}]": name for n, name in enumerate(DISPUTES)}},
            auth=(self.webhooks.simulator.api_key, ""),
            verify=False,
        )
        found = reversed(answer.json()["data"])
        return [each for each in found if each["data"]["object"]["id"] == dispute["id"]]

    async def deliver(self, events: list[dict[str, Any]]) -> None:
        """Deliver these events and process them."""
        for event in events:
            await self.webhooks.deliver(event)
        await self.webhooks.work()

    async def state(self, dispute: dict[str, Any]) -> Dispute | None:
        """As the log has it."""
        return (await self.webhooks.state()).dispute(dispute["id"])

    async def disputed_by(self) -> frozenset[str]:
        """Which disputes suspend the booking."""
        found = await self.webhooks.airline.booking(self.webhooks.booking)
        disputes: frozenset[str] = found.disputed_by
        return disputes


@pytest.fixture
async def case(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Case]:
    stripe = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=60, limits=UNLIMITED
    )
    async with receiving_webhooks(database, simulator) as webhooks:
        found = Case(webhooks, stripe)
        await found.pay()
        yield found
        stored_log.assert_invariants(webhooks.dsn)
    await stripe.close()


@pytest.mark.parametrize("order", [1, -1])
async def test_the_webhooks_of_a_dispute_in_any_order_and_twice_are_one_dispute(
    case: Case, order: int
) -> None:
    dispute = await case.open()
    await case.deliver([*case.events(dispute)[::order], *case.events(dispute)])
    state = await case.state(dispute)
    assert state is not None
    assert (state.stage, state.receivable) == (DisputeStage.OPEN, state.amount.amount)
    assert await case.disputed_by() == {dispute["id"]}
    tags = stored_log.tags(case.webhooks.dsn, case.webhooks.payment)
    assert tags.count("payment.dispute_funds_withdrawn.1") == 1


async def test_a_dispute_that_is_won_returns_the_money_and_reinstates_the_coupons(
    case: Case,
) -> None:
    dispute = await case.open()
    case.end(dispute, "won")
    await case.deliver(case.events(dispute))
    state = await case.state(dispute)
    assert state is not None
    assert (state.stage, state.receivable) == (DisputeStage.WON, 0)
    assert await case.disputed_by() == frozenset()


async def test_a_dispute_whose_webhooks_were_all_lost_is_found_by_its_intent(case: Case) -> None:
    dispute = await case.open()
    await case.learner.learn_disputes_of(await case.intent(), cause=cause())
    assert await case.disputed_by() == {dispute["id"]}
    case.end(dispute, "lost")
    await case.learner.learn_disputes_of(await case.intent(), cause=cause())
    state = await case.state(dispute)
    assert state is not None
    assert (state.stage, state.receivable) == (DisputeStage.LOST, 0)


async def test_a_dispute_that_arrives_before_its_capture_records_the_capture_first(
    database: TestDatabase, simulator: StripeSimulator
) -> None:
    stripe = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=60, limits=UNLIMITED
    )
    async with receiving_webhooks(database, simulator) as webhooks:
        early = Case(webhooks, stripe)
        simulator.pay(webhooks.session)
        dispute = await early.open()
        await early.deliver(early.events(dispute))
        assert (await webhooks.captures(), await early.disputed_by()) == (1, {dispute["id"]})
    await stripe.close()


async def test_a_fraud_warning_is_recorded_with_its_charge(case: Case) -> None:
    warning = case.webhooks.simulator.control("fraud_warnings", charge=await case.intent())
    await case.learner.learn_warning(warning["id"], cause=cause())
    assert (await case.webhooks.state()).fraud_warnings == {warning["id"]}


async def test_a_refund_of_a_disputed_charge_is_not_sent_and_is_sent_once_when_it_is_won(
    case: Case,
) -> None:
    dispute = await case.open()
    await case.deliver(case.events(dispute))
    payment = case.webhooks.payment
    part = money.Money(10_000, "SAR")
    asked = await case.webhooks.airline.submit(
        RefundPayment(case.webhooks.booking, "cancellation", part, (payment,))
    )
    refund = asked.answer.ids[payment]
    for _ in range(2):
        sent = await case.webhooks.refunder.send(payment, refund, cause=cause())
        assert sent.status is RefundStatus.WAITING
    assert ("POST", "/v1/refunds") not in case.webhooks.calls()
    case.end(dispute, "won")
    await case.deliver(case.events(dispute))
    sent = await case.webhooks.refunder.send(payment, refund, cause=cause())
    assert sent.status in {RefundStatus.ACCEPTED, RefundStatus.SETTLED}
    assert case.webhooks.calls().count(("POST", "/v1/refunds")) == 1


async def test_a_refund_that_stripe_refuses_as_disputed_waits_for_a_dispute_that_was_unknown(
    case: Case,
) -> None:
    await case.open()
    payment = case.webhooks.payment
    part = money.Money(10_000, "SAR")
    asked = await case.webhooks.airline.submit(
        RefundPayment(case.webhooks.booking, "cancellation", part, (payment,))
    )
    refund = asked.answer.ids[payment]
    sent = await case.webhooks.refunder.send(payment, refund, cause=cause())
    assert sent.status is RefundStatus.WAITING


async def test_evidence_is_submitted_once_and_a_repeat_of_the_key_changes_nothing(
    case: Case,
) -> None:
    dispute = await case.open()
    for _ in range(2):
        reported = await case.gateway.disputes.submit_evidence(
            dispute["id"], {"uncategorized_text": "flown"}, key="evidence:1"
        )
        assert (reported.status, reported.submission_count) == ("under_review", 1)
    with pytest.raises(gateway.GatewayRejected):
        await case.gateway.disputes.submit_evidence(
            dispute["id"], {"uncategorized_text": "more"}, key=f"evidence:{uuid.uuid4()}"
        )


async def test_an_unknown_dispute_ends_its_event(case: Case) -> None:
    with pytest.raises(gateway.GatewayRejected) as refused:
        await case.gateway.disputes.dispute("dp_unknown")
    assert refused.value.code == gateway.RESOURCE_MISSING


def test_a_dispute_that_takes_no_evidence_has_no_time_for_it() -> None:
    """The shape of https://docs.stripe.com/api/disputes/object, with the fee of a settlement."""
    read = reading.Dispute(
        id="dp_1",
        status="needs_response",
        amount=1_000,
        currency="sar",
        reason="general",
        charge="ch_1",
        evidence_details=reading.EvidenceDetails(due_by=0),
        balance_transactions=(reading.Transaction("txn_1", -230, 1_500, "eur"),),
    )
    found = reading.provider_dispute(read)
    assert found.evidence_due_at is None
    (moved,) = found.transactions
    assert (moved.amount, moved.fee) == (money.Money(-230, "EUR"), money.Money(1_500, "EUR"))
    due = reading.EvidenceDetails(due_by=1_723_679_999)
    later = reading.provider_dispute(
        reading.Dispute(
            id="dp_1",
            status="won",
            amount=1,
            currency="sar",
            reason="general",
            charge="ch_1",
            evidence_details=due,
        )
    )
    assert later.evidence_due_at == dt.datetime(2024, 8, 14, 23, 59, 59, tzinfo=dt.UTC)
