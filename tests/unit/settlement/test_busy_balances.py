"""Stripe's balance is compared although transactions come in at every moment of it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from application import ports
from application.settlement import compare_balance, sweep_transactions
from domain.kernel.money import Money
from domain.settlement.state import ComparedBalance
from tests.support.settled import SettledAirline, settled_airline


def _before(settled: SettledAirline, call: str, does: Callable[[], object]) -> None:
    """Let something happen each time just before Stripe is asked this."""
    asked = getattr(settled.stripe, call)

    async def busy(**params: Any) -> Any:
        does()
        return await asked(**params)

    setattr(settled.stripe, call, busy)


def _one_fee(settled: SettledAirline, amount: int = 250) -> None:
    settled.stripe.add("fee", Money(-amount, "USD"))


async def test_a_balance_that_a_transaction_overtakes_is_asked_for_again() -> None:
    async with settled_airline() as settled:
        left = [3]

        def comes_in() -> None:
            if left[0]:
                left[0] -= 1
                _one_fee(settled)

        _before(settled, "balance", comes_in)
        (balance,) = await settled.comparer.compare()
        assert balance == ComparedBalance("USD", -750, -750, 0)
        assert settled.stripe.calls.count("balance") == 4


async def test_what_is_recorded_after_the_balance_explains_its_part() -> None:
    async with settled_airline() as settled:
        gross = Money(1_000, "USD")
        settled.stripe.charge("ch_1", gross, settled=gross, fee=30)
        read_clearing = settled.comparer._read_clearing

        async def read(since: dt.datetime) -> compare_balance.BookedClearing:
            # Another process sees these first, and records them.
            settled.stripe.charge("ch_2", gross, settled=gross, fee=40)
            settled.stripe.add("reserve", Money(-5_000, "USD"))
            await settled.sweeper.sweep()
            return await read_clearing(since)

        settled.comparer._read_clearing = read
        (compared,) = await settled.comparer.compare()
        assert (compared.reported, compared.unexplained) == (970, 0)
        # Both charges are listed and not booked yet; the second one's net is not in the balance.
        assert (compared.booked, compared.awaited) == (-70, -2_000 + 960)


async def test_a_difference_shows_although_transactions_come_in() -> None:
    async with settled_airline() as settled:
        settled.stripe.add("reserve", Money(-5_000, "USD"))
        read_clearing = settled.comparer._read_clearing

        async def read(since: dt.datetime) -> compare_balance.BookedClearing:
            _one_fee(settled, 5_000)
            await settled.sweeper.sweep()
            return await read_clearing(since)

        settled.comparer._read_clearing = read
        (compared,) = await settled.comparer.compare()
        assert compared.unexplained == 5_000


async def test_where_every_balance_is_overtaken_the_comparison_waits_and_records_nothing() -> None:
    async with settled_airline() as settled:
        _before(settled, "balance", lambda: _one_fee(settled))
        with pytest.raises(ports.Unavailable):
            await settled.comparer.compare()
        tries = settled.stripe.calls.count("balance")
        assert tries == compare_balance.TRIES_LIMIT
        assert not any(each.stream.startswith("clearing") for each in settled.airline.log.events)


async def test_a_day_reads_the_last_days_once_however_often_the_figures_differ() -> None:
    async with settled_airline() as settled:
        for _ in range(400):
            _one_fee(settled)
        settled.airline.wait(days=6)
        settled.stripe.add("reserve", Money(-5_000, "USD"))

        async def pages() -> int:
            before = settled.stripe.calls.count("list")
            await settled.comparer.compare()
            return settled.stripe.calls.count("list") - before

        await settled.sweeper.sweep()
        first, second = await pages(), await pages()
        assert first - second >= 4
        settled.airline.wait(days=1)
        assert await pages() > second


async def test_a_transaction_that_stripe_lists_late_behind_others_explains_its_part() -> None:
    async with settled_airline() as settled:
        _one_fee(settled)
        _one_fee(settled, 70)
        late = settled.stripe._listed.pop(0)
        sweep = settled.sweeper.sweep

        async def busy(**params: Any) -> int:
            if late not in settled.stripe._listed:
                settled.stripe._listed.insert(0, late)
            return await sweep(**params)

        settled.sweeper.sweep = busy  # type: ignore[method-assign]
        (balance,) = await settled.comparer.compare()
        assert balance == ComparedBalance("USD", -320, -70, -250)


async def test_a_payout_that_overtakes_the_balance_is_waited_for() -> None:
    async with settled_airline() as settled:
        gross = Money(1_000, "USD")
        settled.stripe.charge("ch_1", gross, settled=gross)
        await settled.sweeper.sweep()
        read_clearing, left = settled.comparer._read_clearing, [1]

        async def read(since: dt.datetime) -> compare_balance.BookedClearing:
            if left.pop() if left else 0:
                settled.stripe.pay_out("USD")
                await settled.sweeper.sweep()
            return await read_clearing(since)

        settled.comparer._read_clearing = read
        compared = await settled.comparer.compare()
        assert [(each.currency, each.reported, each.unexplained) for each in compared] == [
            ("USD", 0, 0)
        ]
        assert settled.stripe.calls.count("balance") == 2


async def test_what_the_books_have_of_long_ago_and_stripe_has_not_is_a_difference() -> None:
    async with settled_airline() as settled:
        _one_fee(settled)
        await settled.sweeper.sweep()
        settled.stripe._listed.clear()
        settled.airline.wait(hours=1)
        (balance,) = await settled.comparer.compare()
        assert balance.unexplained == -250


async def test_the_newest_are_of_more_than_one_second_where_there_is_more() -> None:
    async with settled_airline(page_size=2) as settled:
        for _ in range(3):
            _one_fee(settled)
        settled.airline.wait(seconds=2)
        for count in range(1, 10):
            _one_fee(settled)
            newest = await settled.sweeper.newest()
            assert len(newest.ids) >= count + 1
            assert newest.since <= settled.airline.clock()
        for _ in range(2 * sweep_transactions.NEWEST_PAGES_LIMIT):
            _one_fee(settled)
        with pytest.raises(ports.Unavailable):
            await settled.sweeper.newest()
