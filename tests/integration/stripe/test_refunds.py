"""Refunds over HTTP: the simulator's contract with the SDK, and our adapter."""

import asyncio
import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
import stripe

from application.payment import gateway as port
from domain.kernel import money
from infrastructure.stripe import webhook
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe.receiver import WebhookReceiver
from tests.integration.stripe.shapes import missing_fields
from tests.support.stripe_simulator import UNLIMITED, StripeSimulator


def sar(amount: int) -> money.Money:
    return money.Money(amount=amount, currency="SAR")


async def paid(sdk: stripe.StripeClient, amount: int = 50_000, currency: str = "sar") -> str:
    """Return a succeeded intent."""
    intent = await sdk.v1.payment_intents.create_async(
        {
            "amount": amount,
            "currency": currency,
            "confirm": True,
            "payment_method": "pm_card_visa",
        }
    )
    return intent.id


def order(intent: str, amount: money.Money | None = None) -> port.RefundOrder:
    refund = f"payment-ABC234-1-r{uuid.uuid4().hex[:10]}"
    return port.RefundOrder(
        payment_intent=intent,
        amount=amount or sar(30_000),
        idempotency_key=f"refund:{refund}",
        booking="booking-ABC234",
        payment="payment-ABC234-1",
        refund=refund,
    )


async def at_stripe(sdk: stripe.StripeClient, intent: str) -> list[tuple[int, str | None]]:
    listed = await sdk.v1.refunds.list_async({"payment_intent": intent})
    return [(each.amount, each.status) for each in listed.data]


@pytest.fixture
def planned(simulator: StripeSimulator) -> Any:
    """Yield a function that sets the first state of the next refunds; drop unused plans."""
    yield lambda status, times=1: simulator.control("refund_plans", status=status, times=times)
    simulator.control("refund_plans", "DELETE")


async def test_a_refund_has_the_fields_the_sdk_declares(
    sdk: stripe.StripeClient, simulator: StripeSimulator, planned: Any
) -> None:
    planned("pending")
    made = await sdk.v1.refunds.create_async(
        {"payment_intent": await paid(sdk), "expand": ["charge", "payment_intent"]}
    )
    assert missing_fields(made.to_dict(), stripe.Refund) == []
    assert made.to_dict()["charge"]["amount_refunded"] == 50_000
    simulator.control("refund_ends", refund=made.id, status="failed", reason="declined")
    failed = await sdk.v1.refunds.retrieve_async(
        made.id,
        {"expand": ["balance_transaction", "failure_balance_transaction.source"]},
    )
    assert missing_fields(failed.to_dict(), stripe.Refund) == []
    for name in ("balance_transaction", "failure_balance_transaction"):
        movement = failed.to_dict()[name]
        assert missing_fields(movement, stripe.BalanceTransaction) == []
    assert movement["source"]["id"] == made.id


async def test_refunds_are_listed_by_intent_charge_and_time(sdk: stripe.StripeClient) -> None:
    intent, other = await paid(sdk), await paid(sdk)
    made = [
        await sdk.v1.refunds.create_async({"payment_intent": intent, "amount": amount})
        for amount in (100, 200)
    ]
    await sdk.v1.refunds.create_async({"payment_intent": other})
    assert await at_stripe(sdk, intent) == [(200, "succeeded"), (100, "succeeded")]
    by_charge = await sdk.v1.refunds.list_async({"charge": str(made[0].charge), "limit": 1})
    assert ([each.id for each in by_charge.data], by_charge.has_more) == ([made[1].id], True)
    tomorrow = int(dt.datetime.now(dt.UTC).timestamp()) + 86_400
    assert (await sdk.v1.refunds.list_async({"created": {"gt": tomorrow}})).data == []
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.refunds.retrieve_async("re_none")


@pytest.mark.parametrize(
    "changes", [{"bogus": 1}, {"reason": "because"}, {"amount": "many"}, {"charge": "ch_none"}]
)
async def test_requests_that_stripe_would_refuse_are_refused(
    sdk: stripe.StripeClient, changes: dict[str, Any]
) -> None:
    intent = await paid(sdk)
    params: Any = {"payment_intent": intent, **changes}
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.refunds.create_async(params)
    assert await at_stripe(sdk, intent) == []


async def test_a_refund_shows_what_was_ordered(
    gateway: StripePaymentGateway, sdk: stripe.StripeClient
) -> None:
    intent = await paid(sdk)
    wanted = order(intent)
    made = await gateway.create_refund(wanted)
    assert (made.status, made.amount, made.payment_intent) == ("succeeded", sar(30_000), intent)
    assert (made.booking, made.payment, made.refund) == (
        wanted.booking,
        wanted.payment,
        wanted.refund,
    )
    assert made.charge is not None
    assert await gateway.refund(made.id) == made
    assert (await sdk.v1.refunds.retrieve_async(made.id)).reason == "requested_by_customer"


async def test_the_same_key_gives_the_same_refund_as_it_is_now(
    gateway: StripePaymentGateway,
    simulator: StripeSimulator,
    sdk: stripe.StripeClient,
    planned: Any,
) -> None:
    planned("pending")
    intent = await paid(sdk)
    wanted = order(intent)
    first = await gateway.create_refund(wanted)
    assert first.status == "pending"
    simulator.control("refund_ends", refund=first.id, status="failed", reason="declined")
    again = await gateway.create_refund(wanted)
    assert (again.id, again.status, again.failure_reason) == (first.id, "failed", "declined")
    assert await at_stripe(sdk, intent) == [(30_000, "failed")]


async def test_a_replayed_refund_that_cannot_be_read_now_does_not_count_as_refused(
    gateway: StripePaymentGateway, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    wanted = order(await paid(sdk))
    first = await gateway.create_refund(wanted)
    simulator.fault("refuse", path="/v1/refunds/*", method="GET", status=404)
    assert await gateway.create_refund(wanted) == first


async def test_the_same_key_for_another_amount_is_an_alarm(
    gateway: StripePaymentGateway, sdk: stripe.StripeClient
) -> None:
    wanted = order(await paid(sdk))
    await gateway.create_refund(wanted)
    with pytest.raises(port.GatewayMisconfigured):
        await gateway.create_refund(msgspec.structs.replace(wanted, amount=sar(1)))


@pytest.mark.parametrize("kind", ["lost", "truncated", "lost_before", "fail_after"])
async def test_a_lost_answer_is_resolved_by_the_same_key(
    gateway: StripePaymentGateway, simulator: StripeSimulator, sdk: stripe.StripeClient, kind: str
) -> None:
    intent = await paid(sdk)
    wanted = order(intent)
    simulator.fault(kind, path="/v1/refunds", method="POST")
    with pytest.raises((port.GatewayTimeout, port.GatewayUnavailable)):
        await gateway.create_refund(wanted)
    made = await gateway.create_refund(wanted)
    assert await at_stripe(sdk, intent) == [(30_000, "succeeded")]
    assert await gateway.find_refunds(payment_intent=intent, refund=wanted.refund) == [made]


async def test_a_stored_error_is_replayed_and_only_a_search_finds_the_refund(
    gateway: StripePaymentGateway, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    intent = await paid(sdk)
    wanted = order(intent)
    simulator.fault("fail_stored", path="/v1/refunds", method="POST")
    for _ in range(2):
        with pytest.raises(port.GatewayUnavailable):
            await gateway.create_refund(wanted)
    found = await gateway.find_refunds(payment_intent=intent, refund=wanted.refund)
    assert [each.status for each in found] == ["succeeded"]


async def test_a_timeout_while_stripe_works_makes_one_refund(
    gateway: StripePaymentGateway, simulator: StripeSimulator, sdk: stripe.StripeClient
) -> None:
    hasty = StripePaymentGateway(
        api_key=simulator.api_key, base_url=simulator.url, timeout_seconds=0.5, limits=UNLIMITED
    )
    intent = await paid(sdk)
    wanted = order(intent)
    simulator.fault("slow_after", seconds=1.0, path="/v1/refunds", method="POST")
    try:
        with pytest.raises(port.GatewayTimeout):
            await hasty.create_refund(wanted)
        made = None
        while made is None:
            try:
                made = await gateway.create_refund(wanted)
            except port.GatewayUnavailable:
                await asyncio.sleep(0.05)
        assert await at_stripe(sdk, intent) == [(30_000, "succeeded")]
    finally:
        await hasty.close()


@pytest.mark.parametrize(
    ("amount", "code"),
    [(sar(50_001), "invalid_request_error"), (sar(0), "parameter_invalid_integer")],
)
async def test_an_impossible_refund_is_refused(
    gateway: StripePaymentGateway, sdk: stripe.StripeClient, amount: money.Money, code: str
) -> None:
    intent = await paid(sdk)
    with pytest.raises(port.GatewayRejected) as caught:
        await gateway.create_refund(order(intent, amount))
    assert caught.value.code == code
    assert await at_stripe(sdk, intent) == []


async def test_refunded_money_is_not_refunded_again(
    gateway: StripePaymentGateway, sdk: stripe.StripeClient
) -> None:
    intent = await paid(sdk)
    await gateway.create_refund(order(intent, sar(50_000)))
    with pytest.raises(port.GatewayRejected) as caught:
        await gateway.create_refund(order(intent, sar(1)))
    assert caught.value.code == "charge_already_refunded"
    charge = (await sdk.v1.charges.list_async({"payment_intent": intent})).data[0]
    assert (charge.amount_refunded, charge.refunded) == (50_000, True)


@pytest.mark.parametrize(("amount", "currency"), [(5_120, "KWD"), (5_000, "JPY")])
async def test_other_currencies_keep_their_minor_units(
    gateway: StripePaymentGateway, sdk: stripe.StripeClient, amount: int, currency: str
) -> None:
    intent = await paid(sdk, amount, currency.lower())
    wanted = money.Money(amount=amount, currency=currency)
    assert (await gateway.create_refund(order(intent, wanted))).amount == wanted


async def test_the_search_reads_every_page_and_finds_only_our_refund(
    gateway: StripePaymentGateway, sdk: stripe.StripeClient
) -> None:
    intent = await paid(sdk)
    sought = order(intent, sar(7))
    made = await gateway.create_refund(sought)
    for _ in range(0, 110, 10):
        await asyncio.gather(*(gateway.create_refund(order(intent, sar(1))) for _ in range(10)))
    assert await gateway.find_refunds(payment_intent=intent, refund=sought.refund) == [made]
    assert await gateway.find_refunds(payment_intent=intent, refund="another") == []


async def test_the_events_of_a_refund_arrive_signed_and_name_our_payment(
    gateway: StripePaymentGateway,
    simulator: StripeSimulator,
    sdk: stripe.StripeClient,
    receiver: WebhookReceiver,
    planned: Any,
) -> None:
    planned("pending")
    intent = await paid(sdk)
    made = await gateway.create_refund(order(intent))
    simulator.control("refund_ends", refund=made.id, status="succeeded")
    simulator.control("refund_ends", refund=made.id, status="failed", reason="declined")
    await receiver.wait_for(4, type_prefix="refund.")
    await receiver.wait_for(1, type_prefix="charge.refunded")
    events = [
        webhook.verify(
            arrival.body,
            arrival.signature,
            [receiver.secret],
            dt.datetime.now(dt.UTC),
            livemode=False,
        )
        for arrival in receiver.arrivals
    ]
    refunds = [event for event in events if event.type.startswith("refund.")]
    assert sorted(event.type for event in refunds) == [
        "refund.created",
        "refund.failed",
        "refund.updated",
        "refund.updated",
    ]
    assert all(event.supported and event.object_id == made.id for event in refunds)
    assert {event.payment for event in refunds} == {"payment-ABC234-1"}
    charge = next(event for event in events if event.type == "charge.refunded")
    assert charge.supported, "it may be by a refund that was made by hand"
    assert msgspec.json.decode(charge.content)["amount_refunded"] == 30_000
