"""What Stripe's events about settlement start: they are hints, the lists of Stripe decide."""

import asyncio
import datetime as dt
from collections.abc import Callable

from application.commands import follow_up
from application.settlement.follow_payout import PayoutFollower
from application.settlement.sweep_transactions import TransactionSweeper

# A hint that comes sooner after the last sweep is left to the timer, which sweeps every minute.
PAUSE_SECONDS = 15.0
# How far before the last sweep a hint looks for what Stripe listed late; the timer looks further.
REACH = dt.timedelta(minutes=1)


class HintFollower:
    """Follows the hints of one process; many of them together cost one sweep."""

    def __init__(
        self,
        *,
        follower: PayoutFollower,
        sweeper: TransactionSweeper,
        monotonic: Callable[[], float],
    ) -> None:
        self._follower = follower
        self._sweeper = sweeper
        self._monotonic = monotonic
        self._began: float | None = None
        self._sweeping = asyncio.Lock()

    async def learn_payout(self, payout: str, *, cause: follow_up.Cause) -> None:
        """Record the payout as it is now at Stripe."""
        await self._follower.learn_payout(payout, cause=cause)

    async def learn_transactions(self) -> None:
        """Read the new balance transactions, unless that began within PAUSE_SECONDS."""
        async with self._sweeping:
            now = self._monotonic()
            if self._began is not None and now < self._began + PAUSE_SECONDS:
                return
            self._began = now
            await self._sweeper.sweep(reach=REACH)
