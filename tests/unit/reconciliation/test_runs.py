"""Each run is listed, also one that adds nothing; one that was cut short is continued."""

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from application.payment.gateway import GatewayUnavailable
from application.ports import Unavailable
from application.queries import CursorRefused
from application.reconciliation.read_runs import read_runs
from application.reconciliation.run_reconciliation import run_reconciliation
from domain.kernel.money import Money
from domain.reconciliation.state import DayTotal
from interfaces.composition import Core
from interfaces.worker.timers import reconcile_days
from interfaces.worker.timers.timer import Page
from tests.support.reconciled import Reconciled, reconciled


async def with_a_break(each: Reconciled) -> None:
    """Stripe has five minor units less than the ledger."""
    booking, captured = each.settled.sell(50_000)
    less = Money(captured.amount - 5, "SAR")
    each.settled.stripe.charge(each.settled.charge_of(booking), less, settled=less)
    await each.settled.sweeper.sweep()
    each.settled.airline.wait(hours=2)


async def test_a_run_is_listed_with_what_it_found_also_when_it_adds_nothing_to_the_log() -> None:
    async with reconciled() as each:
        await with_a_break(each)
        for trigger in ("request", "command"):
            await run_reconciliation(
                each.ports, since=each.today, until=each.today, actor="u", trigger=trigger
            )
            each.settled.airline.wait(minutes=1)
        first, last = reversed((await read_runs(each.ports, cursor=None, limit=10)).runs)
        assert (first.trigger, last.trigger, last.actor) == ("request", "command", "u")
        assert (last.since, last.until) == (each.today, each.today)
        assert last.finished_at == last.started_at
        assert first.breaks == last.breaks == {"amount": 1}
        (total,) = last.totals
        assert (total.currency, total.explained) == ("SAR", 0)
        assert total.value > 0


async def test_the_totals_of_a_run_are_those_of_all_its_days() -> None:
    async with reconciled() as each:
        for _ in range(2):
            await with_a_break(each)
            each.settled.airline.wait(days=1)
        results = await each.run()
        (run,) = (await read_runs(each.ports, cursor=None, limit=10)).runs
        value = sum(total.value for result in results for total in result.totals)
        assert run.totals == (DayTotal("SAR", value, 0),)
        assert run.breaks == {"amount": 2}


async def test_the_list_of_runs_is_read_in_pages_from_the_newest_on() -> None:
    async with reconciled() as each:
        for _ in range(3):
            await each.run()
            each.settled.airline.wait(minutes=1)
        page = await read_runs(each.ports, cursor=None, limit=2)
        assert ([run.number for run in page.runs], page.next_cursor) == ([3, 2], "2")
        rest = await read_runs(each.ports, cursor=page.next_cursor, limit=2)
        assert ([run.number for run in rest.runs], rest.next_cursor) == ([1], None)
        whole = await read_runs(each.ports, cursor=None, limit=3)
        assert (len(whole.runs), whole.next_cursor) == (3, None)
        for wrong in ("0", "-1", "x", "1/2", "1" * 30):
            with pytest.raises(CursorRefused):
                await read_runs(each.ports, cursor=wrong, limit=2)


async def test_a_run_during_an_outage_of_stripe_is_listed_without_an_end() -> None:
    async with reconciled() as each:
        await with_a_break(each)
        each.settled.stripe.breaks_after = len(each.settled.stripe.calls)
        with pytest.raises(GatewayUnavailable):
            await each.run()
        (run,) = (await read_runs(each.ports, cursor=None, limit=10)).runs
        assert (run.finished_at, run.breaks, run.totals) == (None, {}, ())


class CutBus:
    """A bus whose log is away after so many commands."""

    def __init__(self, bus: Any, *, after: int) -> None:
        self._bus = bus
        self._left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    async def submit(self, envelope: Any) -> Any:
        if self._left == 0:
            raise Unavailable("the log")
        self._left -= 1
        return await self._bus.submit(envelope)


@pytest.mark.parametrize("days", [0, 1, 4, 7])
async def test_a_run_that_was_cut_short_has_recorded_whole_days_and_the_next_continues(
    days: int,
) -> None:
    async def recorded(each: Reconciled) -> list[Any]:
        return [
            (one.stream, one.event)
            for one in each.settled.airline.log.events
            if one.stream.startswith("reconciliation-")
        ]

    async with reconciled() as whole:
        await with_a_break(whole)
        await whole.run()
        expected = await recorded(whole)
    async with reconciled() as each:
        await with_a_break(each)
        cut: Any = CutBus(each.ports.bus, after=days)
        with pytest.raises(Unavailable):
            await replace(each, ports=replace(each.ports, bus=cut)).run()
        assert {stream for stream, _ in await recorded(each)} == {
            stream for stream, _ in expected[:days]
        }
        core = cast(Core, SimpleNamespace(bus=each.ports.bus))
        tomorrow = each.settled.airline.clock() + dt.timedelta(days=1)
        assert await reconcile_days.due(core, Page(now=tomorrow, limit=1))
        each.settled.airline.wait(minutes=1)
        await each.run()
        assert await recorded(each) == expected


@pytest.mark.parametrize(("charges", "pages"), [(1, 1), (4, 2), (30, 10)])
async def test_a_run_asks_stripe_once_for_each_page_and_once_more_for_each_payout(
    charges: int, pages: int
) -> None:
    async with reconciled(page_size=3) as each:
        stripe = each.settled.stripe
        for number in range(charges):
            amount = Money(1_000 + number, "SAR")
            stripe.charge(f"ch_{number}", amount, settled=amount)
        before = len(stripe.calls)
        await each.run()
        assert stripe.calls[before:] == ["list"] * pages
        stripe.pay_out("SAR")
        stripe.move("po_1", "paid", reconciled=True)
        before = len(stripe.calls)
        each.settled.airline.wait(minutes=1)
        await each.run()
        # The list has the payout itself, too; its own list has what it paid out.
        of_payout = -(-charges // 3)
        assert len(stripe.calls) - before == -(-(charges + 1) // 3) + of_payout
