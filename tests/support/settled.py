"""An account at Stripe in memory, and the test airline beside it that reads what Stripe settles.

The account is a model of its own: it knows nothing of the books. The use cases, the dispatcher and
the read model are the real ones.
"""

import datetime as dt
import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from application.commands import follow_up
from application.commands.dispatcher import Dispatcher
from application.payment.gateway import RESOURCE_MISSING, GatewayRejected, GatewayUnavailable
from application.payment.record_refund import Accepted, Failed, RecordRefund
from application.payment.refund_payment import RefundPayment
from application.settlement.compare_balance import BalanceComparer, BookedClearing, Recorded
from application.settlement.follow_payout import PayoutFollower
from application.settlement.gateway import (
    ListedTransaction,
    PayoutWord,
    ProviderPayout,
    TransactionPage,
)
from application.settlement.sweep_transactions import TransactionSweeper
from domain.kernel import money
from domain.settlement.state import Transaction
from tests.support.airline import payment_of
from tests.support.invariants import entries_of
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import Clock, MemoryEventLog
from tests.support.memory_read_models import MemoryReadModels


def exchanged(amount: money.Money, currency: str, rate: str) -> money.Money:
    """The amount in another currency; the rate is for major units."""
    shift = money.exponent(currency) - money.exponent(amount.currency)
    exact = Decimal(amount.amount).scaleb(shift) * Decimal(rate)
    return money.Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), currency)


class StripeAccount:
    """Implements SettlementGateway: transactions in order of creation, payouts, the balance."""

    def __init__(self, clock: Clock, *, page_size: int = 100) -> None:
        self.calls: list[str] = []
        self.breaks_after: int | None = None
        self._clock = clock
        self._page_size = page_size
        self._numbers = itertools.count(1)
        self._listed: list[ListedTransaction] = []
        self._payouts: dict[str, ProviderPayout] = {}
        self._paid_out: dict[str, list[str]] = {}

    # What happens at Stripe.

    def charge(
        self,
        charge: str,
        charged: money.Money,
        *,
        settled: money.Money,
        fee: int = 0,
        booking: str | None = None,
    ) -> str:
        """A charge is settled; its transaction."""
        return self.add(
            "charge", settled, fee=fee, source=charge, charge=charge, charged=charged,
            booking=booking,
        )  # fmt: skip

    def refund(
        self, refund: str, charge: str, charged: money.Money, *, settled: money.Money
    ) -> str:
        """A part of the charge is refunded: amounts are positive; its transaction."""
        return self.add("refund", -settled, source=refund, charge=charge, charged=-charged)

    def refund_failure(
        self, refund: str, charge: str, charged: money.Money, *, settled: money.Money
    ) -> str:
        """The refund failed, and the money returned to the balance."""
        return self.add("refund_failure", settled, source=refund, charge=charge, charged=charged)

    def add(
        self,
        category: str,
        gross: money.Money,
        *,
        fee: int = 0,
        source: str | None = None,
        charge: str | None = None,
        charged: money.Money | None = None,
        booking: str | None = None,
        payout: ProviderPayout | None = None,
        intent: str | None = None,
    ) -> str:
        """A balance transaction; its id."""
        transaction = Transaction(
            id=f"txn_{next(self._numbers)}",
            type=category,
            category=category,
            gross=gross,
            fee=money.Money(fee, gross.currency),
            available_on=self._clock().date() + dt.timedelta(days=7),
            created_at=self._clock(),
            source=source,
            charged=charged,
            charge=charge,
            booking=booking,
            intent=intent,
        )
        self._listed.append(ListedTransaction(transaction, payout))
        return transaction.id

    def pay_out(self, currency: str, *, payout: str = "po_1", automatic: bool = True) -> None:
        """Send the whole balance of the currency to the bank."""
        (amount,) = [each for each in self._balance() if each.currency == currency]
        before = [each for ids in self._paid_out.values() for each in ids]
        self._paid_out[payout] = [
            each.transaction.id
            for each in self._listed
            if each.transaction.gross.currency == currency
            and each.transaction.id not in before
            and each.payout is None
        ]
        self._payouts[payout] = ProviderPayout(
            id=payout,
            status="pending",
            amount=amount,
            automatic=automatic,
            arrives_on=self._clock().date() + dt.timedelta(days=1),
            created_at=self._clock(),
        )
        self.add("payout", -amount, source=payout, payout=self._payouts[payout])

    def move(
        self,
        payout: str,
        status: PayoutWord,
        *,
        reconciled: bool = False,
        trace: str | None = None,
    ) -> None:
        """The payout reaches the status; a failed one returns to the balance."""
        code = "account_closed" if status == "failed" else None
        known = msgspec.structs.replace(
            self._payouts[payout],
            status=status,
            failure_code=code,
            reconciled=reconciled,
            trace=trace,
        )
        self._payouts[payout] = known
        self._listed = [
            msgspec.structs.replace(each, payout=known) if each.payout is not None
            and each.payout.id == payout else each
            for each in self._listed
        ]  # fmt: skip
        if status in {"failed", "canceled"}:
            self.add("payout_reversal", known.amount, source=payout, payout=known)

    def correct(self, transaction: str, **fields: Any) -> None:
        """Stripe lists a transaction with other fields than before."""
        self._listed = [
            msgspec.structs.replace(
                each, transaction=msgspec.structs.replace(each.transaction, **fields)
            )
            if each.id == transaction
            else each
            for each in self._listed
        ]

    def lose_from_payout(self, payout: str) -> None:
        """Stripe's list of the payout lacks its last transaction."""
        self._paid_out[payout].pop()

    # The port.

    async def list_transactions(
        self,
        *,
        created_since: dt.datetime | None = None,
        created_before: dt.datetime | None = None,
        payout: str | None = None,
        source: str | None = None,
        kind: str | None = None,
        after: str | None = None,
    ) -> TransactionPage:
        """Newest first, a page of them."""
        self._call("list")
        wanted = [
            each
            for each in reversed(self._listed)
            if _is_within(each, created_since, created_before)
            and (payout is None or each.transaction.id in self._paid_out[payout])
            and source in (None, each.transaction.source)
            and kind in (None, each.transaction.type)
        ]
        ids = [each.transaction.id for each in wanted]
        start = 0 if after is None else ids.index(after) + 1
        page = wanted[start : start + self._page_size]
        return TransactionPage(page, has_more=start + self._page_size < len(wanted))

    async def transaction(self, transaction: str) -> ListedTransaction:
        """As it is listed."""
        self._call("transaction")
        for each in self._listed:
            if each.id == transaction:
                return each
        raise GatewayRejected(RESOURCE_MISSING, transaction)

    async def payout(self, payout: str) -> ProviderPayout:
        """As it is now."""
        self._call("payout")
        return self._payouts[payout]

    async def balance(self) -> Sequence[money.Money]:
        """All nets by currency."""
        self._call("balance")
        return self._balance()

    def _balance(self) -> list[money.Money]:
        sums: dict[str, int] = {}
        for each in self._listed:
            net = each.transaction.net
            sums[net.currency] = sums.get(net.currency, 0) + net.amount
        return [money.Money(amount, currency) for currency, amount in sorted(sums.items())]

    def _call(self, name: str) -> None:
        if self.breaks_after is not None and len(self.calls) >= self.breaks_after:
            raise GatewayUnavailable("the line is cut")
        self.calls.append(name)


def _is_within(listed: ListedTransaction, since: dt.datetime, before: dt.datetime | None) -> bool:
    second = int(listed.transaction.created_at.timestamp())
    return (since is None or second >= int(since.timestamp())) and (
        before is None or second < int(before.timestamp())
    )


class MemoryCheckpoints:
    """`Checkpoints` in memory."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}

    async def read(self, name: str) -> int:
        """0 at the beginning."""
        return self.positions.get(name, 0)

    async def move(self, name: str, position: int) -> None:
        """Never back."""
        self.positions[name] = max(position, self.positions.get(name, 0))


class SettledAirline:
    """The airline, its account at Stripe, and the use cases between both."""

    def __init__(self, airline: MemoryAirline, bus: Dispatcher, *, page_size: int = 100) -> None:
        self.airline = airline
        self.stripe = StripeAccount(self.airline.clock, page_size=page_size)
        self.checkpoints = MemoryCheckpoints()
        self.read_models = MemoryReadModels()
        self.bus = bus
        self.follower = PayoutFollower(bus=self.bus, stripe=self.stripe)
        self.sweeper = TransactionSweeper(
            stripe=self.stripe,
            follower=self.follower,
            checkpoints=self.checkpoints,
            clock=self.airline.clock,
        )
        self.comparer = BalanceComparer(
            bus=self.bus,
            stripe=self.stripe,
            sweeper=self.sweeper,
            read_clearing=self._read_clearing,
            clock=self.airline.clock,
        )

    def sell(
        self, fare: int, currency: str = "SAR", *, domestic: bool = False, number: str = "SV1"
    ) -> tuple[str, money.Money]:
        """A paid booking; its stream and what was captured by the charge `ch_pi_<payment>`."""
        flight = self.airline.schedule(number, fare=fare, currency=currency, domestic=domestic)
        booking = self.airline.book(flight)
        self.airline.pay(booking)
        (capture,) = self.airline.payment(payment_of(booking)).captures
        return booking, capture.amount

    def charge_of(self, booking: str) -> str:
        """The charge of its payment."""
        (capture,) = self.airline.payment(payment_of(booking)).captures
        return str(capture.charge)

    def give_refund(self, booking: str, amount: money.Money, provider_refund: str) -> str:
        """Refund a part of the booking; accepted by Stripe as this refund; our id of it."""
        payment = payment_of(booking)
        outcome = self.airline.submit(
            RefundPayment(booking, f"goodwill-{provider_refund}", amount, (payment,))
        )
        refund: str = outcome.answer.ids[payment]
        self.airline.submit(RecordRefund(payment, refund, Accepted(provider_refund)))
        return refund

    def fail_refund(self, booking: str, refund: str, provider_refund: str) -> None:
        """Stripe returned the money of the refund."""
        failed = Failed(provider_refund=provider_refund, code="expired_or_canceled_card")
        self.airline.submit(RecordRefund(payment_of(booking), refund, failed))

    async def learn(self, payout: str = "po_1") -> None:
        """Ask about a payout, as for a webhook of its own each time."""
        cause = follow_up.Cause(
            id=follow_up.of_event(payout, next(_causes), correlation_id=payout).id,
            actor="stripe",
            correlation_id=payout,
        )
        await self.follower.learn_payout(payout, cause=cause)

    def books(self, *names: str) -> dict[tuple[str, str], int]:
        """Balances of these accounts, or of all, by account and currency; without zeros."""
        sums: dict[tuple[str, str], int] = {}
        for entry in entries_of(self.airline.log):
            for posting in entry.postings:
                key = (posting.account, posting.currency)
                sums[key] = sums.get(key, 0) + posting.amount
        return {
            key: amount for key, amount in sums.items() if amount and (not names or key[0] in names)
        }

    def rows(self, table: str) -> list[msgspec.Struct]:
        """The rows of a table of the read models, which follow the log first."""
        self._follow()
        return self.read_models.rows(table)

    def _follow(self) -> None:
        self.read_models.follow(self.airline.log.events[self.read_models.position :])

    async def _read_clearing(self, since: dt.datetime) -> BookedClearing:
        self._follow()
        awaited: dict[str, int] = {}
        for row in self.read_models.rows("settled_amounts"):
            if row.booked != row.listed:
                difference = (row.booked or 0) - (row.listed or 0)
                awaited[row.currency] = awaited.get(row.currency, 0) + difference
        booked = {row.currency: row.amount for row in self.read_models.rows("stripe_clearing")}
        recent = [
            Recorded(row.transaction, row.category, money.Money(row.gross - row.fee, row.currency))
            for row in self.read_models.rows("settled_transactions")
            if not row.unknown and row.created_at >= since
        ]
        return BookedClearing(booked, awaited, recent)


_causes = itertools.count(1)


@asynccontextmanager
async def dispatching(log: MemoryEventLog, clock: Clock) -> AsyncIterator[Dispatcher]:
    """A dispatcher that runs."""
    bus = Dispatcher(log=log, clock=clock, random_bytes=os.urandom)
    bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


@asynccontextmanager
async def settled_airline(*, page_size: int = 100) -> AsyncIterator[SettledAirline]:
    """An airline with an account at Stripe and the use cases between both."""
    airline = MemoryAirline()
    async with dispatching(MemoryEventLog(airline.log), airline.clock) as bus:
        yield SettledAirline(airline, bus, page_size=page_size)
