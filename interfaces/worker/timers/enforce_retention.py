"""Remove bodies of webhooks, sent messages and files of letters after their periods: one task."""

from application.privacy.enforce_retention import EnforceRetention, enforce_retention
from interfaces import privacy_composition
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 3600.0


async def due(core: Core, page: Page) -> list[EnforceRetention]:  # noqa: ARG001 - a timer
    """Return the one task."""
    return [EnforceRetention()]


async def enforce(core: Core, task: EnforceRetention) -> None:  # noqa: ARG001 - a handler
    """Remove what is due."""
    await enforce_retention(privacy_composition.privacy_on(core, core.bus))


TIMER = Timer(
    name="enforce_retention",
    due=due,
    handler=TaskHandler(EnforceRetention, enforce),
    period_seconds=PERIOD_SECONDS,
)
