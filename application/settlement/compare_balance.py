"""Compare Stripe's balance with account 1010, per currency, and record both figures.

Both move all the time. So the balance is taken between two looks at the newest of Stripe's list
that show the same; what is in it is recorded before the books are read; and what the books contain
of transactions that were not listed then explains its part, as does what is booked and not listed
yet, or listed and not booked yet. Before a difference is believed, the last days are read again.
"""

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar

import msgspec

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.settlement.gateway import SettlementGateway
from application.settlement.sweep_transactions import Newest, TransactionSweeper
from domain.kernel import ids, money
from domain.kernel.entries import accounting_day
from domain.settlement import comparison
from domain.settlement.state import ComparedBalance

# Balances that are asked for until none was overtaken by a transaction: two calls each.
TRIES_LIMIT = 30
# A payout and its transaction are recorded one after the other: figures in between are taken again.
PAYOUTS = frozenset({"payout", "payout_reversal"})
PAYOUT_TRIES = 3

logger = logging.getLogger(__name__)


class CompareBalance(ports.BackgroundTask, frozen=True):
    """Compare Stripe's balance with the books."""

    topic: ClassVar[str] = "compare_balance"


class Recorded(msgspec.Struct, frozen=True):
    """A transaction that the books contain, and by how much it changed Stripe's balance."""

    id: str
    category: str
    net: money.Money


class BookedClearing(msgspec.Struct, frozen=True):
    """Account 1010 by currency, and what explains its difference from Stripe's balance.

    `recent` are the transactions since an instant that both contain.
    """

    booked: Mapping[str, int]
    awaited: Mapping[str, int]
    recent: Sequence[Recorded] = ()


ReadClearing = Callable[[dt.datetime], Awaitable[BookedClearing]]
"""Returns all as of one position of the log, which has all that was recorded before the call, with
the transactions that Stripe made since the instant.

Raises Unavailable when the read model does not follow.
"""


class RecordComparison(Command, frozen=True):
    """Record the comparison of an accounting day."""

    day: dt.date
    balances: tuple[ComparedBalance, ...]

    @property
    def streams(self) -> tuple[str, ...]:
        """The clearing account on the day."""
        return (ids.clearing_stream(self.day),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record it, unless the same is recorded."""
        stream = ids.clearing_stream(self.day)
        clearing = context.load(stream_kinds.CLEARING, stream)
        context.record(stream, comparison.compare(clearing, self.balances))
        return Reply(stream)


class BalanceComparer:
    """Uses the dispatcher for every record, the gateway for every call, the read model for 1010."""

    def __init__(
        self,
        *,
        bus: CommandBus,
        stripe: SettlementGateway,
        sweeper: TransactionSweeper,
        read_clearing: ReadClearing,
        clock: ports.Clock,
    ) -> None:
        self._bus = bus
        self._stripe = stripe
        self._sweeper = sweeper
        self._read_clearing = read_clearing
        self._clock = clock

    async def compare(self) -> tuple[ComparedBalance, ...]:
        """Compare, record and return the figures.

        Raises the failures of the gateway and Unavailable, also when each balance is overtaken.
        """
        balances = await self._figures()
        if any(each.unexplained for each in balances):
            await self._sweeper.sweep_again(accounting_day(self._clock()))
            balances = await self._figures()
        await self._record(balances)
        for each in balances:
            if each.unexplained:
                logger.critical(
                    "Stripe's balance in %s is %d, the books have %d: %d has no explanation",
                    each.currency,
                    each.reported,
                    each.booked,
                    each.unexplained,
                )
        return balances

    async def _figures(self) -> tuple[ComparedBalance, ...]:
        """Return both figures as of the newest transactions that Stripe's balance contains."""
        for _ in range(PAYOUT_TRIES):
            reported, newest = await self._balance()
            # Whatever the balance contains is recorded before the books are read.
            await self._sweeper.sweep()
            clearing = await self._read_clearing(newest.since)
            later = [each for each in clearing.recent if each.id not in newest.ids]
            if not any(each.category in PAYOUTS for each in later):
                break
        return compared(reported, clearing, [each.net for each in later])

    async def _balance(self) -> tuple[Sequence[money.Money], Newest]:
        """Return Stripe's balance, and the newest transactions that it contains."""
        before = await self._sweeper.newest()
        for _ in range(TRIES_LIMIT):
            reported = await self._stripe.balance()
            after = await self._sweeper.newest()
            if before == after:
                return reported, after
            before = after
        raise ports.Unavailable("a balance of Stripe that no transaction overtakes")

    async def _record(self, balances: tuple[ComparedBalance, ...]) -> None:
        day = accounting_day(self._clock())
        stream = ids.clearing_stream(day)
        cause = follow_up.Cause(
            id=ids.event_id(stream, 1), actor=follow_up.ACTOR, correlation_id=stream
        )
        # The step names the instant: the same figures may return after others on the same day.
        figures = ":".join(f"{each.currency}{each.booked}/{each.reported}" for each in balances)
        step = f"compared:{self._clock().isoformat()}:{figures}"
        await self._bus.submit(follow_up.envelope(cause, step, RecordComparison(day, balances)))


def compared(
    reported: Sequence[money.Money],
    clearing: BookedClearing,
    overtaking: Sequence[money.Money] = (),
) -> tuple[ComparedBalance, ...]:
    """Return the figures of each currency that either side has.

    `overtaking` is what the books contain of transactions after the balance.
    """
    at_stripe = _sums(reported)
    awaited = _sums(overtaking)
    for currency, amount in clearing.awaited.items():
        awaited[currency] = awaited.get(currency, 0) + amount
    currencies = sorted(at_stripe.keys() | clearing.booked.keys() | awaited.keys())
    return tuple(
        ComparedBalance(
            currency=currency,
            booked=clearing.booked.get(currency, 0),
            reported=at_stripe.get(currency, 0),
            awaited=awaited.get(currency, 0),
        )
        for currency in currencies
    )


def _sums(amounts: Sequence[money.Money]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in amounts:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount
    return sums
