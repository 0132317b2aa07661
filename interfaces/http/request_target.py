"""The request target as it must be written: one path per resource, each parameter once and plain.

A second spelling of a path (a doubled or trailing slash, an escape such as `%2f`) would get past
what a proxy or a limit in front of us says about the first one, so it is NOT_FOUND. No path of ours
needs an escape.
"""

import functools
import re
import urllib.parse
from typing import Any

from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from interfaces.http.problems import Problem, invalid, name_on_the_wire
from interfaces.http.strict_request import INVISIBLE_REASON, StrictRequest, is_visible

# What the framework gives to a function besides the parameters of the request.
NOT_PARAMETERS = frozenset({"request", "data"})
OPENAPI_PATH = "/schema/openapi.json"
# RFC 3986, 3.3: what a segment may hold without an escape; no dot segments (5.2.4).
_is_plain = re.compile(rb"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._~!$&'()*+,;=:@-]+)+|/").fullmatch
_is_number = re.compile(r"0|-?[1-9][0-9]{0,18}").fullmatch


def refusal(scope: Scope) -> Problem | None:
    """Return why the target is refused before it is routed; None where it is not."""
    # Test clients leave the query in it, against the ASGI specification.
    path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    if not _is_plain(path):
        return Problem("NOT_FOUND")
    if path.startswith(b"/schema") and path != OPENAPI_PATH.encode():
        # The framework would answer these with pages of its own.
        return Problem("NOT_FOUND")
    query = scope["query_string"]
    return _refused_query(query) if query else None


def _refused_query(query: bytes) -> Problem | None:
    try:
        pairs = urllib.parse.parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100
        )
    except UnicodeDecodeError:
        return invalid("", "not UTF-8")
    except ValueError:
        return invalid("", "too many parameters")
    seen: set[str] = set()
    for name, value in pairs:
        if not all(map(is_visible, name + value)):
            return invalid("" if name in seen else _shown(name), INVISIBLE_REASON)
        if name in seen:
            return invalid(_shown(name), "given more than once")
        seen.add(name)
    return None


def _shown(name: str) -> str:
    """Return the name as an answer may repeat it."""
    return "".join(filter(is_visible, name[:40]))


def require_one_spelling(request: StrictRequest) -> None:
    """Require that numbers are written in the one way: no sign, no zeros in front, digits of ASCII.

    Raises NOT_FOUND for the path and VALIDATION_ERROR for a parameter such as `10.0` or `1e1`, and
    for the text `null`, which the framework would take for a parameter that is absent.
    """
    scope = request.scope
    if (
        request.path_params
        and scope["path_template"].format(**request.path_params) != scope["path"]
    ):
        raise Problem("NOT_FOUND")
    if not scope["query_string"]:
        return
    for name, is_number in _values(request.route_handler):
        value = request.query_params.get(name)
        if value is not None and is_number and not _is_number(value):
            raise invalid(name, "a whole number is expected")
        if value == "null":
            raise invalid(name, "a value is expected")


@functools.cache
def _values(handler: BaseRouteHandler) -> tuple[tuple[str, bool], ...]:
    """Return the parameters of a route that are more than text, and whether each is a number."""
    fields: dict[str, Any] = handler.parsed_fn_signature.parameters
    return tuple(
        (name_on_the_wire(name, handler), field.has_inner_subclass_of(int))
        if field.is_union
        else (name_on_the_wire(name, handler), field.is_subclass_of(int))
        for name, field in fields.items()
        if name not in NOT_PARAMETERS and not _is_text(field)
    )


def _is_text(field: Any) -> bool:
    return bool(field.has_inner_subclass_of(str) if field.is_union else field.is_subclass_of(str))
