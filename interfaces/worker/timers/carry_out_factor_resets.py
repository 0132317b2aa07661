"""Remove the second factors of customers whose day of waiting is over: one task."""

from application.identity.carry_out_factor_resets import (
    CarryOutFactorResets,
    carry_out_factor_resets,
)
from infrastructure.identity.factor_resets import PostgresFactorResets
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 60.0


async def due(core: Core, page: Page) -> list[CarryOutFactorResets]:  # noqa: ARG001 - a timer
    """Return the one task."""
    return [CarryOutFactorResets()]


async def carry_out(core: Core, task: CarryOutFactorResets) -> None:  # noqa: ARG001 - a handler
    """Remove what is due."""
    await carry_out_factor_resets(PostgresFactorResets(core.pool), core.clock)


TIMER = Timer(
    name="carry_out_factor_resets",
    due=due,
    handler=TaskHandler(CarryOutFactorResets, carry_out),
    period_seconds=PERIOD_SECONDS,
)
