"""Ask Stripe about attempts to open a checkout session that have no outcome yet."""

from typing import ClassVar

from application import ports
from application.payment import gateway
from application.payment.extend_hold import extend_hold
from domain.payment.attempts import DELAYED_AFTER
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.unfinished_attempts import queries

PATIENCE = DELAYED_AFTER


class CompleteAttempt(ports.BackgroundTask, frozen=True):
    """Find or open the session of the attempt."""

    topic: ClassVar[str] = "complete_attempt"

    payment_id: str
    attempt: str


async def due(core: Core, page: Page) -> list[CompleteAttempt]:
    """Return the next page of attempts whose outcome is overdue, in the order of their ids."""
    after = page.after.attempt if isinstance(page.after, CompleteAttempt) else ""
    found = await queries.older_than(core.pool, page.now - PATIENCE, limit=page.limit, after=after)
    return [CompleteAttempt(payment_id, attempt) for payment_id, attempt in found]


async def complete(core: Core, task: CompleteAttempt) -> None:
    """Ask Stripe for the session, which it opens once for each attempt.

    While it does not answer, the hold of the booking is extended. Raises GatewayFailure.
    """
    cause = cause_of(task.payment_id, task.attempt, actor="timer")
    try:
        await core.collector.open_session(task.payment_id, task.attempt, cause=cause)
    except (gateway.GatewayTimeout, gateway.GatewayUnavailable):
        await extend_hold(core.bus, task.payment_id, task.attempt, clock=core.clock, cause=cause)
        raise


TIMER = Timer(
    name="complete_unfinished_attempts", due=due, handler=TaskHandler(CompleteAttempt, complete)
)
