"""Checkout sessions: open, then complete or expired, and never both.

The PaymentIntent of a session appears at the customer's first attempt, as on Stripe.
"""

import heapq
from collections.abc import Iterable
from urllib.parse import urlsplit

from infrastructure.stripe_simulator import currencies, intents
from infrastructure.stripe_simulator.account import NO_REQUEST, Account, Cause
from infrastructure.stripe_simulator.cards import CARDS, Card
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id

LIFE_LEAST_SECONDS = 30 * 60
LIFE_MOST_SECONDS = 24 * 3600
LINE_ITEMS_LIMIT = 100
REFERENCE_LENGTH_LIMIT = 200
# States of an intent after which the customer has nothing more to do on the page.
PAID_OR_DECIDED = frozenset({"processing", "requires_capture", "succeeded"})
# The field of a session's order that names the test method of a payment under way.
UNDER_WAY = "under_way"


def create(account: Account, params: Json, *, origin: str) -> Json:
    """POST /v1/checkout/sessions for a hosted one-time payment in one currency."""
    if params.get("mode") != "payment":
        raise invalid("This simulator knows only mode=payment.", param="mode")
    for name in ("success_url", "cancel_url"):
        _check_url(params, name)
    if len(params.get("client_reference_id", "")) > REFERENCE_LENGTH_LIMIT:
        raise invalid("Invalid string: at most 200 characters", param="client_reference_id")
    items = _line_items(params)
    currency = items[0]["currency"]
    total = sum(item["amount_total"] for item in items)
    currencies.check_charge(total, currency, param="line_items")
    expires_at = _expiry(account, params)
    identifier = new_id("cs_test", 58)
    session = _session(account, params, identifier, expires_at=expires_at)
    session.update(amount_subtotal=total, amount_total=total, currency=currency)
    session["url"] = f"{origin}/c/pay/{identifier}"
    account.sessions.put(session)
    heapq.heappush(account.deadlines, (expires_at, identifier))
    account.orders.put(
        {
            "id": identifier,
            "line_items": items,
            "intent": {
                "description": items[0]["description"],
                **params.get("payment_intent_data", {}),
                "amount": total,
                "currency": currency,
                "payment_method_types": session["payment_method_types"],
            },
        }
    )
    return session


def _check_url(params: Json, name: str) -> None:
    if name not in params:
        if name == "success_url":
            raise invalid(
                "Missing required param: success_url.", param=name, code="parameter_missing"
            )
        return
    parts = urlsplit(params[name].replace("{CHECKOUT_SESSION_ID}", "id"))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Not a valid URL", param=name, code="url_invalid")


def _expiry(account: Account, params: Json) -> int:
    now = account.clock.now()
    expires_at: int = params.get("expires_at", now + LIFE_MOST_SECONDS)
    if expires_at < now + LIFE_LEAST_SECONDS:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            param="expires_at",
        )
    if expires_at > now + LIFE_MOST_SECONDS:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return expires_at


def _line_items(params: Json) -> list[Json]:
    wanted = params.get("line_items", [])
    if not 1 <= len(wanted) <= LINE_ITEMS_LIMIT:
        raise invalid(
            "You must pass 1 to 100 line items.", param="line_items", code="parameter_missing"
        )
    items = [_line_item(item, f"line_items[{place}]") for place, item in enumerate(wanted)]
    if len({item["currency"] for item in items}) > 1:
        raise invalid("All line items must have the same currency.", param="line_items")
    return items


def _line_item(item: Json, path: str) -> Json:
    price = item.get("price_data")
    if price is None:
        raise invalid("This simulator sells only price_data.", param=f"{path}[price_data]")
    if "unit_amount" not in price or "product_data" not in price:
        missing = "product_data" if "unit_amount" in price else "unit_amount"
        where = f"{path}[price_data][{missing}]"
        raise invalid(f"Missing required param: {where}.", param=where, code="parameter_missing")
    currency = currencies.checked_currency(price["currency"], param=f"{path}[price_data][currency]")
    quantity = item.get("quantity", 1)
    if price["unit_amount"] < 0 or quantity < 1:
        raise invalid("Invalid positive integer", param=path, code="parameter_invalid_integer")
    amount = price["unit_amount"] * quantity
    return {
        "id": new_id("li", 24),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": currency,
        "description": price["product_data"]["name"],
        "metadata": {},
        "price": {
            "id": new_id("price", 24),
            "object": "price",
            "active": False,
            "currency": currency,
            "product": new_id("prod", 14),
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
    }


# What this simulator's sessions never use has the same value in all of them.
_UNUSED: Json = {
    "after_expiration": None,
    "adaptive_pricing": {"enabled": False},
    "allow_promotion_codes": None,
    "billing_address_collection": None,
    "client_secret": None,
    "consent": None,
    "collected_information": None,
    "consent_collection": None,
    "custom_fields": [],
    "customer": None,
    "customer_account": None,
    "customer_creation": "if_required",
    "discounts": [],
    "invoice": None,
    "invoice_creation": {"enabled": False, "invoice_data": None},
    "managed_payments": {"enabled": False},
    "payment_link": None,
    "payment_method_collection": "if_required",
    "payment_method_configuration_details": None,
    "payment_method_options": {},
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "recovered_from": None,
    "saved_payment_method_options": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "submit_type": None,
    "subscription": None,
    "wallet_options": None,
}


def _session(account: Account, params: Json, identifier: str, *, expires_at: int) -> Json:
    email = params.get("customer_email")
    return {
        **_UNUSED,
        "id": identifier,
        "object": "checkout.session",
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": account.clock.now(),
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_details": None if email is None else _customer(email),
        "customer_email": email,
        "expires_at": expires_at,
        "integration_identifier": params.get("integration_identifier"),
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "origin_context": params.get("origin_context"),
        "payment_intent": None,
        "payment_method_types": _method_types(account, params),
        "payment_status": "unpaid",
        "status": "open",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": params.get("ui_mode", "hosted_page"),
    }


def _customer(email: str | None) -> Json:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def _method_types(account: Account, params: Json) -> list[str]:
    """Return the account's methods that the session allows; without a restriction, all.

    Raises Stripe's refusal when none is left.
    """
    of_account = account.configuration.payment_method_types
    allowed = params.get("allowed_payment_method_types", of_account)
    excluded = params.get("excluded_payment_method_types", [])
    types = [each for each in of_account if each in allowed and each not in excluded]
    if not types:
        raise invalid(
            "No valid payment method types for this Checkout Session.",
            param="allowed_payment_method_types",
        )
    return types


def pay(account: Account, session: Json, card: Card, *, email: str | None) -> None:
    """Attempt a payment on an open session; it stays open when the payment is declined, or
    waits for 3-D Secure.
    """
    assert session["status"] == "open"
    intent = _intent(account, session)
    intents.pay(account, intent, card=card, payment_method=new_id("pm", 24), cause=NO_REQUEST)
    _complete_if_paid(account, session, intent, email=email)


def _intent(account: Account, session: Json) -> Json:
    """Return the session's intent, which is made for the first attempt."""
    if session["payment_intent"] is None:
        order = account.orders.get(session["id"])
        intent = intents.new_intent(account, order["intent"], NO_REQUEST)
        session["payment_intent"] = intent["id"]
    return account.intents.get(session["payment_intent"])


def authenticate(account: Account, intent: Json, *, succeeds: bool, email: str | None) -> None:
    """The customer finishes 3-D Secure, on the hosted page or elsewhere.

    Raises ValueError when the intent does not wait for it, as that of an expired session.
    """
    intents.authenticate(account, intent, succeeds=succeeds)
    session = account.session_of(intent["id"])
    if session is not None:
        _complete_if_paid(account, session, intent, email=email)


def _complete_if_paid(account: Account, session: Json, intent: Json, *, email: str | None) -> None:
    """Complete the session of an intent that was paid, or that a bank decides about.

    An expired session stays expired: only its intent shows that the payment won the race.
    """
    if intent["status"] not in PAID_OR_DECIDED or session["status"] == "expired":
        return
    session["status"] = "complete"
    session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
    session["url"] = None
    session["customer_details"] = _customer(session["customer_email"] or email)
    account.record("checkout.session.completed", session, NO_REQUEST)


def end_processing(account: Account, intent: Json, *, succeeds: bool) -> None:
    """The bank's answer about a delayed method; the session stays complete either way.

    Raises ValueError when no bank decides about the intent.
    """
    intents.end_processing(account, intent, succeeds=succeeds)
    session = account.session_of(intent["id"])
    if session is None or session["status"] == "expired":
        return
    if succeeds:
        session["payment_status"] = "paid"
    word = "succeeded" if succeeds else "failed"
    account.record(f"checkout.session.async_payment_{word}", session, NO_REQUEST)


def begin(account: Account, session: Json, card: Card) -> None:
    """Begin a payment that is under way until `finish`: the card's bank has not answered yet.

    Raises ValueError when one is under way or the session is not open.
    """
    order = account.orders.get(session["id"])
    if session["status"] != "open" or is_under_way(account, session):
        raise ValueError("the session is not open, or a payment is under way")
    _intent(account, session)["status"] = "requires_confirmation"
    order[UNDER_WAY] = card.id


def is_under_way(account: Account, session: Json) -> bool:
    """Return whether a payment was begun that has not finished."""
    return UNDER_WAY in account.orders.get(session["id"])


def finish(account: Account, session: Json) -> None:
    """Finish the payment that was under way, also when the session has expired meanwhile.

    That is the only way to a payment of an expired session, and the session stays expired.
    Raises ValueError when no payment is under way.
    """
    order = account.orders.get(session["id"])
    if UNDER_WAY not in order:
        raise ValueError("no payment is under way")
    card = CARDS[order.pop(UNDER_WAY)]
    intent = account.intents.get(session["payment_intent"])
    intents.attempt(account, intent, card=card, payment_method=new_id("pm", 24), cause=NO_REQUEST)
    _complete_if_paid(account, session, intent, email=None)
    if session["status"] == "expired" and intent["status"] != "succeeded":
        intents.close(account, intent, "expired", NO_REQUEST)


def expire(account: Account, identifier: str, cause: Cause) -> Json:
    """POST …/expire: only while the session is open."""
    session = account.sessions.get(identifier, param="session")
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{session['status']}`."
        )
    return _close(account, session, cause)


def expire_due(account: Account) -> None:
    """Expire every open session whose time is over, and let the banks answer that have to."""
    now = account.clock.now()
    while account.deadlines and account.deadlines[0][0] <= now:
        _, identifier = heapq.heappop(account.deadlines)
        session = account.sessions.objects.get(identifier)
        if session is not None and session["status"] == "open":
            _close(account, session, NO_REQUEST)
        intent = account.intents.objects.get(identifier)
        if intent is not None and intent["status"] == "processing":
            answer = intents.delayed_card(account, intent).answer
            end_processing(account, intent, succeeds=answer == "pays")


def _close(account: Account, session: Json, cause: Cause) -> Json:
    session["status"] = "expired"
    session["url"] = None
    if session["payment_intent"] is not None and not is_under_way(account, session):
        intent = account.intents.get(session["payment_intent"])
        intents.close(account, intent, "expired", cause)
    account.record("checkout.session.expired", session, cause)
    return session


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the sessions for the list filters created, payment_intent and status, newest first."""
    for session in account.sessions.created_within(params.get("created")):
        if all(params.get(name) in (None, session[name]) for name in ("payment_intent", "status")):
            yield session
