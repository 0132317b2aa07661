"""Signed events of refunds: each state is recorded from its event, in whatever order they come."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from application.booking.resend_refund import ResendRefund
from application.payment.refund_payment import RefundPayment
from domain.kernel import money
from domain.payment.state import Refund, RefundStatus
from tests.integration.stripe.received_webhooks import Event, Webhooks, receiving_webhooks
from tests.integration.stripe.test_refunding import cause
from tests.integration.stripe.test_signed_facts import about, event_object, naming
from tests.support import stored_log
from tests.support.servers import TestDatabase
from tests.support.stripe_simulator import StripeSimulator

PART = money.Money(10_000, "SAR")
TYPES = ("refund.created", "refund.updated", "refund.failed")


@pytest.fixture
async def webhooks(database: TestDatabase, simulator: StripeSimulator) -> AsyncIterator[Webhooks]:
    """Yield webhooks with a refund that Stripe has accepted and not settled."""
    async with receiving_webhooks(database, simulator) as found:
        simulator.pay(found.session)
        await found.deliver(found.event("payment_intent.succeeded"))
        await found.airline.submit(
            RefundPayment(found.booking, "cancellation", PART, (found.payment,))
        )
        simulator.control("refund_plans", status="pending")
        await found.refunder.send(found.payment, refund_id(found), cause=cause())
        yield found
    simulator.control("refund_plans", "DELETE")


def refund_id(webhooks: Webhooks) -> str:
    return f"{webhooks.payment}-r1"


async def status(webhooks: Webhooks) -> RefundStatus:
    return (await webhooks.state()).refunds[0].status


def end(webhooks: Webhooks, ending: str) -> None:
    """Let the bank end the refund."""
    refund = event_object(webhooks.event("refund.created"))["id"]
    webhooks.simulator.control("refund_ends", refund=refund, status=ending)


def events(webhooks: Webhooks) -> list[Event]:
    """Return the events of the refund so far."""
    return webhooks.events(*TYPES)


def reads(webhooks: Webhooks) -> list[tuple[str, str]]:
    """Return the questions to Stripe about refunds."""
    return [call for call in webhooks.calls() if call[1].startswith("/v1/refunds/")]


async def test_a_refund_is_accepted_settled_and_failed_from_its_events_alone(
    webhooks: Webhooks,
) -> None:
    await webhooks.deliver(webhooks.event("refund.created"))
    assert await status(webhooks) is RefundStatus.ACCEPTED
    end(webhooks, "succeeded")
    await webhooks.deliver(events(webhooks)[-1])
    assert await status(webhooks) is RefundStatus.SETTLED
    end(webhooks, "failed")
    await webhooks.deliver(events(webhooks)[-1])
    assert await status(webhooks) is RefundStatus.FAILED
    assert {await webhooks.row(event) for event in (events(webhooks)[1], events(webhooks)[-1])} == {
        "done"
    }
    assert reads(webhooks) == []
    stored_log.assert_invariants(webhooks.dsn)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_events_of_a_refund_in_any_order_end_in_its_last_state(
    webhooks: Webhooks, order: tuple[int, ...]
) -> None:
    end(webhooks, "succeeded")
    end(webhooks, "failed")
    found = events(webhooks)
    assert len(found) == 4
    for number in order:
        await webhooks.deliver(found[number])
    assert await status(webhooks) is RefundStatus.FAILED
    assert stored_log.tags(webhooks.dsn, webhooks.payment).count("payment.refund_accepted.1") == 1
    assert [await webhooks.row(event) for event in found] == ["done"] * 4
    assert reads(webhooks) == []
    assert stored_log.balances(webhooks.dsn, webhooks.booking)["2100", "SAR"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 1},
        {"amount": ...},
        {"currency": "usd"},
        {"payment_intent": "pi_other"},
        {"payment_intent": None},
        {"charge": "ch_other"},
        {"charge": None},
        {"status": "reversed"},
        {"status": ...},
        {"id": "re_other"},
        {"metadata": {}},
    ],
)
async def test_a_refund_that_differs_from_our_records_is_fetched(
    webhooks: Webhooks, changes: dict[str, Any]
) -> None:
    end(webhooks, "succeeded")
    event = about(events(webhooks)[-1], **changes)
    await webhooks.deliver(event)
    assert (await webhooks.row(event), await status(webhooks)) == ("new", RefundStatus.ACCEPTED)


async def test_a_refund_of_another_payment_or_unknown_number_is_fetched(webhooks: Webhooks) -> None:
    end(webhooks, "succeeded")
    for number, refund in enumerate((f"{webhooks.payment}-r2", "payment-ZZZZZZ-1-r1")):
        event = naming({**events(webhooks)[-1], "id": f"evt_{number}"}, refund=refund)
        await webhooks.deliver(event)
        assert await webhooks.row(event) == "new"
    assert await status(webhooks) is RefundStatus.ACCEPTED


async def test_a_refund_that_only_an_event_failed_is_not_paid_out_twice(
    webhooks: Webhooks, caplog: pytest.LogCaptureFixture
) -> None:
    end(webhooks, "succeeded")
    succeeded = events(webhooks)[-1]
    await webhooks.deliver(succeeded)
    forged = about(succeeded, status="failed", failure_reason="unknown")
    await webhooks.deliver({**forged, "id": "evt_forged", "type": "refund.failed"})
    assert await status(webhooks) is RefundStatus.FAILED
    again = await resend(webhooks)
    assert again.status is RefundStatus.REFUSED
    assert [call[0] for call in webhooks.calls()].count("POST") == 2, "the session and one refund"
    assert "is not sent again" in caplog.text


async def test_a_refund_that_has_failed_at_stripe_is_sent_again(webhooks: Webhooks) -> None:
    end(webhooks, "failed")
    await webhooks.deliver(events(webhooks)[-1])
    assert (await resend(webhooks)).status is RefundStatus.SETTLED


async def resend(webhooks: Webhooks) -> Refund:
    """Send the failed refund again as finance does; return the new one as it is then."""
    outcome = await webhooks.airline.submit(ResendRefund(webhooks.booking, refund_id(webhooks)))
    fresh = outcome.answer.ids["refund"]
    return await webhooks.refunder.send(webhooks.payment, fresh, cause=cause())
