"""PaymentIntents: create, confirm, capture, cancel, and the results of each attempt.

A decline is not final: the intent returns to `requires_payment_method` and may succeed later.
"""

import heapq

import msgspec

from infrastructure.stripe_simulator import balance, charges, currencies
from infrastructure.stripe_simulator.account import NO_REQUEST, Account, Cause
from infrastructure.stripe_simulator.cards import CARDS, DELAYED, REFUSED_DEBIT, Card
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import ApiError, invalid, no_such
from infrastructure.stripe_simulator.ids import new_id

CONFIRMABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
CANCELLABLE = CONFIRMABLE | {"requires_capture"}

# What a charge shows of a passed challenge of 3-D Secure.
_AUTHENTICATED = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "result": "authenticated",
    "result_reason": None,
    "transaction_id": "simulated",
    "version": "2.2.0",
}


def new_intent(account: Account, fields: Json, cause: Cause) -> Json:
    """Make an intent from checked fields and record its creation."""
    identifier = new_id("pi", 24)
    intent: Json = {
        "id": identifier,
        "object": "payment_intent",
        "amount": fields["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": fields.get("automatic_payment_methods"),
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": fields.get("capture_method", balance.ASYNCHRONOUS),
        "client_secret": f"{identifier}_secret_{new_id('x', 20)[2:]}",
        "confirmation_method": fields.get("confirmation_method", "automatic"),
        "created": account.clock.now(),
        "currency": fields["currency"],
        "customer": None,
        "customer_account": None,
        "description": fields.get("description"),
        "excluded_payment_method_types": fields.get("excluded_payment_method_types"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": dict(fields.get("metadata", {})),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": fields.get("payment_method_types", ["card"]),
        "processing": None,
        "receipt_email": fields.get("receipt_email"),
        "review": None,
        "setup_future_usage": fields.get("setup_future_usage"),
        "shipping": None,
        "source": None,
        "statement_descriptor": fields.get("statement_descriptor"),
        "statement_descriptor_suffix": fields.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": fields.get("transfer_group"),
    }
    account.intents.put(intent)
    account.record("payment_intent.created", intent, cause)
    return intent


def create(account: Account, params: Json, cause: Cause) -> Json:
    """POST /v1/payment_intents; with `confirm` the first attempt follows at once."""
    currency = currencies.checked_currency(params["currency"], param="currency")
    currencies.check_charge(params["amount"], currency, param="amount")
    method = params.get("payment_method")
    if method is not None:
        _card(method)
    intent = new_intent(account, {**params, "currency": currency}, cause)
    if method is not None:
        intent["payment_method"] = method
        intent["status"] = "requires_confirmation"
    if params.get("confirm", False):
        return confirm(account, intent["id"], {}, cause)
    return intent


def confirm(account: Account, identifier: str, params: Json, cause: Cause) -> Json:
    """POST …/confirm; a decline is recorded and answered 402."""
    intent = account.intents.get(identifier, param="intent")
    _refuse_foreign_hands(account, intent)
    _require(intent, CONFIRMABLE, "confirm")
    method = params.get("payment_method", intent["payment_method"])
    if method is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    pay(account, intent, card=_card(method), payment_method=method, cause=cause)
    if intent["status"] == "requires_payment_method":
        raise _card_error(intent)
    return intent


def pay(account: Account, intent: Json, *, card: Card, payment_method: str, cause: Cause) -> None:
    """Try to pay by this method: the customer, a bank or the card decides, each in its way."""
    if card.needs_authentication:
        require_action(account, intent, card=card, payment_method=payment_method, cause=cause)
    elif card.is_delayed:
        start_processing(account, intent, card=card, payment_method=payment_method, cause=cause)
    else:
        attempt(account, intent, card=card, payment_method=payment_method, cause=cause)


def require_action(
    account: Account, intent: Json, *, card: Card, payment_method: str, cause: Cause
) -> Json:
    """Ask the customer for 3-D Secure; there is no charge before it."""
    account.methods.put({"id": payment_method, "card": card.id})
    intent["status"] = "requires_action"
    intent["last_payment_error"] = None
    intent["payment_method"] = payment_method
    intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    account.record("payment_intent.requires_action", intent, cause)
    return intent


def authenticate(account: Account, intent: Json, *, succeeds: bool) -> Json:
    """The customer finishes 3-D Secure; the card may be declined even so.

    Raises ValueError when the intent does not wait for it.
    """
    if intent["status"] != "requires_action":
        raise ValueError(f"the intent is {intent['status']}")
    if not succeeds:
        return fail_authentication(account, intent, NO_REQUEST)
    method = intent["payment_method"]
    card = CARDS[account.methods.get(method)["card"]]
    attempt(account, intent, card=card, payment_method=method, cause=NO_REQUEST, authenticated=True)
    return intent


def fail_authentication(account: Account, intent: Json, cause: Cause) -> Json:
    """The customer failed 3-D Secure: a failed attempt without a charge."""
    method = intent["payment_method"]
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["next_action"] = None
    intent["last_payment_error"] = {
        "code": "payment_intent_authentication_failure",
        "message": "The provided PaymentMethod has failed authentication.",
        "payment_method": {"id": method, "object": "payment_method", "type": "card"},
        "type": "invalid_request_error",
    }
    account.record("payment_intent.payment_failed", intent, cause)
    return intent


def start_processing(
    account: Account, intent: Json, *, card: Card, payment_method: str, cause: Cause
) -> Json:
    """A delayed method: the bank answers days later, see `end_processing`."""
    undecided = msgspec.structs.replace(card, code=None, decline_code=None)
    charge = charges.new_charge(account, intent, undecided, payment_method)
    charge.update(status="pending", paid=False, outcome=None)
    charge["payment_method_details"] = {
        "type": DELAYED,
        DELAYED: {"bank_name": "TEST BANK", "last4": card.last4, "account_type": "checking"},
    }
    account.methods.put({"id": payment_method, "card": card.id})
    intent["latest_charge"] = charge["id"]
    intent["payment_method"] = payment_method
    intent["last_payment_error"] = None
    intent["status"] = "processing"
    expect_answer(account, intent)
    account.record("charge.pending", charge, cause)
    account.record("payment_intent.processing", intent, cause)
    return charge


def expect_answer(account: Account, intent: Json) -> None:
    """Let the bank answer about a delayed payment once the clock has come so far."""
    if delayed_card(account, intent).answer is not None:
        charge = account.charges.get(intent["latest_charge"])
        at = charge["created"] + account.configuration.delayed_answer_seconds
        heapq.heappush(account.deadlines, (at, intent["id"]))


def end_processing(account: Account, intent: Json, *, succeeds: bool) -> Json:
    """The bank's answer about an intent that is processing.

    Raises ValueError when no bank decides about it.
    """
    if intent["status"] != "processing":
        raise ValueError(f"the intent is {intent['status']}")
    charge = account.charges.get(intent["latest_charge"])
    if succeeds:
        charge.update(status="succeeded", paid=True)
        charges.capture(account, charge, charge["amount"])
        account.record("charge.succeeded", charge, NO_REQUEST)
        _succeed(account, intent, charge["amount"], NO_REQUEST)
        return intent
    card = delayed_card(account, intent)
    if card.code is None:
        card = REFUSED_DEBIT
    charge.update(status="failed", failure_code=card.code, failure_message=card.message)
    _decline(account, intent, charge, card=card, cause=NO_REQUEST)
    return intent


def delayed_card(account: Account, intent: Json) -> Card:
    """Return the test method about which a bank decides."""
    return CARDS[account.methods.get(intent["payment_method"])["card"]]


def attempt(
    account: Account,
    intent: Json,
    *,
    card: Card,
    payment_method: str,
    cause: Cause,
    authenticated: bool = False,
) -> Json:
    """Try to charge the card; the intent and a new charge contain the result."""
    charge = charges.new_charge(account, intent, card, payment_method)
    if authenticated:
        charge["payment_method_details"]["card"]["three_d_secure"] = dict(_AUTHENTICATED)
    intent["latest_charge"] = charge["id"]
    intent["next_action"] = None
    if card.code is not None:
        _decline(account, intent, charge, card=card, cause=cause)
        return charge
    intent["payment_method"] = payment_method
    intent["last_payment_error"] = None
    if intent["capture_method"] == "manual":
        intent["status"] = "requires_capture"
        intent["amount_capturable"] = intent["amount"]
        account.record("charge.succeeded", charge, cause)
        account.record("payment_intent.amount_capturable_updated", intent, cause)
        return charge
    charges.capture(account, charge, charge["amount"])
    account.record("charge.succeeded", charge, cause)
    _succeed(account, intent, charge["amount"], cause)
    return charge


def _decline(account: Account, intent: Json, charge: Json, *, card: Card, cause: Cause) -> None:
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = {
        "charge": charge["id"],
        "code": card.code,
        **({} if card.decline_code is None else {"decline_code": card.decline_code}),
        "message": card.message,
        "payment_method": {
            "id": charge["payment_method"],
            "object": "payment_method",
            **charge["payment_method_details"],
        },
        "type": "card_error",
    }
    account.record("charge.failed", charge, cause)
    account.record("payment_intent.payment_failed", intent, cause)


def _succeed(account: Account, intent: Json, amount: int, cause: Cause) -> None:
    intent["status"] = "succeeded"
    intent["amount_received"] = amount
    intent["amount_capturable"] = 0
    account.record("payment_intent.succeeded", intent, cause)


def capture(account: Account, identifier: str, params: Json, cause: Cause) -> Json:
    """POST …/capture: all or part of the authorisation, once."""
    intent = account.intents.get(identifier, param="intent")
    _require(intent, frozenset({"requires_capture"}), "capture")
    capturable: int = intent["amount_capturable"]
    amount: int = params.get("amount_to_capture", capturable)
    if not 0 < amount <= capturable:
        raise invalid(
            "The requested capture amount must be positive and within the authorized amount.",
            param="amount_to_capture",
            code="amount_too_large" if amount > 0 else "parameter_invalid_integer",
        )
    currencies.check_step(amount, intent["currency"], param="amount_to_capture")
    charge = account.charges.get(intent["latest_charge"])
    charges.capture(account, charge, amount)
    account.record("charge.captured", charge, cause)
    _succeed(account, intent, amount, cause)
    session = account.session_of(identifier)
    if session is not None:
        session["payment_status"] = "paid"
    return intent


def cancel(account: Account, identifier: str, params: Json, cause: Cause) -> Json:
    """POST …/cancel; an intent of Checkout only while its money waits for capture."""
    intent = account.intents.get(identifier, param="intent")
    _require(intent, CANCELLABLE, "cancel")
    if intent["status"] != "requires_capture":
        _refuse_foreign_hands(account, intent)
    return close(account, intent, params.get("cancellation_reason"), cause)


def close(account: Account, intent: Json, reason: str | None, cause: Cause) -> Json:
    """End the intent for ever, releasing what was authorised."""
    if intent["status"] == "requires_capture":
        charge = account.charges.get(intent["latest_charge"])
        charge["refunded"] = True
        charge["amount_refunded"] = charge["amount"]
        account.record("charge.refunded", charge, cause)
    intent["status"] = "canceled"
    intent["canceled_at"] = account.clock.now()
    intent["cancellation_reason"] = reason
    intent["amount_capturable"] = 0
    intent["next_action"] = None
    account.record("payment_intent.canceled", intent, cause)
    return intent


def _card(method: str) -> Card:
    if method not in CARDS:
        raise no_such("PaymentMethod", method, param="payment_method", status=400)
    return CARDS[method]


def _require(intent: Json, allowed: frozenset[str], verb: str) -> None:
    if intent["status"] not in allowed:
        raise ApiError(
            400,
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": dict(intent)},
        )


def _refuse_foreign_hands(account: Account, intent: Json) -> None:
    if account.session_of(intent["id"]) is not None:
        raise invalid(
            "This PaymentIntent was created by Checkout; expire the Checkout Session instead.",
            code="payment_intent_unexpected_state",
        )


def _card_error(intent: Json) -> ApiError:
    error = intent["last_payment_error"]
    extra = {"charge": error["charge"], "payment_intent": dict(intent)}
    if "decline_code" in error:
        extra["decline_code"] = error["decline_code"]
    return ApiError(402, error["message"], kind="card_error", code=error["code"], extra=extra)
