"""The API's table of routes: method, path, the SDK's parameter shape, and the function."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import stripe.params
import stripe.params.checkout

from infrastructure.stripe_simulator import checkout, endpoints, expansion, intents, money_routes
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import ApiError, invalid
from infrastructure.stripe_simulator.route import Call, Route, at, fetch, listing
from infrastructure.stripe_simulator.shelf import Shelf, page

TYPES_LIMIT = 20


def find(method: str, path: str) -> tuple[Route, str]:
    """Return the route and the id in the path, or Stripe's 404 for an unknown URL."""
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match is not None and route.method == method:
            return route, match.groupdict().get("id") or ""
    raise ApiError(
        404, f"Unrecognized request URL ({method}: {path}).", code="unrecognized_request_url"
    )


def endpoint_of(method: str, path: str) -> str:
    """Return what Stripe counts as one endpoint: the method and the path, all ids together."""
    for route in ROUTES:
        if route.method == method and route.pattern.fullmatch(path) is not None:
            return f"{method} {route.pattern.pattern}"
    return f"{method} unknown"


def _intents(account: Account, params: Json) -> Iterable[Json]:
    return account.intents.created_within(params.get("created"))


def _events(account: Account, params: Json) -> Iterable[Json]:
    if "types" in params and "type" in params:
        raise invalid("You may only specify one of these parameters: type, types.")
    if len(params.get("types", [])) > TYPES_LIMIT:
        raise invalid(f"You may pass at most {TYPES_LIMIT} types.", param="types")
    types, pattern = params.get("types"), params.get("type", "*")
    for event in account.events.created_within(params.get("created")):
        delivered = event["pending_webhooks"] == 0
        if (
            (types is None or event["type"] in types)
            and fnmatchcase(event["type"], pattern)
            and params.get("delivery_success") in (None, delivered)
        ):
            yield event


def _line_items(call: Call) -> Json:
    call.account.sessions.get(call.identifier, param="session")
    items = Shelf("item", checkout.LINE_ITEMS_LIMIT)
    for item in reversed(expansion.line_items(call.account, call.identifier)["data"]):
        items.put(item)
    return page(items, items.newest_first(), call.params, call.path)


def _sessions(account: Account) -> Shelf:
    return account.sessions


_in = stripe.params
_co = stripe.params.checkout

ROUTES: tuple[Route, ...] = (
    at(
        "POST", "checkout/sessions", _co.SessionCreateParams,
        lambda call: checkout.create(call.account, call.params, origin=call.origin),
    ),
    at(
        "GET", "checkout/sessions", _co.SessionListParams, listing(_sessions, checkout.matching)
    ),
    at(
        "GET", "checkout/sessions/{id}", _co.SessionRetrieveParams, fetch(_sessions, "session")
    ),
    at(
        "GET", "checkout/sessions/{id}/line_items", _co.SessionListLineItemsParams, _line_items
    ),
    at(
        "POST", "checkout/sessions/{id}/expire", _co.SessionExpireParams,
        lambda call: checkout.expire(call.account, call.identifier, call.cause),
    ),
    at(
        "POST", "payment_intents", _in.PaymentIntentCreateParams,
        lambda call: intents.create(call.account, call.params, call.cause),
    ),
    at(
        "GET", "payment_intents", _in.PaymentIntentListParams,
        listing(lambda account: account.intents, _intents),
    ),
    at(
        "GET", "payment_intents/{id}", _in.PaymentIntentRetrieveParams,
        fetch(lambda account: account.intents, "intent"),
    ),
    at(
        "POST", "payment_intents/{id}/confirm", _in.PaymentIntentConfirmParams,
        lambda call: intents.confirm(call.account, call.identifier, call.params, call.cause),
    ),
    at(
        "POST", "payment_intents/{id}/capture", _in.PaymentIntentCaptureParams,
        lambda call: intents.capture(call.account, call.identifier, call.params, call.cause),
    ),
    at(
        "POST", "payment_intents/{id}/cancel", _in.PaymentIntentCancelParams,
        lambda call: intents.cancel(call.account, call.identifier, call.params, call.cause),
    ),
    *money_routes.ROUTES,
    at(
        "GET", "events", _in.EventListParams, listing(lambda account: account.events, _events)
    ),
    at(
        "GET", "events/{id}", _in.EventRetrieveParams, fetch(lambda account: account.events, "id")
    ),
    at(
        "POST", "webhook_endpoints", _in.WebhookEndpointCreateParams,
        lambda call: endpoints.create(call.account, call.params),
    ),
    at(
        "GET", "webhook_endpoints", _in.WebhookEndpointListParams,
        listing(
            lambda account: account.endpoints,
            lambda account, _: account.endpoints.newest_first(),
        ),
    ),
    at(
        "GET", "webhook_endpoints/{id}", _in.WebhookEndpointRetrieveParams,
        fetch(lambda account: account.endpoints, "id"),
    ),
    at(
        "POST", "webhook_endpoints/{id}", _in.WebhookEndpointUpdateParams,
        lambda call: endpoints.update(call.account, call.identifier, call.params),
    ),
    at(
        "DELETE", "webhook_endpoints/{id}", _in.WebhookEndpointDeleteParams,
        lambda call: endpoints.delete(call.account, call.identifier),
    ),
)  # fmt: skip
