"""Routes of health: alive, and ready to work."""

import msgspec
from litestar import get

from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

RETRY_AFTER_SECONDS = 2


class LiveResponse(msgspec.Struct, rename="camel"):
    """The process answers; `roles` names what it does: `web` alone, or all of `ais serve`."""

    status: str
    roles: tuple[str, ...]


class ReadyResponse(msgspec.Struct, rename="camel"):
    """State of each component by name: the database, Redis if there is one, every read model.

    `status` is `ready` when all are `up`, else `degraded`: requests are served, but what depends
    on a component that is `down`, `stopped`, `stalled` or `parked` is slow, old or incomplete.
    `roles` names what this process does: `web` alone, or all of `ais serve`. `modes` names the
    modes of operation that are on in this process; a full disk is the component `room`, and down;
    so is `stripe` while it is not called.
    """

    status: str
    components: dict[str, str]
    roles: tuple[str, ...]
    modes: tuple[str, ...]


@get("/health/live", operation_id="readLiveness")
async def live(request: StrictRequest) -> LiveResponse:
    """Whether the process answers at all."""
    return LiveResponse("live", request.ports.roles)


@get("/health/ready", operation_id="readReadiness")
async def ready(request: StrictRequest) -> ReadyResponse:
    """Return whether requests can be served; without the database nothing works (503)."""
    components = await request.ports.readiness()
    if components.get("database") != "up":
        raise Problem(
            "SERVICE_UNAVAILABLE", details=components, retry_after_seconds=RETRY_AFTER_SECONDS
        )
    current = request.ports.modes.current
    if current.of("read_only") is not None:
        components = {**components, "room": "down"}
    if current.of("payments_paused") is not None:
        components = {**components, "stripe": "down"}
    all_up = all(state == "up" for state in components.values())
    status = "ready" if all_up else "degraded"
    modes = tuple(sorted(current.all()))
    return ReadyResponse(status, dict(components), request.ports.roles, modes)


ROUTES = (live, ready)
