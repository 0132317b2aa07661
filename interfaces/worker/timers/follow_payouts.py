"""Ask Stripe about payouts that should have arrived, and those whose list was not complete yet.

Webhooks report both, and a payout that fails comes with a balance transaction; this timer covers
lost webhooks.
"""

from typing import ClassVar

from application import ports
from domain.kernel.entries import accounting_day
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
from interfaces.worker.timers.timer import Page, Timer
from projections.stripe_settlement import queries

PERIOD_SECONDS = 1_800.0


class FollowPayout(ports.BackgroundTask, frozen=True):
    """Ask Stripe about the payout with this id."""

    topic: ClassVar[str] = "follow_payout"

    payout: str


async def due(core: Core, page: Page) -> list[FollowPayout]:
    """Return the next page of payouts, in the order of their ids."""
    after = page.after.payout if isinstance(page.after, FollowPayout) else ""
    found = await queries.unfinished_payouts(
        core.pool, arrived_until=accounting_day(page.now), limit=page.limit, after=after
    )
    return [FollowPayout(payout) for payout in found]


async def follow(core: Core, task: FollowPayout) -> None:
    """Record the payout as it is now at Stripe."""
    cause = cause_of(task.payout, f"follow:{core.clock().isoformat()}", actor="timer")
    await core.settlement.follower.learn_payout(task.payout, cause=cause)


TIMER = Timer(
    name="follow_payouts",
    due=due,
    handler=TaskHandler(FollowPayout, follow),
    period_seconds=PERIOD_SECONDS,
)
