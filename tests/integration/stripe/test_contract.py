"""The simulator follows Stripe's contract, tested with the official SDK and with raw forms."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import stripe

from tests.integration.stripe import clients
from tests.integration.stripe.shapes import missing_fields
from tests.support.stripe_simulator import API_KEY, StripeSimulator

DAY = 24 * 3600

Account: TypeAlias = tuple[StripeSimulator, stripe.StripeClient]


def session_params(**changes: Any) -> Any:
    params: dict[str, Any] = {
        "mode": "payment",
        "success_url": "http://127.0.0.1:9/paid",
        "line_items": [
            {
                "price_data": {
                    "currency": "sar",
                    "unit_amount": 20_000,
                    "product_data": {"name": "Fare"},
                },
                "quantity": 2,
            },
            {
                "price_data": {
                    "currency": "sar",
                    "unit_amount": 10_000,
                    "product_data": {"name": "Taxes"},
                },
                "quantity": 1,
            },
        ],
    }
    return {**params, **changes}


def payment(**changes: Any) -> Any:
    return {"amount": 50_000, "currency": "sar", **changes}


@contextlib.asynccontextmanager
async def own_account(state: Path | None = None) -> AsyncIterator[Account]:
    """Yield a simulator for this test, whose clock it may move, and an SDK client of it."""
    with StripeSimulator(state=state) as simulator:
        async with clients.sdk_to(simulator) as client:
            yield simulator, client


async def test_every_object_has_the_fields_the_sdk_declares(
    sdk: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    session = await sdk.v1.checkout.sessions.create_async(session_params())
    assert missing_fields(session.to_dict(), stripe.checkout.Session) == []
    simulator.decline(session.id)
    simulator.pay(session.id)
    session = await sdk.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    )
    complete = session.to_dict()
    intent = complete["payment_intent"]
    charge = intent["latest_charge"]
    event = (await sdk.v1.events.list_async({"limit": 1})).data[0].to_dict()
    balance = (await sdk.v1.balance.retrieve_async()).to_dict()
    failed = (await sdk.v1.charges.list_async({"limit": 2})).data[1].to_dict()
    for item, kind in (
        (complete, stripe.checkout.Session),
        (complete["line_items"]["data"][0], stripe.LineItem),
        (intent, stripe.PaymentIntent),
        (charge, stripe.Charge),
        (failed, stripe.Charge),
        (charge["balance_transaction"], stripe.BalanceTransaction),
        (event, stripe.Event),
        (balance, stripe.Balance),
    ):
        assert missing_fields(item, kind) == [], kind
    assert (charge["status"], failed["status"]) == ("succeeded", "failed")


async def test_line_items_are_listed_in_their_order(sdk: stripe.StripeClient) -> None:
    session = await sdk.v1.checkout.sessions.create_async(session_params())
    assert session.amount_total == 50_000
    listed = await sdk.v1.checkout.sessions.line_items.list_async(session.id, {"limit": 1})
    names = [item.description async for item in listed.auto_paging_iter()]
    assert names == ["Fare", "Taxes"]


async def test_paying_twice_charges_once(
    sdk: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    session = await sdk.v1.checkout.sessions.create_async(session_params())
    assert [simulator.pay(session.id).status_code for _ in range(3)] == [303, 303, 303]
    assert simulator.decline(session.id).headers["location"] == "http://127.0.0.1:9/paid"
    paid = await sdk.v1.checkout.sessions.retrieve_async(session.id)
    charges = await sdk.v1.charges.list_async({"payment_intent": str(paid.payment_intent)})
    assert [charge.amount for charge in charges.data] == [50_000]
    found = await sdk.v1.checkout.sessions.list_async({"payment_intent": str(paid.payment_intent)})
    assert [each.id for each in found.data] == [session.id]


async def test_the_fee_is_taken_and_the_net_becomes_available_later() -> None:
    async with own_account() as (fresh, client):
        session = await client.v1.checkout.sessions.create_async(session_params())
        fresh.pay(session.id)
        transaction = (await client.v1.balance_transactions.list_async({"type": "charge"})).data[0]
        assert (transaction.amount, transaction.fee, transaction.net) == (50_000, 1_550, 48_450)
        balance = (await client.v1.balance.retrieve_async()).to_dict()
        assert balance["pending"][0]["amount"] == 48_450
        fresh.advance(7 * DAY)
        balance = (await client.v1.balance.retrieve_async()).to_dict()
        assert (balance["available"][0]["amount"], balance["pending"][0]["amount"]) == (48_450, 0)
        by_source = await client.v1.balance_transactions.list_async(
            {"source": str(transaction.source)}
        )
        assert [each.status for each in by_source.data] == ["available"]


async def test_a_session_expires_by_itself_and_cannot_be_paid_then() -> None:
    async with own_account() as (fresh, client):
        session = await client.v1.checkout.sessions.create_async(
            session_params(expires_at=int(time.time()) + 1805)
        )
        fresh.decline(session.id)
        fresh.advance(1806)
        assert fresh.pay(session.id).status_code == 410
        expired = await client.v1.checkout.sessions.retrieve_async(session.id)
        assert (expired.status, expired.payment_status) == ("expired", "unpaid")
        intent = await client.v1.payment_intents.retrieve_async(str(expired.payment_intent))
        assert intent.status == "canceled"
        kinds = [event.type for event in (await client.v1.events.list_async({"limit": 2})).data]
        assert kinds == ["checkout.session.expired", "payment_intent.canceled"]


@pytest.mark.parametrize("seconds", [1700, DAY + 60])
async def test_a_session_lasts_thirty_minutes_to_a_day(
    sdk: stripe.StripeClient, seconds: int
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await sdk.v1.checkout.sessions.create_async(
            session_params(expires_at=int(time.time()) + seconds)
        )
    assert caught.value.param == "expires_at"


async def test_a_confirmed_intent_succeeds_and_cannot_be_cancelled(
    sdk: stripe.StripeClient,
) -> None:
    intent = await sdk.v1.payment_intents.create_async(payment())
    assert intent.status == "requires_payment_method"
    intent = await sdk.v1.payment_intents.confirm_async(
        intent.id, {"payment_method": "pm_card_visa"}
    )
    assert (intent.status, intent.amount_received) == ("succeeded", 50_000)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await sdk.v1.payment_intents.cancel_async(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ],
)
async def test_a_declined_intent_names_the_cause_and_may_be_tried_again(
    sdk: stripe.StripeClient, card: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        await sdk.v1.payment_intents.create_async(payment(confirm=True, payment_method=card))
    assert caught.value.code == code
    error = caught.value.error
    assert error is not None
    assert error.payment_intent is not None
    assert getattr(error, "decline_code", None) == decline_code
    intent = await sdk.v1.payment_intents.confirm_async(
        error.payment_intent.id, {"payment_method": "pm_card_visa"}
    )
    assert intent.status == "succeeded"


async def test_authentication_waits_for_the_traveller(
    sdk: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    intent = await sdk.v1.payment_intents.create_async(
        payment(confirm=True, payment_method="pm_card_threeDSecure2Required")
    )
    assert intent.status == "requires_action"
    simulator.control("authentications", intent=intent.id)
    assert (await sdk.v1.payment_intents.retrieve_async(intent.id)).status == "succeeded"


async def test_a_partial_capture_takes_a_part_and_releases_the_rest(
    sdk: stripe.StripeClient,
) -> None:
    intent = await sdk.v1.payment_intents.create_async(
        payment(confirm=True, payment_method="pm_card_visa", capture_method="manual")
    )
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 50_000)
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.payment_intents.capture_async(intent.id, {"amount_to_capture": 50_001})
    intent = await sdk.v1.payment_intents.capture_async(intent.id, {"amount_to_capture": 30_000})
    assert (intent.amount, intent.amount_received, intent.amount_capturable) == (50_000, 30_000, 0)
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.payment_intents.capture_async(intent.id)
    transactions = await sdk.v1.balance_transactions.list_async(
        {"source": str(intent.latest_charge)}
    )
    assert [each.amount for each in transactions.data] == [30_000]


async def test_cancelling_an_authorisation_releases_it(sdk: stripe.StripeClient) -> None:
    intent = await sdk.v1.payment_intents.create_async(
        payment(confirm=True, payment_method="pm_card_visa", capture_method="manual")
    )
    intent = await sdk.v1.payment_intents.cancel_async(
        intent.id, {"cancellation_reason": "requested_by_customer"}
    )
    assert (intent.status, intent.cancellation_reason) == ("canceled", "requested_by_customer")
    charge = await sdk.v1.charges.retrieve_async(str(intent.latest_charge))
    assert (charge.refunded, charge.captured) == (True, False)


async def test_an_intent_of_checkout_is_not_cancelled_directly(
    sdk: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    session = await sdk.v1.checkout.sessions.create_async(session_params())
    simulator.decline(session.id)
    session = await sdk.v1.checkout.sessions.retrieve_async(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="expire the Checkout Session"):
        await sdk.v1.payment_intents.cancel_async(str(session.payment_intent))


async def test_lists_page_by_cursor_in_both_directions(sdk: stripe.StripeClient) -> None:
    made = [(await sdk.v1.payment_intents.create_async(payment())).id for _ in range(5)]
    newest_first = made[::-1]
    page = await sdk.v1.payment_intents.list_async({"limit": 2})
    assert ([each.id for each in page.data], page.has_more) == (newest_first[:2], True)
    page = await sdk.v1.payment_intents.list_async({"limit": 3, "starting_after": newest_first[1]})
    assert [each.id for each in page.data] == newest_first[2:]
    page = await sdk.v1.payment_intents.list_async({"limit": 2, "ending_before": newest_first[3]})
    assert ([each.id for each in page.data], page.has_more) == (newest_first[1:3], True)
    page = await sdk.v1.payment_intents.list_async({"limit": 5, "ending_before": newest_first[3]})
    assert ([each.id for each in page.data], page.has_more) == (newest_first[:3], False)
    for params in ({"limit": 0}, {"limit": 101}, {"starting_after": "pi_none"}):
        with pytest.raises(stripe.InvalidRequestError):
            await sdk.v1.payment_intents.list_async(params)  # type: ignore[arg-type]  # wrong on purpose


async def test_events_filter_by_type_and_time(sdk: stripe.StripeClient) -> None:
    intent = await sdk.v1.payment_intents.create_async(
        payment(confirm=True, payment_method="pm_card_visa")
    )
    types = ["payment_intent.created", "payment_intent.succeeded"]
    page = await sdk.v1.events.list_async({"types": types, "limit": 2})
    assert [event.type for event in page.data] == types[::-1]
    event = page.data[0]
    assert event.data.object["id"] == intent.id
    assert event.api_version == "2026-10-28.endive"
    assert event.request is not None
    assert event.request.id is not None
    missed = await sdk.v1.events.list_async({"type": "charge.*", "ending_before": page.data[1].id})
    assert [event.type for event in missed.data] == ["charge.updated", "charge.succeeded"]
    later = await sdk.v1.events.list_async({"created": {"gt": int(time.time()) + 5}})
    assert later.data == []
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.events.list_async({"types": types, "type": "charge.*"})


async def test_events_are_listed_for_thirty_days() -> None:
    async with own_account() as (fresh, client):
        await client.v1.payment_intents.create_async(payment())
        fresh.advance(30 * DAY - 60)
        assert len((await client.v1.events.list_async()).data) == 1
        fresh.advance(120)
        assert (await client.v1.events.list_async()).data == []


async def test_a_key_replays_for_a_day_and_then_executes_again() -> None:
    async with own_account() as (fresh, client):
        options: Any = {"idempotency_key": "once"}
        first = await client.v1.payment_intents.create_async(payment(), options)
        again = await client.v1.payment_intents.create_async(payment(), options)
        assert again.id == first.id
        assert again.last_response is not None
        assert again.last_response.headers["Idempotent-Replayed"] == "true"
        with pytest.raises(stripe.IdempotencyError):
            await client.v1.payment_intents.create_async(payment(amount=60_000), options)
        fresh.advance(DAY)
        assert (await client.v1.payment_intents.create_async(payment(), options)).id != first.id


async def test_a_key_replays_a_decline_but_not_refused_parameters(
    sdk: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    options: Any = {"idempotency_key": uuid.uuid4().hex}
    declined = payment(confirm=True, payment_method="pm_card_chargeDeclined")
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await sdk.v1.payment_intents.create_async(declined, options)
    mine = [each for each in simulator.requests() if each["key"] == options["idempotency_key"]]
    assert [each["replayed"] for each in mine] == [False, True]
    options = {"idempotency_key": uuid.uuid4().hex}
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.payment_intents.create_async(payment(bogus="1"), options)
    assert (await sdk.v1.payment_intents.create_async(payment(), options)).id


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({}, "parameter_missing", "amount"),
        ({"amount": "500"}, "parameter_missing", "currency"),
        ({"amount": "5.00", "currency": "sar"}, "parameter_invalid_integer", "amount"),
        ({"amount": "", "currency": "sar"}, "parameter_invalid_empty", "amount"),
        ({"amount": "500", "currency": "sar", "confirm": "yes"}, None, "confirm"),
        ({"amount": "500", "currency": "sar", "colour": "red"}, "parameter_unknown", "colour"),
        ({"amount": "500", "currency": "abc"}, None, "currency"),
        ({"amount": "100", "currency": "sar"}, "amount_too_small", "amount"),
        ({"amount": "100000000", "currency": "sar"}, "amount_too_large", "amount"),
        ({"amount": "5125", "currency": "kwd"}, "invalid_charge_amount", "amount"),
        (
            {"amount": "500", "currency": "sar", "payment_method": "pm_none"},
            "resource_missing",
            "payment_method",
        ),
        (
            {"amount": "500", "currency": "sar", "shipping[name]": "A", "shipping[x]": "1"},
            "parameter_unknown",
            "shipping[x]",
        ),
    ],
)
def test_a_wrong_parameter_is_named(
    simulator: StripeSimulator, form: dict[str, str], code: str | None, param: str
) -> None:
    answer = httpx.post(
        f"{simulator.url}/v1/payment_intents",
        data=form,
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert (error.get("code"), error["param"]) == (code, param)
    assert answer.headers["Request-Id"].startswith("req_")


def test_keys_versions_and_paths_are_checked(simulator: StripeSimulator) -> None:
    good = {"Authorization": f"Bearer {API_KEY}"}
    with httpx.Client(verify=False, base_url=simulator.url) as client:
        assert client.get("/v1/balance").status_code == 401
        wrong = client.get("/v1/balance", headers={"Authorization": "Bearer sk_test_no"})
        assert wrong.status_code == 401
        assert client.get("/v1/balance", auth=(API_KEY, "")).status_code == 200
        answer = client.get("/v1/balance", headers={**good, "Stripe-Version": "2020-08-27"})
        assert answer.headers["Stripe-Version"] == "2020-08-27"
        answer = client.get("/v1/balance", headers={**good, "Stripe-Version": "newest"})
        assert answer.status_code == 400
        assert client.get("/v1/nothing", headers=good).status_code == 404
        assert client.delete("/v1/balance", headers=good).status_code == 404
        missing = client.get("/v1/charges/ch_none", headers=good)
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "resource_missing")
        large = client.post("/v1/payment_intents", headers=good, content=b"a" * 300_000)
        assert large.status_code == 413
        assert client.post("/v1/payment_intents", headers=good, content=b"\xff").status_code == 400


async def test_many_requests_with_one_key_make_one_object(
    sdk: stripe.StripeClient, simulator: StripeSimulator
) -> None:
    options: Any = {"idempotency_key": uuid.uuid4().hex}
    answers = await asyncio.gather(
        *(sdk.v1.payment_intents.create_async(payment(), options) for _ in range(40))
    )
    assert len({answer.id for answer in answers}) == 1


async def test_a_restart_keeps_the_account(tmp_path: Path) -> None:
    state = tmp_path / "account.json"
    async with own_account(state) as (_, client):
        options: Any = {"idempotency_key": "kept"}
        session = await client.v1.checkout.sessions.create_async(session_params(), options)
    async with own_account(state) as (after, client):
        assert (await client.v1.checkout.sessions.create_async(session_params(), options)).id == (
            session.id
        )
        after.pay(session.id)
        paid = await client.v1.checkout.sessions.retrieve_async(session.id)
        assert paid.payment_status == "paid"
