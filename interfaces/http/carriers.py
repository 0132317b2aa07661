"""One web tier for several carriers: the host of a request says whose it is.

Cookies, storage and permissions of a browser, the issuer of tokens, mailed links, the page after a
payment and the address of Stripe's webhooks all have the host in them already; a path or a header
would have to be added to each of them. The proxy in front passes `Host` on as it came.
"""

import asyncio
from collections.abc import Mapping

import msgspec
from litestar.enums import ScopeType
from litestar.types import HTTPScope, LifeSpanScope, Receive, Scope, Send

from application.modes.current_modes import CurrentModes
from interfaces.http import health
from interfaces.http.app import EdgeApp, create_app
from interfaces.http.ports import Readiness
from interfaces.http.problems import REFUSAL, Problem

_PATHS_OF_THE_TIER = frozenset(path for route in health.ROUTES for path in route.paths)


class CarrierRouter:
    """Passes each request to the application of its carrier.

    Any other host belongs to the tier itself, whose only routes are those of health.
    """

    def __init__(self, hosts: Mapping[str, EdgeApp], tier: EdgeApp) -> None:
        self._by_host = {host.encode(): app for host, app in hosts.items()}
        self._tier = tier

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Receive, send: Send) -> None:
        """Answer one request. The tier answers what came for no carrier."""
        if scope["type"] == ScopeType.HTTP:
            await self._serve(scope, receive, send)  # type: ignore[arg-type]  # by its type
        else:
            await self._tier(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        app = self._of_host(scope)
        if app is self._tier and scope["path"] not in _PATHS_OF_THE_TIER:
            unknown = Problem("NOT_FOUND", details={"field": "host", "reason": "unknown_carrier"})
            scope.setdefault(REFUSAL, unknown)  # type: ignore[misc]  # a member of our own
        await app(scope, receive, send)

    def _of_host(self, scope: HTTPScope) -> EdgeApp:
        for name, value in scope["headers"]:
            if name == b"host":
                return self._by_host.get(value.lower(), self._tier)
        return self._tier


def create_tier(carriers: Mapping[str, EdgeApp]) -> EdgeApp:
    """Return the application for requests to no carrier; `carriers` are by designator."""
    ports = next(iter(carriers.values())).ports
    readiness = readiness_of({name: app.ports.readiness for name, app in carriers.items()})
    # No carrier's modes of operation, origins and metrics are the tier's.
    modes = msgspec.structs.replace(ports.modes, current=CurrentModes())
    own = msgspec.structs.replace(
        ports, readiness=readiness, cors_origins=frozenset(), modes=modes, carrier=""
    )
    return create_app(own, routes=health.ROUTES)


def readiness_of(carriers: Mapping[str, Readiness]) -> Readiness:
    """Return the question for the state of each carrier: `up`, `degraded` or `down`.

    `database` is that of the tier: up while one carrier can be served, so that a load balancer
    keeps a process that still serves the others.
    """

    async def readiness() -> Mapping[str, str]:
        answers = await asyncio.gather(*(ask() for ask in carriers.values()))
        states = {
            name: _state(components) for name, components in zip(carriers, answers, strict=True)
        }
        served = any(state != "down" for state in states.values())
        return {"database": "up" if served else "down", **states}

    return readiness


def _state(components: Mapping[str, str]) -> str:
    if components.get("database") != "up":
        return "down"
    return "up" if all(state == "up" for state in components.values()) else "degraded"
