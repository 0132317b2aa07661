"""Compare Stripe's balance with account 1010, per currency, and record both figures.

The lag between both is handled: what Stripe has listed is recorded first; the balance is asked for
again when something came in meanwhile; and what is booked and not listed yet, or listed and not
booked yet, explains its part. Before a difference is believed, the last days are read again.
"""

import asyncio
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
from application.settlement.sweep_transactions import OVERLAP, TransactionSweeper
from domain.kernel import ids, money
from domain.kernel.entries import accounting_day
from domain.settlement import comparison
from domain.settlement.state import ComparedBalance

# How far back Stripe's list is read again where the figures differ.
REACH_ON_DIFFERENCE = dt.timedelta(days=7)
TRIES_LIMIT = 5
WAIT_SECONDS = 1.0

logger = logging.getLogger(__name__)


class CompareBalance(ports.BackgroundTask, frozen=True):
    """Compare Stripe's balance with the books."""

    topic: ClassVar[str] = "compare_balance"


class BookedClearing(msgspec.Struct, frozen=True):
    """Account 1010 by currency, and what explains its difference from Stripe's balance."""

    booked: Mapping[str, int]
    awaited: Mapping[str, int]


ReadClearing = Callable[[], Awaitable[BookedClearing]]
"""Returns both as of one position of the log, which has all that was recorded before the call.

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

        Raises the failures of the gateway and Unavailable, also when both move all the time.
        """
        balances = await self._figures(OVERLAP)
        if any(each.unexplained for each in balances):
            balances = await self._figures(REACH_ON_DIFFERENCE)
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

    async def _figures(self, reach: dt.timedelta) -> tuple[ComparedBalance, ...]:
        """Return both figures of a moment at which nothing came in."""
        await self._sweeper.sweep(reach=reach)
        for _ in range(TRIES_LIMIT):
            reported = await self._stripe.balance()
            if await self._sweeper.sweep() == 0:
                return compared(reported, await self._read_clearing())
            await asyncio.sleep(WAIT_SECONDS)
        raise ports.Unavailable("a moment without news from Stripe")

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
    reported: Sequence[money.Money], clearing: BookedClearing
) -> tuple[ComparedBalance, ...]:
    """Return the figures of each currency that either side has."""
    at_stripe: dict[str, int] = {}
    for each in reported:
        at_stripe[each.currency] = at_stripe.get(each.currency, 0) + each.amount
    currencies = sorted(at_stripe.keys() | clearing.booked.keys() | clearing.awaited.keys())
    return tuple(
        ComparedBalance(
            currency=currency,
            booked=clearing.booked.get(currency, 0),
            reported=at_stripe.get(currency, 0),
            awaited=clearing.awaited.get(currency, 0),
        )
        for currency in currencies
    )
