"""The whole document, from the routes of an application.

The framework lists the routes and their parameters; the schemas are those of the library that
decodes and encodes the messages, so that what the document says of a body is what is checked.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from interfaces.http import reason_words
from interfaces.http.openapi import links, operations, schemas, security, tags, words
from interfaces.http.openapi.operations import Route
from interfaces.http.problem_kinds import KINDS
from interfaces.http.problems import ProblemBody

TITLE = "Booking and payment core"
# A link of a page, of which the text stays.
_LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")
# Raised when an operation or a member is removed, never for an addition.
VERSION = "1"
INTRODUCTION = """\
Bookings, payments and the ledger of an airline.

* JSON in camelCase. Amounts are integers in the minor unit of their currency (SAR 500.00 is 50000,
  KWD 12.500 is 12500, JPY 900 is 900); instants are RFC 3339 in UTC; passengers and flights of a
  booking are counted from 0.
* Sign in at `/api/auth/mobile-login` and send `Authorization: Bearer <accessToken>`; browsers sign
  in at `/api/auth/login`, which sets cookies. `/api/auth/refresh` gives the next token.
* Unknown members of a body and unknown forms of a value are refused. Answers may get more members,
  and texts that are codes (`code`, `status`, `reason`, `kind`) more values, without a new version:
  a client ignores members and handles codes that it does not know.
* Every answer that is not 2xx is a `ProblemBody`, also 405 for a method that a path does not take.
  `message` is Arabic or English by `Accept-Language`.
* A list continues with `nextCursor`, sent as `cursor`; null is the last page.
* Another customer's booking is answered as one that does not exist.
"""


def document(app: Litestar) -> dict[str, Any]:
    """Return the document of the routes of this application."""
    generated = app.openapi_schema.to_schema()["paths"]
    routes = list(_routes(app, generated))
    structs = [struct for each in routes for struct in each.structs()]
    components = schemas.components([ProblemBody, *structs])
    for each in routes:
        if each.sparse is not None:
            schemas.add_sparse(components, each.answer.__name__, each.sparse.__name__)
    paths: dict[str, dict[str, Any]] = {}
    for each in sorted(routes, key=_place):
        verb = each.method.lower()
        operation = operations.operation(each, generated[each.path][verb], components)
        paths.setdefault(each.path, {})[verb] = operation
    _link(paths)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": INTRODUCTION},
        "servers": [{"url": "/", "description": "The server that the document comes from"}],
        "tags": [{"name": name, "description": text} for name, text in tags.TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": _refusals(paths),
            "securitySchemes": security.schemes(),
            "headers": _headers(),
            "examples": _problems(),
        },
    }


def _routes(app: Litestar, generated: Mapping[str, Any]) -> Iterator[Route]:
    """The routes that the framework lists: not those of pages, nor of the document itself."""
    for route in app.routes:
        path = re.sub(r":\w+}", "}", route.path)
        if not isinstance(route, HTTPRoute) or path not in generated:
            continue
        for handler in route.route_handlers:
            if isinstance(handler, HTTPRouteHandler):
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    yield operations.route(str(method), path, handler)


def _link(paths: Mapping[str, Mapping[str, Any]]) -> None:
    """Say at each answer what can be called with what it contains."""
    found = [(path, each) for path, of_path in paths.items() for each in of_path.values()]
    taken = {each["operationId"]: re.findall(r"{(\w+)}", path) for path, each in found}
    for _, operation in found:
        linked = links.links(operation["operationId"], taken)
        if linked:
            (done,) = [status for status in operation["responses"] if status.startswith("2")]
            operation["responses"][done]["links"] = linked


def _place(route: Route) -> tuple[int, str, str]:
    """By the order of the tags, then by path and method: the framework's order changes."""
    order = list(tags.TAGS)
    tag = tags.tag_of(route.path)
    return (len(order) if tag is None else order.index(tag), route.path, route.method)


def _refusals(paths: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answers that operations refer to."""
    names = {
        answer["$ref"].rpartition("/")[2]
        for operations_of_path in paths.values()
        for operation in operations_of_path.values()
        for answer in operation["responses"].values()
        if "$ref" in answer
    }
    return {name: operations.refusal(name) for name in sorted(names)}


def _headers() -> Mapping[str, Any]:
    return {
        name: {
            "description": word.text,
            "schema": {"type": "integer" if isinstance(word.example, int) else "string"},
            "example": word.example,
        }
        for name, word in words.words().headers.items()
        if name not in operations.REQUEST_HEADERS
    }


def _reason(code: str) -> str:
    shown = words.words().examples["ProblemDetails"].get(code, {})
    return str(shown.get("reason", ""))


def _problems() -> Mapping[str, Any]:
    """An example of every problem, by its code."""
    details = words.words().examples["ProblemDetails"]
    correlation = words.words().headers["x-correlation-id"].example
    return {
        code: {
            "summary": kind.english,
            "description": _LINK.sub(r"\1", f"{kind.cause} {kind.client}"),
            "value": {
                "code": code,
                "message": (reason_words.words_of(code, _reason(code)) or kind).english,
                "correlationId": correlation,
                "retryable": kind.retryable,
                "details": details.get(code, {}),
            },
        }
        for code, kind in KINDS.items()
    }
