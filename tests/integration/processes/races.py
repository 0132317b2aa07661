"""Two processes on one log, which do things at the same time."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from application.commands.command import Command
from domain.kernel import money
from domain.kernel.rejections import Rejection
from tests.integration.processes.test_immediate_steps import Immediate
from tests.support import stored_log
from tests.support.airline import expire, payment_of
from tests.support.moved_clock import MovedClock
from tests.support.postgres_airline import postgres_airline
from tests.support.servers import TestDatabase

ROUNDS = 6
HOLD = dt.timedelta(minutes=16)


class Race(msgspec.Struct, frozen=True):
    """Two processes on one log, and the clock of both."""

    database: TestDatabase
    first: Immediate
    second: Immediate
    clock: MovedClock

    async def submit_both(self, one: Command, other: Command) -> None:
        """Submit a command in each process at the same time; refusals are an outcome, too."""
        results = await asyncio.gather(
            self.first.submit(one), self.second.submit(other), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Rejection):
                raise result

    async def held(self, flight: str, owner: str = "user_1") -> str:
        """A booking with an attempt to pay it."""
        booking: str = await self.first.book(flight, owner=owner)
        await self.first.checkout(booking)
        return booking

    async def lapse(self, *bookings: str) -> None:
        """Their holds end."""
        self.clock.ahead += HOLD
        for booking in bookings:
            await self.first.submit(expire(booking))

    async def due(self, booking: str) -> money.Money:
        """What it costs."""
        due: money.Money = (await self.first.booking(booking)).price.total()
        return due

    async def refunded(self, booking: str) -> list[int]:
        """What goes back to its payer."""
        payment = await self.second.payment(payment_of(booking))
        return [each.amount.amount for each in payment.refunds]

    def unapplied(self, booking: str, currency: str = "SAR") -> int:
        """What is left in unapplied funds."""
        return stored_log.balances(self.database.owner_dsn, booking).get(("2020", currency), 0)


@asynccontextmanager
async def racing(database: TestDatabase) -> AsyncIterator[Race]:
    """Start both processes."""
    clock = MovedClock()
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(
                postgres_airline(database.app_dsn, kind=Immediate, clock=clock)
            )
            for _ in range(2)
        ]
        for each in processes:
            await each.fill()
        first, second = processes
        yield Race(database, first, second, clock)
