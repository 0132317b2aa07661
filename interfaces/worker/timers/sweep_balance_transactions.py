"""Read Stripe's list of balance transactions each minute: fees, exchange, payouts."""

import logging

from application.payment.process_event import AWAY
from application.settlement.sweep_transactions import SweepTransactions
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 60.0

logger = logging.getLogger(__name__)


async def due(core: Core, page: Page) -> list[SweepTransactions]:  # noqa: ARG001 - a timer
    """Return the one task."""
    return [SweepTransactions()]


async def sweep(core: Core, task: SweepTransactions) -> None:  # noqa: ARG001 - a handler
    """Record what is new; while Stripe is away the next minute is soon enough."""
    try:
        await core.settlement.sweeper.sweep()
    except AWAY as error:
        logger.warning("balance transactions wait: %s", type(error).__name__)


TIMER = Timer(
    name="sweep_balance_transactions",
    due=due,
    handler=TaskHandler(SweepTransactions, sweep),
    period_seconds=PERIOD_SECONDS,
)
