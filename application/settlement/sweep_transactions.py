"""Read all new balance transactions from Stripe's list, so that a lost webhook changes nothing."""

import datetime as dt
from typing import ClassVar

import msgspec

from application import ports
from application.read_list import Checkpoints, ListReader, Page
from application.settlement.follow_payout import PayoutFollower
from application.settlement.gateway import ListedTransaction, SettlementGateway

CHECKPOINT = "balance_transactions"
# One for each accounting day on which the figures differed.
AGAIN_CHECKPOINT = "balance_transactions_again_{day}"
# How far back Stripe's list is read again where the figures differ.
REACH_ON_DIFFERENCE = dt.timedelta(days=7)
# Pages of a hundred that a second may fill.
NEWEST_PAGES_LIMIT = 10
# How far back it is read again where they still differ: Stripe may list some hours late.
AGAIN_OVERLAP = dt.timedelta(hours=6)
# Stripe may list a transaction later than others that it made after it.
OVERLAP = dt.timedelta(minutes=5)
# How far an installation without a checkpoint looks back.
FIRST_REACH = dt.timedelta(days=90)


class SweepTransactions(ports.BackgroundTask, frozen=True):
    """Read what is new in Stripe's list of balance transactions."""

    topic: ClassVar[str] = "sweep_transactions"


class Newest(msgspec.Struct, frozen=True):
    """The newest transactions of Stripe's list: all that it has since the instant, and others.

    The instant is not long ago: what the books have of before, and Stripe has not, is a difference.
    """

    ids: frozenset[str]
    since: dt.datetime


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
        it was, and one that has come to its end reads the last hours.
        """
        return await self._reader.read_new(
            self._checkpoints,
            AGAIN_CHECKPOINT.format(day=day.isoformat()),
            clock=self._clock,
            reach=AGAIN_OVERLAP,
            first_reach=REACH_ON_DIFFERENCE,
        )

    async def newest(self) -> Newest:
        """Return the newest of what Stripe lists, of more than one second where there is more.

        Raises the failures of the gateway, and Unavailable where a second has too many pages.
        """
        found: list[ListedTransaction] = []
        for _ in range(NEWEST_PAGES_LIMIT):
            page = await self._stripe.list_transactions(after=found[-1].id if found else None)
            found += page.transactions
            newest = found[0].created_at if found else self._clock()
            since = newest - OVERLAP
            if page.has_more:
                # Older ones of the last one's second may be on the next page.
                last = found[-1].created_at.replace(microsecond=0)
                since = max(since, last + dt.timedelta(seconds=1))
            if since <= newest:
                return Newest(frozenset(each.id for each in found), since)
        raise ports.Unavailable("the newest transactions, which are all of one second")

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
