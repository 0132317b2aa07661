"""The money of the simulator over HTTP, driven by the official SDK and by the control path."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import msgspec
import pytest
import stripe

from tests.integration.stripe import clients
from tests.integration.stripe.object_keys import KEYS
from tests.integration.stripe.receiver import WebhookReceiver
from tests.integration.stripe.shapes import missing_fields
from tests.support.stripe_simulator import StripeSimulator

DAY = 24 * 3600

Account: TypeAlias = tuple[StripeSimulator, stripe.StripeClient]


@contextlib.asynccontextmanager
async def _own_account() -> AsyncIterator[Account]:
    with StripeSimulator() as simulator:
        async with clients.sdk_to(simulator) as client:
            yield simulator, client


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    """Yield a simulator for this test, whose money and clock it may move, and a client of it."""
    async with _own_account() as found:
        yield found


def payment(amount: int = 50_000, currency: str = "sar") -> Any:
    """Return the parameters of an intent that a card pays at once."""
    return {
        "amount": amount,
        "currency": currency,
        "confirm": True,
        "payment_method": "pm_card_visa",
    }


async def paid(client: stripe.StripeClient, amount: int = 50_000, currency: str = "sar") -> str:
    """Return the intent of a succeeded payment."""
    return (await client.v1.payment_intents.create_async(payment(amount, currency))).id


async def kinds(client: stripe.StripeClient, pattern: str) -> list[str]:
    """Return the types of the events that match, the oldest first."""
    page = await client.v1.events.list_async({"type": pattern, "limit": 100})
    return [event.type for event in page.data][::-1]


async def balance_of(client: stripe.StripeClient) -> dict[str, int]:
    """Return available and pending amounts together, by currency."""
    balance = (await client.v1.balance.retrieve_async()).to_dict()
    sums: dict[str, int] = {}
    for each in balance["available"] + balance["pending"]:
        sums[each["currency"]] = sums.get(each["currency"], 0) + each["amount"]
    return sums


async def test_the_answer_to_a_payment_has_no_balance_transaction_and_an_event_brings_it(
    account: Account,
) -> None:
    _, client = account
    receiver = await WebhookReceiver.start()
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": receiver.url, "enabled_events": ["charge.updated"]}
    )
    assert endpoint.secret is not None
    receiver.secret = endpoint.secret
    intent = await client.v1.payment_intents.create_async(
        {
            "amount": 50_000,
            "currency": "sar",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "expand": ["latest_charge"],
        }
    )
    assert intent.capture_method == "automatic_async"
    assert intent.to_dict()["latest_charge"]["balance_transaction"] is None
    # The simulator's own timer brings it: there is no further request.
    (arrival,) = await receiver.wait_for(1)
    event = msgspec.json.decode(arrival.body)
    assert event["data"]["previous_attributes"] == {"balance_transaction": None}
    transaction = event["data"]["object"]["balance_transaction"]
    found = await client.v1.balance_transactions.retrieve_async(transaction)
    assert (found.source, found.fee, found.net) == (
        event["data"]["object"]["id"],
        1_550,
        48_450,
    )
    await receiver.stop()


@pytest.mark.parametrize(
    ("amount", "currency", "target", "rate", "settled"),
    [
        (50_000, "sar", "aed", "0.979333", 48_967),
        (50_000, "kwd", "usd", "3.2573", 16_287),
        (50_000, "jpy", "usd", "0.006571", 32_855),
    ],
)
async def test_a_charge_settles_in_another_currency_at_the_rate_of_the_account(
    account: Account, amount: int, currency: str, target: str, rate: str, settled: int
) -> None:
    simulator, client = account
    simulator.control("settings", exchanges={currency: {"currency": target, "rate": rate}})
    intent = await paid(client, amount, currency)
    (transaction,) = (await client.v1.balance_transactions.list_async({"currency": target})).data
    assert (transaction.amount, transaction.currency) == (settled, target)
    assert str(transaction.exchange_rate) == rate
    assert transaction.net == settled - transaction.fee
    assert await balance_of(client) == {target: transaction.net}
    simulator.control("settings", "DELETE")
    made = await client.v1.refunds.create_async({"payment_intent": intent})
    returned = await client.v1.balance_transactions.retrieve_async(str(made.balance_transaction))
    assert (returned.amount, returned.currency) == (-settled, target)


async def test_the_list_of_balance_transactions_filters_and_pages(account: Account) -> None:
    _, client = account
    intents = [await paid(client) for _ in range(3)]
    made = await client.v1.refunds.create_async({"payment_intent": intents[0]})
    transactions = client.v1.balance_transactions
    everything = (await transactions.list_async()).data
    assert [each.type for each in everything] == ["refund", "charge", "charge", "charge"]
    ids = [each.id for each in everything]
    first = await transactions.list_async({"limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (ids[:2], True)
    rest = await transactions.list_async({"starting_after": ids[1], "limit": 2})
    assert ([each.id for each in rest.data], rest.has_more) == (ids[2:], False)
    newer = await transactions.list_async({"ending_before": ids[2], "limit": 1})
    assert ([each.id for each in newer.data], newer.has_more) == ([ids[1]], True)
    assert [each.id async for each in first.auto_paging_iter()] == ids
    by_source = await transactions.list_async({"source": made.id})
    assert [each.id for each in by_source.data] == [made.balance_transaction]
    later: Any = {"created": {"gte": everything[0].created + 5}}
    assert (await transactions.list_async(later)).data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such payout"):
        await transactions.list_async({"payout": "po_none"})


async def test_a_refund_made_at_the_dashboard_has_none_of_our_metadata(account: Account) -> None:
    simulator, client = account
    intent = await paid(client)
    made = simulator.control("refunds", charge=intent, amount=20_000)
    assert (made["metadata"], made["status"]) == ({}, "succeeded")
    listed = (await client.v1.refunds.list_async({"payment_intent": intent})).data
    assert [(each.id, each.amount) for each in listed] == [(made["id"], 20_000)]
    assert await kinds(client, "*refund*") == ["refund.created", "charge.refunded"]
    event = (await client.v1.events.list_async({"type": "refund.created"})).data[0]
    assert event.request is not None
    assert event.request.id is None


async def test_a_refund_waits_for_the_balance_and_may_fail_after_it_succeeded(
    account: Account,
) -> None:
    simulator, client = account
    simulator.control("settings", refunds_wait_for_balance=True)
    made = await client.v1.refunds.create_async({"payment_intent": await paid(client), "amount": 1})
    assert (made.status, made.pending_reason) == ("pending", "insufficient_funds")
    simulator.advance(7 * DAY)
    assert (await client.v1.refunds.retrieve_async(made.id)).status == "succeeded"
    before = await balance_of(client)
    simulator.control("refund_ends", refund=made.id, status="failed", reason="declined")
    failed = await client.v1.refunds.retrieve_async(
        made.id, {"expand": ["failure_balance_transaction", "charge.refunds"]}
    )
    assert (failed.status, failed.failure_reason) == ("failed", "declined")
    content = failed.to_dict()
    assert content["failure_balance_transaction"]["net"] == 1
    assert [each["id"] for each in content["charge"]["refunds"]["data"]] == [made.id]
    assert await balance_of(client) == {"sar": before["sar"] + 1}


async def test_a_dispute_is_answered_and_decided(account: Account) -> None:
    simulator, client = account
    intent = await paid(client)
    warning = simulator.control("fraud_warnings", charge=intent)
    opened = simulator.control("disputes", charge=intent, reason="product_not_received")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await client.v1.refunds.create_async({"payment_intent": intent})
    assert caught.value.code == "charge_disputed"
    disputes = client.v1.disputes
    assert [each.id for each in (await disputes.list_async({"payment_intent": intent})).data] == [
        opened["id"]
    ]
    answered = await disputes.update_async(
        opened["id"], {"evidence": {"service_date": "2026-11-26"}, "metadata": {"case": "7"}}
    )
    assert (answered.status, answered.evidence.service_date) == ("under_review", "2026-11-26")
    simulator.control("dispute_ends", dispute=opened["id"], status="won", fee_returned=True)
    won = await disputes.retrieve_async(opened["id"], {"expand": ["charge"]})
    assert (won.status, [each.net for each in won.balance_transactions]) == (
        "won",
        [-51_500, 51_500],
    )
    assert await kinds(client, "charge.dispute.*") == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    sources = await client.v1.balance_transactions.list_async(
        {"source": opened["id"], "expand": ["data.source"]}
    )
    assert [each.to_dict()["source"]["charge"] for each in sources.data] == [won.charge.id] * 2  # type: ignore[union-attr]  # expanded
    found = await client.v1.radar.early_fraud_warnings.retrieve_async(warning["id"])
    assert not found.actionable
    with pytest.raises(stripe.InvalidRequestError, match="cannot be closed"):
        await disputes.close_async(opened["id"])


async def test_a_payout_pays_out_what_is_available_and_may_fail_after_it_was_paid(
    account: Account,
) -> None:
    simulator, client = account
    simulator.control("settings", payouts_daily=True)
    intent = await paid(client)
    simulator.advance(8 * DAY)
    (payout,) = (await client.v1.payouts.list_async({"status": "in_transit"})).data
    listed = await client.v1.balance_transactions.list_async(
        {"payout": payout.id, "expand": ["data.source"]}
    )
    assert [each.type for each in listed.data] == ["payout", "charge"]
    assert listed.data[1].to_dict()["source"]["payment_intent"] == intent
    assert sum(each.net for each in listed.data[1:]) == payout.amount == 48_450
    simulator.advance(2 * DAY)
    assert (await client.v1.payouts.retrieve_async(payout.id)).status == "paid"
    assert await balance_of(client) == {"sar": 0}
    simulator.control("payout_ends", payout=payout.id, status="failed", code="account_closed")
    failed = await client.v1.payouts.retrieve_async(payout.id)
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert await balance_of(client) == {"sar": 48_450}
    assert await kinds(client, "payout.*") == [
        "payout.created",
        "payout.reconciliation_completed",
        "payout.paid",
        "payout.failed",
    ]
    simulator.advance(DAY)
    again = (await client.v1.payouts.list_async({"limit": 1})).data[0]
    assert (again.amount, again.status) == (48_450, "in_transit")


async def test_a_payout_by_hand_is_not_itemised(account: Account) -> None:
    simulator, client = account
    await paid(client)
    simulator.advance(7 * DAY)
    payout = await client.v1.payouts.create_async({"amount": 100, "currency": "sar"})
    assert (payout.automatic, payout.status) == (False, "pending")
    with pytest.raises(stripe.InvalidRequestError, match="only be filtered on automatic"):
        await client.v1.balance_transactions.list_async({"payout": payout.id})
    assert (await client.v1.payouts.cancel_async(payout.id)).status == "canceled"


async def test_an_event_is_gone_after_thirty_days(account: Account) -> None:
    simulator, client = account
    await paid(client)
    event = (await client.v1.events.list_async({"limit": 1})).data[0]
    simulator.advance(30 * DAY - 60)
    assert (await client.v1.events.retrieve_async(event.id)).id == event.id
    simulator.advance(120)
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        await client.v1.events.retrieve_async(event.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        await client.v1.events.list_async({"starting_after": event.id})


async def test_events_are_filtered_by_delivery_and_by_twenty_types_at_most(
    account: Account,
) -> None:
    _, client = account
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": "http://127.0.0.1:9/none", "enabled_events": ["charge.succeeded"]}
    )
    await paid(client)
    events = client.v1.events
    failed = await events.list_async({"delivery_success": False})
    assert [each.type for each in failed.data] == ["charge.succeeded"]
    delivered = await events.list_async({"delivery_success": True, "types": ["charge.succeeded"]})
    assert delivered.data == []
    twenty = [f"charge.{number}" for number in range(20)]
    assert (await events.list_async({"types": twenty})).data == []
    refused: list[Any] = [{"types": [*twenty, "one.more"]}, {"types": twenty, "type": "charge.*"}]
    for params in refused:
        with pytest.raises(stripe.InvalidRequestError):
            await events.list_async(params)
    await client.v1.webhook_endpoints.delete_async(endpoint.id)


def lacking(item: dict[str, Any], name: str) -> list[str]:
    """Return the fields of Stripe's example that the object does not have, with nested ones."""
    found = [f"{name}.{key}" for key in sorted(KEYS[name] - item.keys())]
    for nested in KEYS:
        if nested.startswith(f"{name}."):
            inner: Any = item
            for step in nested.removeprefix(f"{name}.").split("."):
                inner = inner[step]
            found += [f"{nested}.{key}" for key in sorted(KEYS[nested] - inner.keys())]
    return found


async def test_every_object_about_money_has_the_fields_of_stripes_example(
    account: Account,
) -> None:
    simulator, client = account
    simulator.control("settings", exchanges={"kwd": {"currency": "sar", "rate": "12.2"}})
    intent, other = await paid(client, 50_000, "kwd"), await paid(client)
    refund = await client.v1.refunds.create_async({"payment_intent": other})
    simulator.control("fraud_warnings", charge=intent)
    simulator.control("disputes", charge=intent)
    simulator.advance(8 * DAY)
    simulator.control("payouts")
    found = {
        stripe.Balance: await client.v1.balance.retrieve_async(),
        stripe.BalanceTransaction: (await client.v1.balance_transactions.list_async()).data[-1],
        stripe.Charge: (await client.v1.charges.list_async()).data[0],
        stripe.Refund: refund,
        stripe.Dispute: (await client.v1.disputes.list_async()).data[0],
        stripe.Payout: (await client.v1.payouts.list_async()).data[0],
        stripe.radar.EarlyFraudWarning: (
            await client.v1.radar.early_fraud_warnings.list_async()
        ).data[0],
        stripe.Event: (await client.v1.events.list_async()).data[0],
    }
    for kind, item in found.items():
        content = item.to_dict()
        assert missing_fields(content, kind) == [], kind
        assert lacking(content, content["object"]) == []


@pytest.mark.parametrize(
    ("control", "body"),
    [
        ("settings", {"unknown": 1}),
        ("settings", {"payout_days": -1}),
        ("settings", {"exchanges": {"sar": {"currency": "usd", "rate": "0"}}}),
        ("settings", {"exchanges": {"sar": {"currency": "nix", "rate": "1"}}}),
        ("settings", {"exchanges": {"SAR": {"currency": "usd", "rate": "1"}}}),
        ("disputes", {"charge": "ch_none"}),
        ("disputes", {"charge": "pi_none", "reason": "because"}),
        ("dispute_ends", {"dispute": "dp_none", "status": "won"}),
        ("dispute_escalations", {}),
        ("fraud_warnings", {"charge": "ch_none"}),
        ("refunds", {"charge": "ch_none"}),
        ("payout_ends", {"payout": "po_none", "status": "paid"}),
        ("payouts", {"currency": 7}),
    ],
)
def test_an_impossible_control_of_money_is_refused(
    simulator: StripeSimulator, control: str, body: dict[str, Any]
) -> None:
    before = simulator.control("settings", "GET")
    with pytest.raises(AssertionError, match=r"error"):
        simulator.control(control, **body)
    assert simulator.control("settings", "GET") == before


async def test_stripes_test_cards_are_disputed_and_refunded_as_stripe_documents(
    account: Account,
) -> None:
    _, client = account
    intents = {
        method: await client.v1.payment_intents.create_async(
            {**payment(), "payment_method": method}
        )
        for method in ("pm_card_createDispute", "pm_card_pendingRefund", "pm_card_refundFail")
    }
    disputed = intents.pop("pm_card_createDispute")
    found = await client.v1.disputes.list_async({"payment_intent": disputed.id})
    assert [each.status for each in found.data] == ["needs_response"]
    made = {
        method: await client.v1.refunds.create_async({"payment_intent": intent.id})
        for method, intent in intents.items()
    }
    assert made["pm_card_pendingRefund"].status == "pending"
    assert made["pm_card_refundFail"].status == "succeeded"
    statuses = {
        method: (await client.v1.refunds.retrieve_async(refund.id)).status
        for method, refund in made.items()
    }
    assert statuses == {"pm_card_pendingRefund": "succeeded", "pm_card_refundFail": "failed"}
