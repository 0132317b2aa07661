"""Maintenance, or a full disk: what is refused meanwhile, before the framework sees the request.

Reading is served. Of what changes something only what a route declares with `SERVED`: signing in
and out, quotes and searches by POST, Stripe's webhook, the modes themselves.
"""

import re
from collections.abc import Iterable
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope

from domain.modes.modes import retry_after_seconds
from interfaces.http.ports import HttpPorts
from interfaces.http.problems import Problem

READING = frozenset({"GET", "HEAD", "OPTIONS"})
# The argument of a route decorator, and its name in `opt`.
SERVED: dict[str, Any] = {"served_in_maintenance": True}
_PARAMETER = re.compile(r"\\\{\w+:\w+\\\}")

Served = frozenset[re.Pattern[str]]


def served_paths(routes: Iterable[HTTPRouteHandler]) -> Served:
    """Return the forms of the paths whose changes are served during maintenance."""
    return frozenset(
        re.compile(_PARAMETER.sub("[^/]+", re.escape(path)))
        for route in routes
        if route.opt.get("served_in_maintenance") and not route.http_methods <= READING
        for path in route.paths
    )


def refusal(scope: HTTPScope, served: Served, ports: HttpPorts) -> Problem | None:
    """Return why the request is refused; None in normal operation, and where it is served."""
    on = ports.modes.current.closing()
    if on is None or scope["method"] in READING:
        return None
    if any(path.fullmatch(scope["path"]) for path in served):
        return None
    seconds = retry_after_seconds(on, ports.modes.clock())
    if on.mode == "read_only":
        return Problem(
            "SERVICE_UNAVAILABLE",
            details={"reason": "read_only"},
            retry_after_seconds=seconds,
        )
    planned = {} if on.until is None else {"until": on.until.isoformat().replace("+00:00", "Z")}
    return Problem(
        "SERVICE_UNAVAILABLE",
        details={"reason": "maintenance", **planned},
        retry_after_seconds=seconds,
    )
