"""The test airline, its account at Stripe, and what reconciles them, all in memory."""

import datetime as dt
import functools
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from application.caller import Caller
from application.identity.ports import Principal
from application.payment.collect import Collector, ReturnUrls
from application.payment.gateway import PaymentIntent, ProviderRefund
from application.payment.process_event import process_event
from application.payment.refunding import Refunder
from application.queries import AsOf
from application.reconciliation.ports import ReconciliationPorts, ReconciliationRun
from application.reconciliation.read_reconciliation import BreakDetails, read_breaks
from application.reconciliation.run_reconciliation import DayResult, run_reconciliation
from application.settlement.follow_hints import HintFollower
from domain.kernel.entries import accounting_day
from domain.reconciliation.state import DayTotal
from infrastructure.bank_files.statement import read_statement
from tests.support.memory_books import MemoryBooks
from tests.support.settled import SettledAirline, settled_airline


class StripeObjects:
    """The intents and refunds of the account, for what asks Stripe about one of them."""

    def __init__(self) -> None:
        self.intents: dict[str, PaymentIntent] = {}
        self.refunds: dict[str, ProviderRefund] = {}

    async def payment_intent(self, intent: str) -> PaymentIntent:
        """As it is now."""
        return self.intents[intent]

    async def refund(self, refund: str) -> ProviderRefund:
        """As it is now."""
        return self.refunds[refund]

    async def refunds_of_charge(self, charge: str) -> list[ProviderRefund]:
        """Newest first."""
        return [each for each in reversed(self.refunds.values()) if each.charge == charge]


class MemoryRunLog:
    """`RunLog` in memory."""

    def __init__(self) -> None:
        self.runs: list[ReconciliationRun] = []

    async def begin(self, *, now: dt.datetime, **run: Any) -> int:
        """Numbered from 1."""
        self.runs.append(ReconciliationRun(len(self.runs) + 1, started_at=now, **run))
        return len(self.runs)

    async def finish(
        self, number: int, *, breaks: Any, totals: Sequence[DayTotal], now: dt.datetime
    ) -> None:
        """With what it found."""
        self.runs[number - 1] = replace(
            self.runs[number - 1], finished_at=now, breaks=dict(breaks), totals=tuple(totals)
        )

    async def find(self, *, before: int | None, limit: int) -> list[ReconciliationRun]:
        """The newest first."""
        older = self.runs[: len(self.runs) if before is None else before - 1]
        return older[::-1][:limit]


class Reconciled(msgspec.Struct, frozen=True):
    """The airline and what reconciles it."""

    settled: SettledAirline
    ports: ReconciliationPorts
    objects: StripeObjects

    @property
    def today(self) -> dt.date:
        """By the airline's clock."""
        return accounting_day(self.settled.airline.clock())

    async def run(self) -> list[DayResult]:
        """Run over the last week; the days that have something."""
        results = await run_reconciliation(
            self.ports, since=self.today - dt.timedelta(days=7), until=self.today
        )
        return [each for each in results if each.totals]

    async def breaks(self) -> list[tuple[str, int]]:
        """The classes and amounts that a run finds and that are open."""
        await self.run()
        return [
            (each.break_.found.kind, each.break_.found.amount.amount)
            for each in await read_breaks(self.ports)
        ]

    async def open(self) -> list[BreakDetails]:
        """The breaks that are open, as the last run found them."""
        return list(await read_breaks(self.ports))

    async def only(self) -> BreakDetails:
        """The one break that is open."""
        (found,) = await read_breaks(self.ports)
        return found


@asynccontextmanager
async def reconciled(*, page_size: int = 100) -> AsyncIterator[Reconciled]:
    """An airline with nothing sold yet."""
    async with settled_airline(page_size=page_size) as settled:

        async def no_attempts() -> tuple[list[Any], AsOf]:
            return [], AsOf(0, 0.0)

        books: Any = MemoryBooks(settled.airline.log)
        objects = StripeObjects()
        at_stripe: Any = objects
        collector = Collector(
            bus=settled.bus,
            payments=at_stripe,
            clock=settled.airline.clock,
            urls=ReturnUrls("https://airline.example/{booking}", "https://airline.example"),
            describe=lambda booking: booking,
        )
        no_disputes: Any = None

        yield Reconciled(
            settled,
            ReconciliationPorts(
                bus=settled.bus,
                books=books,
                stripe=settled.stripe,
                unfinished_attempts=no_attempts,
                process_event=functools.partial(
                    process_event,
                    collector=collector,
                    refunder=Refunder(
                        bus=settled.bus,
                        payments=at_stripe,
                        collector=collector,
                        clock=settled.airline.clock,
                    ),
                    settlement=HintFollower(
                        follower=settled.follower,
                        sweeper=settled.sweeper,
                        monotonic=time.monotonic,
                    ),
                    disputes=no_disputes,
                ),
                record_transactions=settled.follower.record_all,
                runs=MemoryRunLog(),
                read_statement=read_statement,
                clock=settled.airline.clock,
            ),
            objects,
        )


def caller(user: str) -> Caller:
    """A request of a user of finance, with a key of its own."""
    return Caller(
        principal=Principal(user, "finance"),
        command_id=uuid.uuid4(),
        fingerprint=b"",
        correlation_id="c",
        deadline=float("inf"),
    )
