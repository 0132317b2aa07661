"""Carry out erasures that were requested, once nothing is open for the person."""

from application.privacy.carry_out_erasure import CarryOutErasure, carry_out_erasure
from infrastructure.privacy.erasures import PostgresErasures
from interfaces import privacy_composition
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 10.0
# An erasure has several steps, of which each look does the next.
REPEAT_SECONDS = 5.0


async def due(core: Core, page: Page) -> list[CarryOutErasure]:
    """Return the next page of erasures to go on with, in the order of their ids."""
    after = page.after.erasure_id if isinstance(page.after, CarryOutErasure) else ""
    erasures = PostgresErasures(core.pool)
    found = await erasures.unfinished(minute=page.now.minute, after=after, limit=page.limit)
    return [CarryOutErasure(each) for each in found]


async def carry_out(core: Core, task: CarryOutErasure) -> None:
    """Do what can be done now."""
    await carry_out_erasure(privacy_composition.privacy_on(core, core.bus), task.erasure_id)


TIMER = Timer(
    name="carry_out_erasures",
    due=due,
    handler=TaskHandler(CarryOutErasure, carry_out),
    period_seconds=PERIOD_SECONDS,
    repeat_seconds=REPEAT_SECONDS,
)
