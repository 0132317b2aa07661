"""The sweep over Stripe's list: complete whatever breaks, and one call when nothing is new."""

import pytest

from application import read_list
from application.commands.command import CommandEnvelope, Outcome
from application.payment.gateway import GatewayUnavailable
from application.settlement.follow_hints import PAUSE_SECONDS, HintFollower
from application.settlement.sweep_transactions import CHECKPOINT
from domain.kernel.money import Money
from tests.support.settled import SettledAirline, settled_airline


def charges(settled: SettledAirline, count: int, *, every_seconds: float = 1.0) -> None:
    """So many charges of 100 USD without a booking, with fees of 3."""
    for _ in range(count):
        number = len(settled.stripe._listed)
        gross = Money(100, "USD")
        settled.stripe.charge(f"ch_{number}", gross, settled=gross, fee=3)
        settled.airline.wait(seconds=every_seconds)


async def test_a_sweep_without_news_costs_one_call() -> None:
    async with settled_airline() as settled:
        await settled.sweeper.sweep()
        charges(settled, 3)
        assert await settled.sweeper.sweep() == 3
        before = len(settled.stripe.calls)
        assert await settled.sweeper.sweep() == 0
        assert settled.stripe.calls[before:] == ["list"]


async def test_a_sweep_that_is_cut_between_pages_loses_and_repeats_nothing() -> None:
    async with settled_airline(page_size=2) as settled:
        charges(settled, 9)
        for cut_after in range(1, 12):
            settled.stripe.breaks_after = len(settled.stripe.calls) + cut_after % 4
            try:
                await settled.sweeper.sweep()
            except GatewayUnavailable:
                continue
        settled.stripe.breaks_after = None
        await settled.sweeper.sweep()
        assert settled.books() == {("6000", "USD"): 27, ("1010", "USD"): -27}


async def test_a_long_list_is_read_in_stretches_that_a_cut_sweep_keeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read_list, "STRETCH_PAGES", 2)
    async with settled_airline(page_size=2) as settled:
        charges(settled, 40, every_seconds=3_600)
        began = await settled.checkpoints.read(CHECKPOINT)
        settled.stripe.breaks_after = 30
        with pytest.raises(GatewayUnavailable):
            await settled.sweeper.sweep()
        reached = await settled.checkpoints.read(CHECKPOINT)
        assert reached > began
        settled.stripe.breaks_after = None
        await settled.sweeper.sweep()
        assert settled.books("6000") == {("6000", "USD"): 120}


async def test_a_long_list_costs_hardly_more_calls_than_it_has_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read_list, "STRETCH_PAGES", 5)
    async with settled_airline(page_size=2) as settled:
        charges(settled, 200, every_seconds=60)
        assert await settled.sweeper.sweep() == 200
        # One for each pair, and for each divided stretch one page that the next one reads again.
        assert 100 <= len(settled.stripe.calls) <= 150


async def test_what_is_recorded_is_not_submitted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with settled_airline() as settled:
        charges(settled, 30)
        await settled.sweeper.sweep()
        charges(settled, 1)
        submitted = []
        submit = settled.bus.submit

        async def counted(envelope: CommandEnvelope) -> Outcome:
            submitted.append(envelope.command)
            return await submit(envelope)

        monkeypatch.setattr(settled.bus, "submit", counted)
        assert await settled.sweeper.sweep() == 1
        assert len(submitted) == 1


async def test_many_transactions_of_one_second_are_read_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read_list, "STRETCH_PAGES", 2)
    async with settled_airline(page_size=2) as settled:
        charges(settled, 17, every_seconds=0)
        await settled.sweeper.sweep()
        assert settled.books("6000") == {("6000", "USD"): 51}


async def test_a_transaction_that_stripe_lists_late_is_found_by_the_overlap() -> None:
    async with settled_airline() as settled:
        charges(settled, 2, every_seconds=60)
        late = settled.stripe._listed.pop(0)
        await settled.sweeper.sweep()
        settled.stripe._listed.insert(0, late)
        assert await settled.sweeper.sweep() == 1


async def test_a_payout_of_more_transactions_than_the_queue_takes_is_recorded_whole() -> None:
    async with settled_airline() as settled:
        settled.bus._queue_limit = 150
        charges(settled, 420, every_seconds=0)
        settled.stripe.pay_out("USD")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.learn()
        assert settled.books("6000") == {("6000", "USD"): 3 * 420}
        (row,) = settled.rows("settled_payouts")
        assert row.paid_out == row.amount  # type: ignore[attr-defined]


async def test_hints_that_come_together_cost_one_sweep() -> None:
    async with settled_airline() as settled:
        now = [0.0]
        hints = HintFollower(
            follower=settled.follower, sweeper=settled.sweeper, monotonic=lambda: now[0]
        )
        for _ in range(20):
            await hints.learn_transactions()
        assert settled.stripe.calls == ["list"]
        now[0] += PAUSE_SECONDS
        await hints.learn_transactions()
        assert settled.stripe.calls == ["list", "list"]
