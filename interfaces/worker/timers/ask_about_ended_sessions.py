"""Ask Stripe about checkout sessions whose time is over and whose end nobody reported.

Webhooks report it; this timer covers lost webhooks, and seats released while Stripe was away.
"""

import datetime as dt
from typing import ClassVar

from application import ports
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.unfinished_attempts import queries

# Stripe needs a moment to expire a session and to report it.
PATIENCE = dt.timedelta(minutes=1)
# While a bank decides, the session stays without an outcome for days.
PERIOD_SECONDS = 60.0


class AskAboutSession(ports.BackgroundTask, frozen=True):
    """Record the state of the attempt's session at Stripe."""

    topic: ClassVar[str] = "ask_about_session"

    payment_id: str
    attempt: str


async def due(core: Core, page: Page) -> list[AskAboutSession]:
    """Return the next page of sessions that have ended, in the order of their attempts."""
    after = page.after.attempt if isinstance(page.after, AskAboutSession) else ""
    found = await queries.ended_before(
        core.pool, page.now - PATIENCE, limit=page.limit, after=after
    )
    return [AskAboutSession(payment_id, attempt) for payment_id, attempt in found]


async def ask(core: Core, task: AskAboutSession) -> None:
    """Record how the session ended: paid, or without a payment."""
    cause = cause_of(task.payment_id, task.attempt, actor="timer")
    await core.collector.learn_attempt(task.payment_id, task.attempt, cause=cause)


TIMER = Timer(
    name="ask_about_ended_sessions",
    due=due,
    handler=TaskHandler(AskAboutSession, ask),
    period_seconds=PERIOD_SECONDS,
)
