"""Read all new balance transactions from Stripe's list, so that a lost webhook changes nothing."""

import datetime as dt
from typing import ClassVar

from application import ports
from application.read_list import Checkpoints, ListReader, Page
from application.settlement.follow_payout import PayoutFollower
from application.settlement.gateway import ListedTransaction, SettlementGateway
from domain.settlement.state import Transaction

CHECKPOINT = "balance_transactions"
# One for each accounting day on which the figures differed.
AGAIN_CHECKPOINT = "balance_transactions_again_{day}"
# How far back Stripe's list is read again where the figures differ.
REACH_ON_DIFFERENCE = dt.timedelta(days=7)
# Pages of transactions that may be newer than one of seconds ago.
NEWER_PAGES_LIMIT = 50
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

    async def sweep_again(self, day: dt.date) -> int:
        """Record what Stripe has listed in the days before, as `sweep`; return how many were new.

        The days are read once for each accounting day: a reading that is cut short goes on where
        it was, and one that has come to its end reads what is listed since.
        """
        return await self._reader.read_new(
            self._checkpoints,
            AGAIN_CHECKPOINT.format(day=day.isoformat()),
            clock=self._clock,
            reach=OVERLAP,
            first_reach=REACH_ON_DIFFERENCE,
        )

    async def newest(self) -> Transaction | None:
        """Return the newest transaction that Stripe lists; raises the failures of the gateway."""
        page = await self._stripe.list_transactions()
        return page.transactions[0].transaction if page.transactions else None

    async def newer_than(self, known: Transaction | None) -> list[Transaction]:
        """Return what Stripe lists before this one, all for None.

        Raises the failures of the gateway, and Unavailable where there are too many.
        """
        found: list[Transaction] = []
        for _ in range(NEWER_PAGES_LIMIT):
            page = await self._stripe.list_transactions(after=found[-1].id if found else None)
            for each in page.transactions:
                if known is not None and each.id == known.id:
                    return found
                found.append(each.transaction)
            if not page.has_more:
                return found
        raise ports.Unavailable("the transactions of the last seconds")

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
