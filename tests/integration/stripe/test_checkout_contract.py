"""Checkout at the simulator as at Stripe: what a session may become, 3-D Secure, delayed methods.

Sources: https://docs.stripe.com/testing, https://docs.stripe.com/payments/checkout,
https://docs.stripe.com/payments/delayed-notification (as read with the SDK's types).
"""

import time
from collections.abc import AsyncIterator

import pytest
import stripe

from tests.integration.stripe.checkout_keys import KEYS
from tests.integration.stripe.test_contract import (
    DAY,
    Account,
    own_account,
    payment,
    session_params,
)

HALF_HOUR = 1805


@pytest.fixture
async def own() -> AsyncIterator[Account]:
    async with own_account() as found:
        yield found


async def opened(own: Account) -> stripe.checkout.Session:
    """Open a session that ends in half an hour."""
    return await own[1].v1.checkout.sessions.create_async(
        session_params(expires_at=int(time.time()) + HALF_HOUR)
    )


async def kinds(client: stripe.StripeClient, *, about: str) -> list[str]:
    """Return the types of the events of these objects, oldest first."""
    listed = await client.v1.events.list_async({"limit": 100})
    found = [each.type for each in listed.data if each.type.startswith(about)]
    return found[::-1]


async def test_an_expired_session_never_becomes_complete(own: Account) -> None:
    simulator, client = own
    challenged, waiting, declined, untouched = [await opened(own) for _ in range(4)]
    assert simulator.pay(challenged.id, card="pm_card_threeDSecure2Required").status_code == 303
    simulator.control("attempts", session=waiting.id, under_way=True)
    simulator.decline(declined.id)
    intent = await client.v1.checkout.sessions.retrieve_async(challenged.id)
    simulator.advance(HALF_HOUR + 1)
    for session in (challenged, waiting, declined, untouched):
        for verb in ("pay", "decline", "authenticate", "refuse"):
            late = simulator.press(session.id, verb)
            assert late.status_code == 410
            assert "انتهت صلاحية صفحة الدفع هذه" in late.text
            assert "has expired" in late.text
        with pytest.raises(AssertionError, match="not open"):
            simulator.control("attempts", session=session.id)
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.checkout.sessions.expire_async(session.id)
    with pytest.raises(AssertionError, match="canceled"):
        simulator.control("authentications", intent=str(intent.payment_intent))
    with pytest.raises(AssertionError, match="no payment is under way"):
        simulator.control("attempts", session=untouched.id, finishes=True)
    simulator.control("attempts", session=waiting.id, finishes=True)
    for session in (challenged, waiting, declined, untouched):
        found = await client.v1.checkout.sessions.retrieve_async(session.id)
        assert (found.status, found.payment_status) == ("expired", "unpaid")
    assert "checkout.session.completed" not in await kinds(client, about="checkout.session")
    assert await kinds(client, about="payment_intent.succeeded") == ["payment_intent.succeeded"]


async def test_a_payment_under_way_at_expiry_that_is_declined_charges_nothing(
    own: Account,
) -> None:
    simulator, client = own
    session = await opened(own)
    simulator.control("attempts", session=session.id, card="pm_card_chargeDeclined", under_way=True)
    simulator.advance(HALF_HOUR + 1)
    simulator.control("attempts", session=session.id, finishes=True)
    found = await client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent"]}
    )
    assert found.payment_intent.to_dict()["status"] == "canceled"  # type: ignore[union-attr]
    assert (await client.v1.balance_transactions.list_async()).data == []


async def test_a_payment_under_way_is_not_paid_a_second_time(own: Account) -> None:
    simulator, client = own
    session = await opened(own)
    simulator.control("attempts", session=session.id, under_way=True)
    assert simulator.pay(session.id).headers["location"] == f"/c/pay/{session.id}"
    assert "being processed" in simulator.page(session.id).text
    with pytest.raises(AssertionError, match="under way"):
        simulator.control("attempts", session=session.id)
    assert simulator.control("attempts", session=session.id, finishes=True)["status"] == "complete"
    assert len((await client.v1.charges.list_async()).data) == 1


async def test_3d_secure_is_answered_on_the_page_and_pays(own: Account) -> None:
    simulator, client = own
    session = await opened(own)
    simulator.pay(session.id, card="pm_card_threeDSecure2Required")
    intent = (await client.v1.payment_intents.list_async()).data[0]
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    assert "3-D Secure" in simulator.page(session.id).text
    answered = simulator.press(session.id, "authenticate")
    assert answered.headers["location"] == "http://127.0.0.1:9/paid"
    found = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (found.status, found.payment_status) == ("complete", "paid")
    charge = (await client.v1.charges.list_async()).data[0].to_dict()
    shown = charge["payment_method_details"]["card"]["three_d_secure"]
    assert (shown["result"], charge["payment_method_details"]["card"]["last4"]) == (
        "authenticated",
        "3220",
    )
    assert await kinds(client, about="payment_intent") == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
    ]


async def test_refused_3d_secure_leaves_the_session_open_for_another_card(own: Account) -> None:
    simulator, client = own
    session = await opened(own)
    simulator.pay(session.id, card="pm_card_authenticationRequired")
    assert simulator.press(session.id, "refuse").headers["location"] == f"/c/pay/{session.id}"
    assert simulator.press(session.id, "authenticate").status_code == 303
    intent = (await client.v1.payment_intents.list_async()).data[0]
    assert intent.last_payment_error is not None
    assert (intent.status, intent.last_payment_error.code) == (
        "requires_payment_method",
        "payment_intent_authentication_failure",
    )
    simulator.pay(session.id)
    found = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert found.payment_status == "paid"


@pytest.mark.parametrize(
    ("card", "decline"),
    [
        ("pm_card_threeDSecureRequiredChargeDeclined", "generic_decline"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
async def test_an_authenticated_card_may_still_be_declined(
    own: Account, card: str, decline: str
) -> None:
    simulator, client = own
    session = await opened(own)
    simulator.pay(session.id, card=card)
    simulator.press(session.id, "authenticate")
    intent = (await client.v1.payment_intents.list_async()).data[0]
    assert intent.last_payment_error is not None
    assert (intent.status, intent.last_payment_error.decline_code) == (
        "requires_payment_method",
        decline,
    )


@pytest.mark.parametrize(
    ("card", "code", "decline"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        (
            "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            "card_velocity_exceeded",
        ),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_threeDSecureRequiredProcessingError", "card_declined", "generic_decline"),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
        ("pm_card_riskLevelHighest", "card_declined", "fraudulent"),
    ],
)
async def test_a_declining_test_card_answers_as_stripe_documents_it(
    sdk: stripe.StripeClient, card: str, code: str, decline: str | None
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        await sdk.v1.payment_intents.create_async(payment(confirm=True, payment_method=card))
    error = caught.value.error
    assert error is not None
    assert (caught.value.http_status, error.code) == (402, code)
    assert error.to_dict().get("decline_code") == decline
    charge = await sdk.v1.charges.retrieve_async(str(error.to_dict()["charge"]))
    assert charge.outcome is not None
    blocked = card in ("pm_card_radarBlock", "pm_card_riskLevelHighest")
    assert charge.outcome.type == ("blocked" if blocked else "issuer_declined")


@pytest.mark.parametrize(
    ("card", "brand", "last4"),
    [
        ("pm_card_visa", "visa", "4242"),
        ("pm_card_visa_debit", "visa", "5556"),
        ("pm_card_mastercard", "mastercard", "4444"),
        ("pm_card_amex", "amex", "0005"),
        ("pm_card_unionpay", "unionpay", "0005"),
        ("pm_card_threeDSecureOptional", "visa", "3055"),
        ("pm_card_cvcCheckFail", "visa", "0101"),
        ("pm_card_riskLevelElevated", "visa", "9235"),
        ("pm_card_createDispute", "visa", "0259"),
        ("pm_card_createDisputeInquiry", "visa", "1976"),
        ("pm_card_refundFail", "visa", "5126"),
    ],
)
async def test_a_paying_test_card_shows_its_brand(
    sdk: stripe.StripeClient, card: str, brand: str, last4: str
) -> None:
    paid = await sdk.v1.payment_intents.create_async(payment(confirm=True, payment_method=card))
    charge = (await sdk.v1.charges.retrieve_async(str(paid.latest_charge))).to_dict()
    shown = charge["payment_method_details"]["card"]
    assert (charge["status"], shown["brand"], shown["last4"]) == ("succeeded", brand, last4)


@pytest.mark.parametrize(
    ("method", "status", "event"),
    [
        ("pm_usBankAccount_success", "paid", "checkout.session.async_payment_succeeded"),
        ("pm_usBankAccount_noAccount", "unpaid", "checkout.session.async_payment_failed"),
    ],
)
async def test_a_delayed_method_completes_unpaid_and_its_bank_answers_days_later(
    own: Account, method: str, status: str, event: str
) -> None:
    simulator, client = own
    session = await opened(own)
    assert simulator.pay(session.id, card=method).headers["location"] == "http://127.0.0.1:9/paid"
    found = await client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent"]}
    )
    assert (found.status, found.payment_status) == ("complete", "unpaid")
    assert found.payment_intent.to_dict()["status"] == "processing"  # type: ignore[union-attr]
    simulator.advance(3 * DAY)
    assert event not in await kinds(client, about="checkout.session")
    simulator.advance(DAY + 1)
    found = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (found.status, found.payment_status) == ("complete", status)
    assert await kinds(client, about="checkout.session") == ["checkout.session.completed", event]


async def test_a_restricted_session_offers_and_takes_only_its_methods(own: Account) -> None:
    simulator, client = own
    cards_only = await client.v1.checkout.sessions.create_async(
        session_params(allowed_payment_method_types=["card"])
    )
    assert cards_only.payment_method_types == ["card"]
    assert 'id="debit"' not in simulator.page(cards_only.id).text
    assert simulator.pay(cards_only.id, card="pm_usBankAccount_success").status_code == 400
    every = await opened(own)
    assert every.payment_method_types == ["card", "us_bank_account"]
    assert 'id="debit"' in simulator.page(every.id).text
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.checkout.sessions.create_async(
            session_params(allowed_payment_method_types=["klarna"])
        )


@pytest.mark.parametrize(
    ("currency", "amount", "code"),
    [
        ("kwd", 5_012, "invalid_charge_amount"),
        ("kwd", 10, "amount_too_small"),
        ("sar", 100, "amount_too_small"),
        ("jpy", 49, "amount_too_small"),
        ("sar", 100_000_000, "amount_too_large"),
        ("kwd", 5_010, None),
        ("jpy", 50, None),
    ],
)
async def test_a_session_is_of_an_amount_that_its_currency_can_have(
    sdk: stripe.StripeClient, currency: str, amount: int, code: str | None
) -> None:
    item = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Fare"}}
    params = session_params(line_items=[{"price_data": item, "quantity": 1}])
    if code is None:
        assert (await sdk.v1.checkout.sessions.create_async(params)).amount_total == amount
        return
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await sdk.v1.checkout.sessions.create_async(params)
    assert (caught.value.http_status, caught.value.code) == (400, code)


async def test_objects_of_checkout_have_the_fields_of_stripes_own_examples(own: Account) -> None:
    simulator, client = own
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]}
    )
    found = (await client.v1.webhook_endpoints.retrieve_async(endpoint.id)).to_dict()
    assert found.keys() == KEYS["webhook_endpoint"]
    session = await opened(own)
    simulator.decline(session.id)
    simulator.pay(session.id)
    for each in (session, await client.v1.checkout.sessions.retrieve_async(session.id)):
        assert not KEYS["checkout.session"] - each.to_dict().keys()
        assert "currency_conversion" not in each.to_dict()
    for intent in (await client.v1.payment_intents.list_async()).data:
        assert not KEYS["payment_intent"] - intent.to_dict().keys()
    for event in (await client.v1.events.list_async()).data:
        assert event.to_dict().keys() == KEYS["event"]
