"""Read all new balance transactions from Stripe's list, so that a lost webhook changes nothing."""

import datetime as dt
from typing import ClassVar

from application import ports
from application.read_list import Checkpoints, ListReader, Page
from application.settlement.follow_payout import PayoutFollower
from application.settlement.gateway import ListedTransaction, SettlementGateway

CHECKPOINT = "balance_transactions"
# Stripe may list a transaction later than others that it made after it.
OVERLAP = dt.timedelta(minutes=5)
# How far an installation without a checkpoint looks back.
FIRST_REACH = dt.timedelta(days=90)


class SweepTransactions(ports.BackgroundTask, frozen=True):
    """Read what is new in Stripe's list of balance transactions."""

    topic: ClassVar[str] = "sweep_transactions"


class TransactionSweeper:
    """Uses the dispatcher for every record and the gateway for every call."""

    def __init__(
        self,
        *,
        stripe: SettlementGateway,
        follower: PayoutFollower,
        checkpoints: Checkpoints,
        clock: ports.Clock,
    ) -> None:
        self._stripe = stripe
        self._checkpoints = checkpoints
        self._clock = clock
        self._reader = ListReader(list_page=self._page, record=follower.record_all)

    async def sweep(self, *, reach: dt.timedelta = OVERLAP) -> int:
        """Record what Stripe has listed since `reach` before the checkpoint; return how many.

        Raises the failures of the gateway, and Unavailable; what was read until then is recorded.
        """
        return await self._reader.read_new(
            self._checkpoints, CHECKPOINT, clock=self._clock, reach=reach, first_reach=FIRST_REACH
        )

    async def _page(
        self,
        *,
        created_since: dt.datetime,
        created_before: dt.datetime | None,
        after: str | None,
    ) -> Page[ListedTransaction]:
        page = await self._stripe.list_transactions(
            created_since=created_since, created_before=created_before, after=after
        )
        return Page(page.transactions, page.has_more)
