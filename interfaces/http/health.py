"""Routes of health: alive, and ready to work."""

import msgspec
from litestar import get

from interfaces.http import auth
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

RETRY_AFTER_SECONDS = 2


class LiveResponse(msgspec.Struct, rename="camel"):
    """The process answers."""

    status: str


class ReadyResponse(msgspec.Struct, rename="camel"):
    """State of each component by name: the database, Redis and every read model.

    `status` is `ready` when all are `up`, else `degraded`: requests are served, but what depends
    on a component that is `down`, `stopped`, `stalled` or `parked` is slow, old or incomplete.
    """

    status: str
    components: dict[str, str]


@get("/health/live")
async def live() -> LiveResponse:
    """Whether the process answers at all."""
    return LiveResponse("live")


@get("/health/ready", responses=auth.documented(503))
async def ready(request: StrictRequest) -> ReadyResponse:
    """Return whether requests can be served; without the database nothing works (503)."""
    components = await request.ports.readiness()
    if components.get("database") != "up":
        raise Problem(
            "SERVICE_UNAVAILABLE", details=components, retry_after_seconds=RETRY_AFTER_SECONDS
        )
    all_up = all(state == "up" for state in components.values())
    return ReadyResponse("ready" if all_up else "degraded", dict(components))


ROUTES = (live, ready)
