"""End the sessions of users whose time is over, and remove old ones and old links: one task."""

from application.identity.expire_sessions import ExpireSessions, expire_sessions
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 3600.0


async def due(core: Core, page: Page) -> list[ExpireSessions]:  # noqa: ARG001 - a timer
    """Return the one task."""
    return [ExpireSessions()]


async def expire(core: Core, task: ExpireSessions) -> None:  # noqa: ARG001 - a handler
    """End and remove."""
    await expire_sessions(core.sessions, core.links, core.clock)


TIMER = Timer(
    name="expire_sessions",
    due=due,
    handler=TaskHandler(ExpireSessions, expire),
    period_seconds=PERIOD_SECONDS,
)
