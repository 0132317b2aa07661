"""Ask Stripe about one payout, and record it; once its list is complete, what it paid out."""

import asyncio
from collections.abc import Sequence

from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.payment import gateway as failures
from application.settlement.gateway import ListedTransaction, ProviderPayout, SettlementGateway
from application.settlement.record_payout import ReconcilePayout, RecordPayout
from application.settlement.record_transaction import RecordTransaction, stream_of
from domain.kernel import ids, money
from domain.settlement import transactions
from domain.settlement.state import Transaction

# A payout of more transactions than these pages have is not compared (a page has a hundred).
PAGES_LIMIT = 500
# The queue of commands is bounded: a payout of thousands of transactions must neither be refused
# whenever it is read, nor keep out what others ask.
RECORDED_TOGETHER = 100


class PayoutFollower:
    """Uses the dispatcher for every record and the gateway for every call."""

    def __init__(self, *, bus: CommandBus, stripe: SettlementGateway) -> None:
        self._bus = bus
        self._stripe = stripe

    async def learn_payout(self, payout: str, *, cause: follow_up.Cause) -> None:
        """Record the payout as it is now at Stripe, with what it paid out where that is complete.

        Raises the failures of the gateway, and Unavailable.
        """
        reported = await self._stripe.payout(payout)
        await self._bus.submit(follow_up.envelope(cause, _step(reported), RecordPayout(reported)))
        if reported.reconciled and reported.automatic:
            await self._reconcile(reported, cause)

    async def record_all(self, listed: Sequence[ListedTransaction]) -> int:
        """Record transactions, and the payouts among them; return how many were new.

        Most of what a reading of Stripe's list finds is recorded already: one read tells.
        """
        new = 0
        for start in range(0, len(listed), RECORDED_TOGETHER):
            chunk = listed[start : start + RECORDED_TOGETHER]
            unrecorded = await self._unrecorded([each.transaction for each in chunk])
            new += sum(await asyncio.gather(*(self._record(each) for each in unrecorded)))
            payouts = [each.payout for each in chunk if each.payout is not None]
            await asyncio.gather(*(self._record_payout(each) for each in payouts))
        return new

    async def _unrecorded(self, listed: Sequence[Transaction]) -> list[Transaction]:
        streams = {stream_of(each) for each in listed}
        found = await self._bus.current_all(stream_kinds.SETTLEMENT, streams)
        return [
            each
            for each in listed
            if not transactions.is_recorded(found[stream_of(each)][0], each.id)
        ]

    async def _record(self, transaction: Transaction) -> bool:
        cause = _cause(stream_of(transaction))
        step = f"transaction:{transaction.id}"
        command = RecordTransaction(transaction)
        return (await self._bus.submit(follow_up.envelope(cause, step, command))).written

    async def _record_payout(self, payout: ProviderPayout) -> None:
        cause = _cause(ids.payout_stream(payout.id))
        await self._bus.submit(follow_up.envelope(cause, _step(payout), RecordPayout(payout)))

    async def _reconcile(self, reported: ProviderPayout, cause: follow_up.Cause) -> None:
        """Read the list that Stripe has completed, but for the payout's own transaction."""
        paid_out = [
            each
            for each in await self._transactions_of(reported.id)
            if each.transaction.source != reported.id
        ]
        await self.record_all(paid_out)
        command = ReconcilePayout(
            reported=reported,
            transactions=tuple(sorted(each.transaction.id for each in paid_out)),
            paid_out=_sum_in(reported.amount.currency, paid_out),
        )
        step = f"reconciled:{len(paid_out)}:{command.paid_out.amount}"
        await self._bus.submit(follow_up.envelope(cause, step, command))

    async def _transactions_of(self, payout: str) -> list[ListedTransaction]:
        found: list[ListedTransaction] = []
        after: str | None = None
        for _ in range(PAGES_LIMIT):
            page = await self._stripe.list_transactions(payout=payout, after=after)
            found += page.transactions
            if not page.has_more:
                return found
            after = page.transactions[-1].transaction.id
        raise failures.GatewayUnreadable(f"{payout} has more than {PAGES_LIMIT} pages")


def _sum_in(currency: str, paid_out: Sequence[ListedTransaction]) -> money.Money:
    """Return the sum of what is in the payout's currency; with anything else it differs."""
    nets = [each.transaction.net for each in paid_out]
    return money.total([net for net in nets if net.currency == currency], currency)


def _cause(stream: str) -> follow_up.Cause:
    """Return the cause of what is recorded on the stream: the same whenever it is read again."""
    return follow_up.Cause(id=ids.event_id(stream, 1), actor=follow_up.ACTOR, correlation_id=stream)


def _step(reported: ProviderPayout) -> str:
    return f"{reported.id}:{reported.status}"
