"""api.md: every route with who may use it, its body and its answers, from the OpenAPI document."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec
from litestar.handlers import HTTPRouteHandler

from domain.identity import roles
from interfaces.http import auth, problem_kinds
from interfaces.http.app import ROUTES, create_app
from interfaces.http.ports import HttpPorts
from tests.support.reference import api_types
from tests.support.reference.markdown import anchor, code, page, summary, table

# The context of a route, by the beginning of its path; the longest that fits decides.
CONTEXTS: dict[str, str] = {
    "/api/auth": "Identity",
    "/.well-known": "Identity",
    "/api/flights": "Search and flights",
    "/api/quotes": "Search and flights",
    "/api/price-calendar": "Search and flights",
    "/api/airports": "Search and flights",
    "/api/routes": "Search and flights",
    "/api/bookings": "Booking",
    "/api/admin/bookings": "Booking",
    "/api/admin/claims": "Compensation",
    "/api/admin/open-claims": "Compensation",
    "/api/credits": "Travel credit",
    "/api/gift-cards": "Gift cards",
    "/api/admin/accounts": "Travel credit",
    "/api/admin/credit": "Travel credit",
    "/api/webhooks": "Payment",
    "/api/admin/stripe-events": "Payment",
    "/api/admin/payments": "Payment",
    "/api/admin/unfinished-attempts": "Payment",
    "/api/admin/unconfirmed-payments": "Payment",
    "/api/admin/disputes": "Payment",
    "/api/admin/external-refunds": "Payment",
    "/api/admin/worklists": "Ledger",
    "/api/admin/settlement": "Settlement",
    "/api/admin/reconciliation": "Reconciliation",
    "/api/admin/flights": "Flight operation",
    "/api/admin/oversold-flights": "Flight operation",
    "/api/admin/overdue-flights": "Flight operation",
    "/api/admin/unanswered-cancellations": "Flight operation",
    "/api/admin/unanswered-moves": "Flight operation",
    "/api/ledger": "Ledger",
    "/health": "Health",
}
INTRO = """\
# API

Generated from the OpenAPI document of the HTTP application by
`python -m tests.support.reference.pages`; a test fails when they differ. A running server has the
document at `/schema/openapi.json` and a page to read it at `/docs`.

- Bodies and answers are JSON in camelCase; unknown members are refused. Amounts are integers in the
  minor unit of their currency, instants are UTC, flights and passengers are counted from 0.
- A request that changes something carries an `Idempotency-Key` (or `idempotencyKey` in its body):
  repeated with the same key it gets its first answer, with `Idempotency-Replayed: true`.
- Everything that is not 2xx is the flat object of [errors](errors.md). Besides the statuses listed
  here, a route about a booking, flight or payment answers 404 when there is none or it is another
  customer's, and one that changes something answers 409, 410 or 422 when it cannot.
- *Who* is the permission that the role must have. A booking is visible to its owner and to roles
  with `see_any_booking`, and can be changed by its owner and by roles with `change_any_booking`.
- *Limit* is the [setting](settings.md) `AIS_LIMIT_*` that counts the route besides the one for all
  requests of a user.
"""


def text() -> str:
    """The page."""
    document = create_app(cast(HttpPorts, None)).openapi_schema.to_schema()
    by_context: dict[str, list[tuple[str, ...]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            row = _row(method.upper(), path, operation)
            by_context.setdefault(context_of(path), []).append(row)
    titles = list(dict.fromkeys(CONTEXTS.values()))
    assert set(by_context) == set(titles)
    head = ("route", "who", "limit", "body", "answer", "status", "what it does")
    sections = [
        line for title in titles for line in (f"## {title}", "", *table(head, by_context[title]))
    ]
    return page(
        INTRO, _permissions(), _codes(), sections, api_types.section(document, _optional_bodies())
    )


def context_of(path: str) -> str:
    """The heading under which a route stands."""
    fitting = [prefix for prefix in CONTEXTS if path.startswith(prefix)]
    assert fitting, f"{path} belongs to no context: add it to CONTEXTS"
    return CONTEXTS[max(fitting, key=len)]


def _permissions() -> list[str]:
    rows = [
        (code(each), ", ".join(role for role in roles.ROLES if roles.may(role, each)))
        for each in roles.PERMISSIONS
    ]
    return ["## Permissions", "", *table(("permission", "roles"), rows)]


def _row(method: str, path: str, operation: dict[str, Any]) -> tuple[str, ...]:
    handler = _handlers()[method, path]
    admission = handler.opt.get("admission")
    who, limits = _admitted(admission)
    return (
        code(f"{method} {path}"),
        who,
        limits,
        _body(handler, operation),
        _answer(operation),
        _statuses(operation),
        summary(handler.fn),
    )


def _admitted(admission: auth.Admission | None) -> tuple[str, str]:
    if admission is None:
        return "anybody", ""
    limits = ", ".join(admission.limits)
    if not admission.signed_in:
        return "anybody", limits
    return (code(admission.permission) if admission.permission else "signed in"), limits


def _body(handler: HTTPRouteHandler, operation: dict[str, Any]) -> str:
    if "requestBody" in operation:
        return api_types.words(operation["requestBody"]["content"]["application/json"]["schema"])
    optional = _optional_body(handler)
    return f"{api_types.link(optional.__name__)}, optional" if optional else ""


def _optional_body(handler: HTTPRouteHandler) -> type[msgspec.Struct] | None:
    """The type of a body that may be left out: the handler reads it by itself."""
    function = inspect.unwrap(cast(Any, handler.fn))
    named = re.search(r"optional_json\((\w+)\)", inspect.getsource(function))
    return function.__globals__[named[1]] if named else None


def _optional_bodies() -> list[type[msgspec.Struct]]:
    found = [_optional_body(handler) for handler in _handlers().values()]
    return [each for each in found if each is not None]


def _answer(operation: dict[str, Any]) -> str:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            contents = response.get("content", {})
            return ", ".join(
                api_types.words(content["schema"]) if "json" in media else media
                for media, content in contents.items()
            )
    return ""


def _statuses(operation: dict[str, Any]) -> str:
    return ", ".join(sorted(operation["responses"]))


def _codes() -> list[str]:
    """Which codes of the errors each status means."""
    names: dict[int, list[str]] = {}
    for name, kind in problem_kinds.KINDS.items():
        names.setdefault(kind.status, []).append(f"[{code(name)}](errors.md#{anchor(name)})")
    rows = [(str(status), ", ".join(links)) for status, links in sorted(names.items())]
    return ["## Statuses", "", *table(("status", "codes"), rows)]


def _handlers() -> dict[tuple[str, str], HTTPRouteHandler]:
    return dict(_routes())


def _routes() -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    """Handlers by method and path, the path as the OpenAPI document has it."""
    for handler in ROUTES:
        for path in handler.paths:
            for method in handler.http_methods:
                yield (method, re.sub(r":\w+}", "}", path)), handler
