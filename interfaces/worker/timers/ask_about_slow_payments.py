"""Ask Stripe once an hour about sessions that ended long ago: a bank takes days to decide.

Webhooks report its answer. Asked each minute, a hundred such payments would use up what Stripe
allows all others.
"""

from interfaces.composition import Core
from interfaces.worker.timers.ask_about_ended_sessions import (
    ASKED_OFTEN_FOR,
    AskAboutSession,
    last_of,
)
from interfaces.worker.timers.timer import Page, Timer
from projections.unfinished_attempts import queries

PERIOD_SECONDS = 3600.0


async def due(core: Core, page: Page) -> list[AskAboutSession]:
    """Return the next page of sessions that ended long ago, in the order of their attempts."""
    until = page.now - ASKED_OFTEN_FOR
    found = await queries.ended_between(
        core.pool, None, until, limit=page.limit, after=last_of(page)
    )
    return [AskAboutSession(payment_id, attempt) for payment_id, attempt in found]


TIMER = Timer(name="ask_about_slow_payments", due=due, period_seconds=PERIOD_SECONDS)
