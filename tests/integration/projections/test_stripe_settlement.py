"""What finance reads of Stripe's settlement: payouts, the comparison, and what does not fit."""

import asyncio
import datetime as dt
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from application.queries import AsOf
from application.settlement.compare_balance import (
    BookedClearing,
    CompareBalance,
    RecordComparison,
    Recorded,
)
from application.settlement.follow_payout import PayoutFollower
from application.settlement.gateway import (
    ListedTransaction,
    ProviderPayout,
    SettlementGateway,
)
from application.settlement.ports import SettlementBreak
from application.settlement.record_payout import ReconcilePayout, RecordPayout
from application.settlement.record_transaction import RecordTransaction
from domain.kernel.entries import ACCOUNTING_ZONE
from domain.kernel.money import Money
from domain.settlement.state import ComparedBalance, Transaction
from interfaces.composition import Core
from interfaces.worker.timers import compare_stripe_balance
from interfaces.worker.timers.timer import Page
from projections.stripe_settlement import queries
from tests.integration.projections.airline import START, Airline
from tests.support.airline import payment_of
from tests.support.postgres_airline import postgres_airline

TODAY = dt.date(2026, 11, 24)
PAYOUT = ProviderPayout(
    id="po_1",
    status="paid",
    amount=Money(9_000, "USD"),
    automatic=True,
    arrives_on=TODAY,
    created_at=START,
)


def transaction(
    id: str, category: str, gross: int, *, charge: str | None = None, charged: Money | None = None
) -> Transaction:
    """A transaction in dollars with a fee of 30."""
    return Transaction(
        id=id,
        type=category,
        category=category,
        gross=Money(gross, "USD"),
        fee=Money(30, "USD"),
        available_on=TODAY,
        created_at=START,
        source=charge,
        charge=charge,
        charged=charged,
    )


async def breaks(airline: Airline, *, hours: float) -> list[tuple[str, str, int, str]]:
    """What does not fit so many hours later; the log dates its events by the real clock."""
    then = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    found, as_of = await queries.breaks(airline.pool, before=then)
    assert isinstance(as_of, AsOf)
    assert all(isinstance(each, SettlementBreak) for each in found)
    return [(each.kind, each.object, each.amount, each.currency) for each in found]


async def test_a_payout_is_shown_with_what_it_paid_out(airline: Airline) -> None:
    charged = Money(37_500, "SAR")
    await airline.submit(
        RecordTransaction(transaction("txn_1", "charge", 9_030, charge="ch_1", charged=charged))
    )
    await airline.submit(RecordPayout(PAYOUT))
    await airline.submit(ReconcilePayout(PAYOUT, ("txn_1",), Money(9_000, "USD")))
    await airline.catch_up()
    ((listed,), _) = await queries.payouts(airline.pool)
    found, _ = await queries.payout(airline.pool, "po_1")
    assert found is not None
    assert found.payout == listed
    assert (listed.status, listed.amount, listed.paid_out, listed.transaction_count) == (
        *("paid", 9_000, 9_000),
        1,
    )
    (line,) = found.transactions
    assert (line.transaction, line.gross, line.fee, line.charged, line.charged_currency) == (
        *("txn_1", 9_030, 30),
        *(37_500, "SAR"),
    )
    assert (await queries.payout(airline.pool, "po_2"))[0] is None


async def test_each_kind_of_break_is_listed_and_goes_when_it_fits(airline: Airline) -> None:
    booking = await airline.sell()
    (capture,) = (await airline.payment(payment_of(booking))).captures
    foreign = transaction("txn_2", "charge", 530, charge="ch_9", charged=Money(2_000, "SAR"))
    await airline.submit(RecordTransaction(transaction("txn_1", "reserve", -700)))
    await airline.submit(RecordTransaction(foreign))
    await airline.submit(ReconcilePayout(PAYOUT, ("txn_2",), Money(500, "USD")))
    differing = ComparedBalance("USD", 500, 1_200, 0)
    await airline.submit(RecordComparison(TODAY, (differing,)))
    await airline.catch_up()
    assert sorted(await breaks(airline, hours=-1)) == [
        ("balance_differs", "2026-11-24", -700, "USD"),
        ("payout_differs", "po_1", 8_500, "USD"),
        ("unknown_transaction", "txn_1", 730, "USD"),
    ]
    assert {each[:3] for each in await breaks(airline, hours=1)} >= {
        ("not_listed", capture.charge, capture.amount.amount),
        ("not_booked", "ch_9", -2_000),
    }
    listed = transaction("txn_3", "charge", 9_999, charge=capture.charge, charged=capture.amount)
    await airline.submit(RecordTransaction(listed))
    await airline.submit(ReconcilePayout(PAYOUT, ("txn_2",), PAYOUT.amount))
    await airline.submit(RecordComparison(TODAY, (ComparedBalance("USD", 500, 500, 0),)))
    await airline.catch_up()
    assert [each[:2] for each in await breaks(airline, hours=1)] == [
        ("unknown_transaction", "txn_1"),
        ("not_booked", "ch_9"),
    ]


async def test_an_amount_that_differs_between_both_sides_is_listed(airline: Airline) -> None:
    booking = await airline.sell()
    (capture,) = (await airline.payment(payment_of(booking))).captures
    less = capture.amount - Money(50, "SAR")
    await airline.submit(
        RecordTransaction(transaction("txn_1", "charge", 9, charge=capture.charge, charged=less))
    )
    await airline.catch_up()
    assert await breaks(airline, hours=1) == [("amount_differs", capture.charge, 50, "SAR")]


async def test_the_latest_comparison_is_shown_and_decides_whether_another_is_due(
    airline: Airline,
) -> None:
    await airline.catch_up()
    assert await queries.latest_comparison(airline.pool) is None
    core = cast(Core, SimpleNamespace(pool=airline.pool))
    noon = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
    assert await compare_stripe_balance.due(core, Page(now=noon, limit=10)) == []
    await airline.submit(RecordTransaction(transaction("txn_1", "fee", -5)))
    await airline.catch_up()
    assert await compare_stripe_balance.due(core, Page(now=noon, limit=10)) == [CompareBalance()]
    assert (await queries.balances(airline.pool))[0] == []
    # The log dates its events by the real clock.
    later = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
    for day, reported in ((later, 900), (later + dt.timedelta(days=1), 1_000)):
        balances = (
            ComparedBalance("SAR", 7, 0, 7),
            ComparedBalance("USD", 1_000, reported, 0),
        )
        await airline.submit(RecordComparison(day, balances))
        await airline.catch_up()
        latest = await queries.latest_comparison(airline.pool)
        assert latest is not None
        assert (latest[0], latest[2]) == (day.isoformat(), reported == 1_000)
        compared_at, differs = latest[1], reported != 1_000
        for hours, is_due in ((0.5, False), (1.5, differs)):
            page = Page(now=compared_at + dt.timedelta(hours=hours), limit=10)
            due = await compare_stripe_balance.due(core, page)
            assert due == ([CompareBalance()] if is_due else []), hours
        midnight = dt.datetime.combine(day, dt.time(), ZoneInfo(ACCOUNTING_ZONE))
        for hours, is_due in ((25, differs), (27, True)):
            page = Page(now=midnight + dt.timedelta(hours=hours), limit=10)
            due = await compare_stripe_balance.due(core, page)
            assert due == ([CompareBalance()] if is_due else []), hours
    found, _ = await queries.balances(airline.pool)
    assert [(each.day, each.currency, each.unexplained) for each in found] == [
        (day.isoformat(), "SAR", 0),
        (day.isoformat(), "USD", 0),
    ]


async def test_the_clearing_account_and_what_explains_it_are_of_one_moment(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    (capture,) = (await airline.payment(payment_of(booking))).captures
    await airline.catch_up()
    listed = transaction("txn_1", "charge", 9_999, charge=capture.charge, charged=capture.amount)
    long_ago, later = listed.created_at, listed.created_at + dt.timedelta(seconds=1)
    found = await queries.clearing(airline.pool, long_ago)
    assert found == BookedClearing(
        {"SAR": capture.amount.amount}, {"SAR": capture.amount.amount}, []
    )
    await airline.submit(RecordTransaction(listed))
    await airline.catch_up()
    found = await queries.clearing(airline.pool, long_ago)
    recent = [Recorded("txn_1", "charge", Money(9_969, "USD"))]
    assert found == BookedClearing({"SAR": 0, "USD": 9_969}, {}, recent)
    assert (await queries.clearing(airline.pool, later)).recent == []
    await airline.submit(RecordTransaction(transaction("txn_2", "reserve", 5_000)))
    await airline.catch_up()
    assert (await queries.clearing(airline.pool, long_ago)).recent == recent


@pytest.mark.parametrize(
    ("status", "arrives_on", "reconciled", "due"),
    [
        ("in_transit", TODAY, True, True),
        ("in_transit", TODAY + dt.timedelta(days=1), True, False),
        ("paid", TODAY, False, True),
        ("paid", TODAY, True, False),
        ("failed", TODAY, True, False),
        ("failed", TODAY, False, False),
    ],
)
async def test_payouts_are_followed_until_they_have_arrived_and_are_compared(
    airline: Airline, status: str, arrives_on: dt.date, reconciled: bool, due: bool
) -> None:
    payout = ProviderPayout(
        id="po_1",
        status=status,  # type: ignore[arg-type]  # one of the words
        amount=PAYOUT.amount,
        automatic=True,
        arrives_on=arrives_on,
        created_at=START,
    )
    await airline.submit(RecordPayout(payout))
    if reconciled:
        await airline.submit(ReconcilePayout(payout, ("txn_1",), PAYOUT.amount))
    await airline.catch_up()
    found = await queries.unfinished_payouts(airline.pool, arrived_until=TODAY, limit=10, after="")
    assert found == (["po_1"] if due else [])
    assert await queries.unfinished_payouts(
        airline.pool, arrived_until=TODAY, limit=10, after="po_1"
    ) == []  # fmt: skip


async def test_two_processes_that_read_the_same_list_record_each_transaction_once(
    airline: Airline,
) -> None:
    charged = Money(37_500, "SAR")
    wanted = [
        ListedTransaction(
            transaction(f"txn_{number}", "charge", 9_030, charge="ch_1", charged=charged)
        )
        for number in range(1, 20)
    ]
    async with postgres_airline(airline.database.app_dsn) as other:
        followers = [
            PayoutFollower(bus=each.dispatcher, stripe=cast(SettlementGateway, None))
            for each in (airline, other)
        ]
        counts = await asyncio.gather(*(each.record_all(wanted) for each in followers))
    assert sum(counts) == len(wanted)
    tag = "settlement.transaction_recorded.1"
    assert airline.query("SELECT count(*) FROM ledger.event WHERE tag = %s", tag) == [(19,)]
    assert airline.query("SELECT sum(amount)::int FROM ledger.posting WHERE account = '6000'") == [
        (19 * 30,)
    ]
