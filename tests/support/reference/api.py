"""api.md: every route with who may use it, its body and its answers, from the OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

from litestar.handlers import HTTPRouteHandler

from domain.identity import roles, scopes
from interfaces.http import auth, problem_kinds
from interfaces.http.app import ROUTES
from tests.support.openapi_document import openapi_document
from tests.support.reference import api_types
from tests.support.reference.markdown import anchor, code, page, summary, table

INTRO = """\
# API

Generated from the OpenAPI document of the HTTP application by
`python -m tests.support.reference.pages`; a test fails when they differ. A running server has the
document at `/schema/openapi.json` and a page to read it at `/docs`.

- Bodies and answers are JSON in camelCase; unknown members are refused. Amounts are integers in the
  minor unit of their currency, instants are UTC, flights and passengers are counted from 0.
- A request that changes something carries an `Idempotency-Key` (or `idempotencyKey` in its body):
  repeated with the same key it gets its first answer, with `Idempotency-Replayed: true`.
- Everything that is not 2xx is the flat object of [errors](errors.md). The statuses listed follow
  from what a route declares: it gives no other, and may not give each of them.
- *Who* is the permission that the role must have. A booking is visible to its owner and to roles
  with `see_any_booking`, and can be changed by its owner and by roles with `change_any_booking`.
- *Scope* is what a client of a third party needs besides; a route without one that needs a user
  is for our own apps alone. Clients get tokens as [clients of third
  parties](../explanation/third-parties.md) says.
- *Limit* is the [setting](settings.md) `AIS_LIMIT_*` that counts the route besides the one for all
  requests of a user.
- [Parameters](#parameters) of a query are below the routes. A name that a route does not have is
  ignored.
"""


def text() -> str:
    """The page."""
    found = openapi_document()
    by_tag: dict[str, list[tuple[str, ...]]] = {tag["name"]: [] for tag in found["tags"]}
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            (tag,) = operation["tags"]
            by_tag[tag].append(_row(method.upper(), path, operation))
    head = (
        "route",
        "operation",
        "who",
        "scope",
        "limit",
        "body",
        "answer",
        "status",
        "what it does",
    )
    sections = [
        line for tag, rows in by_tag.items() for line in (f"## {tag}", "", *table(head, rows))
    ]
    return page(
        INTRO,
        _permissions(),
        _scopes(),
        _codes(),
        sections,
        _parameters(found),
        api_types.section(found),
    )


def _permissions() -> list[str]:
    rows = [
        (code(each), ", ".join(role for role in roles.ROLES if roles.may(role, each)))
        for each in roles.PERMISSIONS
    ]
    return ["## Permissions", "", *table(("permission", "roles"), rows)]


def _scopes() -> list[str]:
    rows = [
        (
            code(name),
            terms.meaning,
            code(terms.permission) if terms.permission else "",
            "yes" if terms.by_consent else "",
        )
        for name, terms in scopes.SCOPES.items()
    ]
    return ["## Scopes", "", *table(("scope", "to", "needs", "users can give it"), rows)]


def _row(method: str, path: str, operation: dict[str, Any]) -> tuple[str, ...]:
    handler = _handlers()[method, path]
    admission = handler.opt.get("admission")
    who, limits = _admitted(admission)
    return (
        code(f"{method} {path}"),
        code(operation["operationId"]),
        who,
        code(admission.scope) if admission is not None and admission.scope else "",
        limits,
        _body(operation),
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


def _body(operation: dict[str, Any]) -> str:
    body = operation.get("requestBody")
    if body is None:
        return ""
    written = api_types.words(body["content"]["application/json"]["schema"])
    return written if body["required"] else f"{written}, optional"


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


def _parameters(found: dict[str, Any]) -> list[str]:
    """What the query of each route may have; the path and headers are the same everywhere."""
    rows = [
        (
            code(f"{method.upper()} {path}"),
            code(each["name"]),
            api_types.words(each["schema"]),
            "" if each.get("required") else "yes",
            each["description"],
        )
        for path, operations in found["paths"].items()
        for method, operation in operations.items()
        for each in operation.get("parameters", ())
        if each["in"] == "query"
    ]
    head = ("route", "parameter", "type", "may be absent", "meaning")
    return ["## Parameters", "", *table(head, rows)]


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
