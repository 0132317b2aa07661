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
    """What we stand on, by name: `up` or `down`. Without the database nothing works; without
    Redis everything does, slower."""

    status: str
    components: dict[str, str]


@get("/health/live")
async def live() -> LiveResponse:
    """Whether the process answers at all."""
    return LiveResponse("live")


@get("/health/ready", responses=auth.documented(503))
async def ready(request: StrictRequest) -> ReadyResponse:
    """Whether requests can be served."""
    answers = await request.ports.readiness()
    components = {name: "up" if up else "down" for name, up in answers.items()}
    if not answers.get("database", False):
        raise Problem(
            "SERVICE_UNAVAILABLE", details=components, retry_after_seconds=RETRY_AFTER_SECONDS
        )
    return ReadyResponse("ready", components)


ROUTES = (live, ready)
