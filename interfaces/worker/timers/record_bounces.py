"""Record the letters that came back, where a folder of reports is set: one task."""

from application.record_bounces import RecordBounces
from application.record_bounces import record_bounces as record
from infrastructure.mail.bounce_reports import BounceFolder
from infrastructure.mail.bounces import PostgresBounces
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 60.0


async def due(core: Core, page: Page) -> list[RecordBounces]:  # noqa: ARG001 - a timer
    """Return the one task, if there is a folder."""
    return [] if core.settings.bounce_maildir is None else [RecordBounces()]


async def record_bounces(core: Core, task: RecordBounces) -> None:  # noqa: ARG001 - a handler
    """Record what came back."""
    folder = core.settings.bounce_maildir
    if folder is not None:
        await record(BounceFolder(folder, now=core.clock), PostgresBounces(core.pool))


TIMER = Timer(
    name="record_bounces",
    due=due,
    handler=TaskHandler(RecordBounces, record_bounces),
    period_seconds=PERIOD_SECONDS,
)
