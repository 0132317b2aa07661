"""Store the events that Stripe could not deliver: one call where there are none."""

import logging

from application.payment.backfill_events import BackfillEvents
from application.payment.process_event import AWAY
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer

PERIOD_SECONDS = 300.0

logger = logging.getLogger(__name__)


async def due(core: Core, page: Page) -> list[BackfillEvents]:  # noqa: ARG001 - a timer
    """Return the one task."""
    return [BackfillEvents()]


async def backfill(core: Core, task: BackfillEvents) -> None:  # noqa: ARG001 - a handler
    """Store what is missing; while Stripe is away the next time is soon enough."""
    try:
        found = await core.backfill.store_undelivered()
    except AWAY as error:
        logger.warning("undelivered Stripe events wait: %s", type(error).__name__)
        return
    if found:
        logger.warning("%s Stripe events were not delivered and are stored now", found)


TIMER = Timer(
    name="backfill_stripe_events",
    due=due,
    handler=TaskHandler(BackfillEvents, backfill),
    period_seconds=PERIOD_SECONDS,
)
