"""The API's table of routes: method, path, the SDK's parameter shape, and the function."""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import msgspec
import stripe.params
import stripe.params.checkout

from infrastructure.stripe_simulator import charges, checkout, expansion, intents, refunds
from infrastructure.stripe_simulator.account import EVENT_LIFE_SECONDS, Account, Cause
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import ApiError, invalid
from infrastructure.stripe_simulator.ids import new_id
from infrastructure.stripe_simulator.shelf import Shelf, created_matches, page

TYPES_LIMIT = 20


class Call(msgspec.Struct, frozen=True):
    """One checked API call: the id in its path (or ""), parameters, origin of this server."""

    account: Account
    plans: refunds.RefundPlans
    identifier: str
    params: Json
    cause: Cause
    origin: str
    path: str


class Route(msgspec.Struct, frozen=True):
    """A method and path pattern with its function; `shape` is a TypedDict of `stripe.params`."""

    method: str
    pattern: re.Pattern[str]
    shape: type
    answer: Callable[[Call], Json]


def find(method: str, path: str) -> tuple[Route, str]:
    """Return the route and the id in the path, or Stripe's 404 for an unknown URL."""
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match is not None and route.method == method:
            return route, match.groupdict().get("id") or ""
    raise ApiError(
        404, f"Unrecognized request URL ({method}: {path}).", code="unrecognized_request_url"
    )


def _fetch(shelf: Callable[[Account], Shelf], param: str) -> Callable[[Call], Json]:
    return lambda call: shelf(call.account).get(call.identifier, param=param)


def _list(
    shelf: Callable[[Account], Shelf], matching: Callable[[Account, Json], Iterable[Json]]
) -> Callable[[Call], Json]:
    def answer(call: Call) -> Json:
        return page(
            shelf(call.account), matching(call.account, call.params), call.params, call.path
        )

    return answer


def _intents(account: Account, params: Json) -> Iterable[Json]:
    for intent in account.intents.newest_first():
        if created_matches(intent, params.get("created")):
            yield intent


def _charges(account: Account, params: Json) -> Iterable[Json]:
    for charge in account.charges.newest_first():
        if created_matches(charge, params.get("created")) and (
            params.get("payment_intent") in (None, charge["payment_intent"])
        ):
            yield charge


def _balance_transactions(account: Account, params: Json) -> Iterable[Json]:
    charges.make_available(account)
    for transaction in account.balance_transactions.newest_first():
        if created_matches(transaction, params.get("created")) and all(
            params.get(name) in (None, transaction[name]) for name in ("source", "type", "currency")
        ):
            yield transaction


def _balance_transaction(call: Call) -> Json:
    charges.make_available(call.account)
    return call.account.balance_transactions.get(call.identifier)


def _events(account: Account, params: Json) -> Iterable[Json]:
    if "types" in params and "type" in params:
        raise invalid("You may only specify one of these parameters: type, types.")
    if len(params.get("types", [])) > TYPES_LIMIT:
        raise invalid(f"You may pass at most {TYPES_LIMIT} types.", param="types")
    types, pattern = params.get("types"), params.get("type", "*")
    since = account.clock.now() - EVENT_LIFE_SECONDS
    for event in account.events.newest_first():
        if event["created"] < since:
            return
        delivered = event["pending_webhooks"] == 0
        if (
            created_matches(event, params.get("created"))
            and (types is None or event["type"] in types)
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


def _add_endpoint(call: Call) -> Json:
    secret = new_id("whsec", 32)
    endpoint = call.account.add_endpoint(call.params["url"], secret, call.params["enabled_events"])
    return {**endpoint, "secret": secret}


def _delete_endpoint(call: Call) -> Json:
    call.account.endpoints.get(call.identifier)
    del call.account.endpoints.objects[call.identifier]
    return {"id": call.identifier, "object": "webhook_endpoint", "deleted": True}


def _route(method: str, path: str, shape: type, answer: Callable[[Call], Json]) -> Route:
    pattern = re.compile("/v1/" + path.replace("{id}", "(?P<id>[A-Za-z0-9_]{1,120})"))
    return Route(method, pattern, shape, answer)


def _sessions(account: Account) -> Shelf:
    return account.sessions


_in = stripe.params
_co = stripe.params.checkout

ROUTES: tuple[Route, ...] = (
    _route(
        "POST", "checkout/sessions", _co.SessionCreateParams,
        lambda call: checkout.create(call.account, call.params, origin=call.origin),
    ),
    _route(
        "GET", "checkout/sessions", _co.SessionListParams, _list(_sessions, checkout.matching)
    ),
    _route(
        "GET", "checkout/sessions/{id}", _co.SessionRetrieveParams, _fetch(_sessions, "session")
    ),
    _route(
        "GET", "checkout/sessions/{id}/line_items", _co.SessionListLineItemsParams, _line_items
    ),
    _route(
        "POST", "checkout/sessions/{id}/expire", _co.SessionExpireParams,
        lambda call: checkout.expire(call.account, call.identifier, call.cause),
    ),
    _route(
        "POST", "payment_intents", _in.PaymentIntentCreateParams,
        lambda call: intents.create(call.account, call.params, call.cause),
    ),
    _route(
        "GET", "payment_intents", _in.PaymentIntentListParams,
        _list(lambda account: account.intents, _intents),
    ),
    _route(
        "GET", "payment_intents/{id}", _in.PaymentIntentRetrieveParams,
        _fetch(lambda account: account.intents, "intent"),
    ),
    _route(
        "POST", "payment_intents/{id}/confirm", _in.PaymentIntentConfirmParams,
        lambda call: intents.confirm(call.account, call.identifier, call.params, call.cause),
    ),
    _route(
        "POST", "payment_intents/{id}/capture", _in.PaymentIntentCaptureParams,
        lambda call: intents.capture(call.account, call.identifier, call.params, call.cause),
    ),
    _route(
        "POST", "payment_intents/{id}/cancel", _in.PaymentIntentCancelParams,
        lambda call: intents.cancel(call.account, call.identifier, call.params, call.cause),
    ),
    _route(
        "GET", "charges", _in.ChargeListParams, _list(lambda account: account.charges, _charges)
    ),
    _route(
        "GET", "charges/{id}", _in.ChargeRetrieveParams,
        _fetch(lambda account: account.charges, "charge"),
    ),
    _route(
        "POST", "refunds", _in.RefundCreateParams,
        lambda call: refunds.create(call.account, call.params, plans=call.plans, cause=call.cause),
    ),
    _route(
        "GET", "refunds", _in.RefundListParams,
        _list(lambda account: account.refunds, refunds.matching),
    ),
    _route(
        "GET", "refunds/{id}", _in.RefundRetrieveParams,
        _fetch(lambda account: account.refunds, "refund"),
    ),
    _route(
        "GET", "balance_transactions", _in.BalanceTransactionListParams,
        _list(lambda account: account.balance_transactions, _balance_transactions),
    ),
    _route(
        "GET", "balance_transactions/{id}", _in.BalanceTransactionRetrieveParams,
        _balance_transaction,
    ),
    _route(
        "GET", "balance", _in.BalanceRetrieveParams, lambda call: charges.balance(call.account)
    ),
    _route(
        "GET", "events", _in.EventListParams, _list(lambda account: account.events, _events)
    ),
    _route(
        "GET", "events/{id}", _in.EventRetrieveParams, _fetch(lambda account: account.events, "id")
    ),
    _route("POST", "webhook_endpoints", _in.WebhookEndpointCreateParams, _add_endpoint),
    _route(
        "GET", "webhook_endpoints", _in.WebhookEndpointListParams,
        _list(
            lambda account: account.endpoints,
            lambda account, _: account.endpoints.newest_first(),
        ),
    ),
    _route(
        "GET", "webhook_endpoints/{id}", _in.WebhookEndpointRetrieveParams,
        _fetch(lambda account: account.endpoints, "id"),
    ),
    _route(
        "DELETE", "webhook_endpoints/{id}", _in.WebhookEndpointDeleteParams, _delete_endpoint
    ),
)  # fmt: skip
