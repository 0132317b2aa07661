"""Ask Stripe about checkout sessions whose time is over and whose end nobody reported.

Webhooks report it; this timer covers lost webhooks, and seats released while Stripe was away. A
session that still has no outcome an hour later is left to `ask_about_slow_payments.py`.
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
ASKED_OFTEN_FOR = dt.timedelta(hours=1)
PERIOD_SECONDS = 60.0


class AskAboutSession(ports.BackgroundTask, frozen=True):
    """Record the state of the attempt's session at Stripe."""

    topic: ClassVar[str] = "ask_about_session"

    payment_id: str
    attempt: str


async def due(core: Core, page: Page) -> list[AskAboutSession]:
    """Return the next page of sessions that ended lately, in the order of their attempts."""
    since, until = page.now - ASKED_OFTEN_FOR, page.now - PATIENCE
    found = await queries.ended_between(
        core.pool, since, until, limit=page.limit, after=last_of(page)
    )
    return [AskAboutSession(payment_id, attempt) for payment_id, attempt in found]


def last_of(page: Page) -> str:
    """Return the attempt after which the page begins."""
    return page.after.attempt if isinstance(page.after, AskAboutSession) else ""


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
