"""Checkout sessions: open, then complete or expired, and never both.

The PaymentIntent of a session appears at the customer's first attempt, as on Stripe.
"""

import heapq
from collections.abc import Iterable
from urllib.parse import urlsplit

from infrastructure.stripe_simulator import currencies, intents
from infrastructure.stripe_simulator.account import NO_REQUEST, Account, Cause
from infrastructure.stripe_simulator.charges import Card
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id
from infrastructure.stripe_simulator.shelf import created_matches

# The methods that are switched on in the account; the second settles days later.
METHOD_TYPES = ("card", "us_bank_account")
LIFE_LEAST_SECONDS = 30 * 60
LIFE_MOST_SECONDS = 24 * 3600
LINE_ITEMS_LIMIT = 100
REFERENCE_LENGTH_LIMIT = 200


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
    session = _session(params, identifier, created=account.clock.now(), expires_at=expires_at)
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


def _session(params: Json, identifier: str, *, created: int, expires_at: int) -> Json:
    email = params.get("customer_email")
    return {
        "id": identifier,
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": None,
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "consent": None,
        "created": created,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None if email is None else {"email": email, "name": None},
        "customer_email": email,
        "discounts": [],
        "expires_at": expires_at,
        "invoice": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": _method_types(params),
        "payment_status": "unpaid",
        "recovered_from": None,
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": params.get("ui_mode", "hosted_page"),
    }


def _method_types(params: Json) -> list[str]:
    """Return the account's methods that the session allows; without a restriction, all."""
    allowed = params.get("allowed_payment_method_types", METHOD_TYPES)
    return [each for each in METHOD_TYPES if each in allowed]


def pay(account: Account, session: Json, card: Card, *, email: str | None) -> None:
    """Attempt a payment on an open session; it stays open when the payment is declined, or
    waits for 3-D Secure.
    """
    assert session["status"] == "open"
    _attempt(account, session, card, email=email)


def _attempt(account: Account, session: Json, card: Card, *, email: str | None) -> None:
    order = account.orders.get(session["id"])
    if session["payment_intent"] is None:
        intent = intents.new_intent(account, order["intent"], NO_REQUEST)
        session["payment_intent"] = intent["id"]
    intent = account.intents.get(session["payment_intent"])
    method = new_id("pm", 24)
    if card.needs_authentication:
        intents.require_action(account, intent, payment_method=method, cause=NO_REQUEST)
        return
    make = intents.start_processing if card.is_delayed else intents.attempt
    make(account, intent, card=card, payment_method=method, cause=NO_REQUEST)
    if intent["last_payment_error"] is None:
        complete(account, session, intent, email=email)


def complete(account: Account, session: Json, intent: Json, *, email: str | None) -> None:
    """Complete the session of an intent that was paid, or that a bank decides about.

    An expired session stays expired: only its intent shows that the payment won the race.
    """
    if session["status"] == "expired":
        return
    session["status"] = "complete"
    session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
    session["url"] = None
    session["customer_details"] = {"email": session["customer_email"] or email, "name": None}
    account.record("checkout.session.completed", session, NO_REQUEST)


def end_processing(account: Account, intent: Json, *, succeeds: bool) -> None:
    """The bank's answer about a delayed method; the session stays complete either way."""
    intents.end_processing(account, intent, succeeds=succeeds)
    session = account.session_of(intent["id"])
    if session is None or session["status"] == "expired":
        return
    if succeeds:
        session["payment_status"] = "paid"
    word = "succeeded" if succeeds else "failed"
    account.record(f"checkout.session.async_payment_{word}", session, NO_REQUEST)


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
    """Expire every open session whose time is over."""
    now = account.clock.now()
    while account.deadlines and account.deadlines[0][0] <= now:
        _, identifier = heapq.heappop(account.deadlines)
        session = account.sessions.objects.get(identifier)
        if session is not None and session["status"] == "open":
            _close(account, session, NO_REQUEST)


def _close(account: Account, session: Json, cause: Cause) -> Json:
    session["status"] = "expired"
    session["url"] = None
    if session["payment_intent"] is not None:
        intent = account.intents.get(session["payment_intent"])
        intents.close(account, intent, "expired", cause)
    account.record("checkout.session.expired", session, cause)
    return session


def pay_late(account: Account, session: Json, card: Card) -> None:
    """Pay although the session has expired, and stays so: the payment had begun before."""
    session["payment_intent"] = None
    _attempt(account, session, card, email=None)


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the sessions for the list filters created, payment_intent and status, newest first."""
    for session in account.sessions.newest_first():
        if created_matches(session, params.get("created")) and all(
            params.get(name) in (None, session[name]) for name in ("payment_intent", "status")
        ):
            yield session
