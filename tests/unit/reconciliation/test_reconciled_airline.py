"""The use cases over the test airline and its account at Stripe: runs, and two persons."""

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import pytest

from application.reconciliation.approve_remedy import approve_remedy
from application.reconciliation.import_bank_lines import import_bank_lines
from application.reconciliation.propose_remedy import propose_remedy
from application.reconciliation.read_reconciliation import BreakDetails, read_report
from application.reconciliation.run_reconciliation import run_reconciliation
from domain.kernel.money import Money
from domain.reconciliation.rejections import (
    ApproverMustDiffer,
    RangeNotAllowed,
    RemedyNotAllowed,
)
from interfaces.composition import Core
from interfaces.worker.timers import reconcile_days
from interfaces.worker.timers.reconcile_days import ReconcileDays
from interfaces.worker.timers.timer import Page
from tests.support.reconciled import Reconciled, caller, reconciled


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
async def test_a_sale_a_refund_a_failure_and_a_payout_leave_no_break(currency: str) -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000, currency)
        charge = settled.charge_of(booking)
        settled.stripe.charge(charge, captured, settled=Money(13_300, "USD"), fee=519)
        refund = settled.give_refund(booking, captured, "re_1")
        settled.stripe.refund("re_1", charge, captured, settled=Money(13_350, "USD"))
        settled.fail_refund(booking, refund, "re_1")
        settled.stripe.refund_failure("re_1", charge, captured, settled=Money(13_340, "USD"))
        await settled.sweeper.sweep()
        settled.stripe.pay_out("USD")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.sweeper.sweep()
        settled.airline.wait(hours=2)
        assert await each.breaks() == []
        (day,) = await each.run()
        assert all(total.value == total.explained > 0 for total in day.totals)


async def test_a_second_run_over_the_same_rows_adds_nothing_to_the_log() -> None:
    async with reconciled() as each:
        each.settled.sell(50_000)
        each.settled.airline.wait(days=4)
        assert await each.breaks() == [("missing_at_stripe", each.settled.books()["1010", "SAR"])]
        known = len(each.settled.airline.log.events)
        first = await each.run()
        assert await each.run() == first
        assert len(each.settled.airline.log.events) == known


async def test_a_refund_from_the_dashboard_is_missing_in_the_ledger_until_it_is_recorded() -> None:
    async with reconciled() as each:
        booking, captured = each.settled.sell(50_000)
        charge = each.settled.charge_of(booking)
        each.settled.stripe.charge(charge, captured, settled=captured)
        each.settled.stripe.refund("re_1", charge, Money(100, "SAR"), settled=Money(100, "SAR"))
        await each.settled.sweeper.sweep()
        each.settled.airline.wait(hours=2)
        assert await each.breaks() == [("missing_in_ledger", 100)]
        each.settled.give_refund(booking, Money(100, "SAR"), "re_1")
        each.settled.airline.wait(hours=2)
        assert await each.breaks() == []


async def test_a_dispute_that_no_event_reported_is_a_break_of_the_state_of_its_charge() -> None:
    async with reconciled() as each:
        booking, captured = each.settled.sell(50_000)
        charge = each.settled.charge_of(booking)
        each.settled.stripe.charge(charge, captured, settled=captured)
        each.settled.stripe.add(
            "dispute", -captured, source="dp_1", charge=charge, charged=-captured
        )
        await each.settled.sweeper.sweep()
        each.settled.airline.wait(hours=2)
        assert await each.breaks() == [("state", captured.amount)]


async def test_a_fee_that_was_not_swept_is_missing_and_clears_itself_once_it_is() -> None:
    async with reconciled() as each:
        booking, captured = each.settled.sell(50_000)
        each.settled.stripe.charge(
            each.settled.charge_of(booking), captured, settled=captured, fee=900
        )
        each.settled.airline.wait(hours=2)
        assert await each.breaks() == [("missing_in_ledger", 900)]
        await each.settled.sweeper.sweep()
        assert await each.breaks() == []


async def short_charge(each: Reconciled) -> BreakDetails:
    """Stripe has five minor units less than the ledger; the break."""
    booking, captured = each.settled.sell(50_000)
    less = Money(captured.amount - 5, "SAR")
    each.settled.stripe.charge(each.settled.charge_of(booking), less, settled=less)
    await each.settled.sweeper.sweep()
    each.settled.airline.wait(hours=2)
    assert await each.breaks() == [("amount", 5)]
    return await each.only()


async def test_a_difference_is_written_off_by_two_persons_and_the_day_is_explained_then() -> None:
    async with reconciled() as each:
        found = await short_charge(each)
        where: dict[str, Any] = {"day": found.day, "break_id": found.break_.found.id}
        await propose_remedy(
            each.ports,
            caller("user_1"),
            decision="write_off",
            account="6000",
            reason="rounding",
            **where,
        )
        before = each.settled.books()
        with pytest.raises(ApproverMustDiffer):
            await approve_remedy(each.ports, caller("user_1"), approved=True, **where)
        assert each.settled.books() == before
        decided = await approve_remedy(each.ports, caller("user_2"), approved=True, **where)
        assert decided.break_.status == "resolved"
        after = each.settled.books()
        assert after["1010", "SAR"] - before["1010", "SAR"] == -5
        assert after["6000", "SAR"] - before.get(("6000", "SAR"), 0) == 5
        assert await each.breaks() == []
        (day,) = [day for day in await read_report(each.ports) if day.totals]
        assert all(total.value == total.explained for total in day.totals)


async def test_a_write_off_that_was_declined_moves_no_money() -> None:
    async with reconciled() as each:
        found = await short_charge(each)
        where: dict[str, Any] = {"day": found.day, "break_id": found.break_.found.id}
        before = each.settled.books()
        await propose_remedy(
            each.ports,
            caller("user_1"),
            decision="write_off",
            account="7000",
            reason="rounding",
            **where,
        )
        declined = await approve_remedy(each.ports, caller("user_2"), approved=False, **where)
        assert declined.break_.status == "open"
        assert each.settled.books() == before


@pytest.mark.parametrize("account", ["2100", "1000", "9999", None])
async def test_nothing_is_written_off_to_an_account_that_is_none_for_it(
    account: str | None,
) -> None:
    async with reconciled() as each:
        found = await short_charge(each)
        with pytest.raises(RemedyNotAllowed):
            await propose_remedy(
                each.ports,
                caller("user_1"),
                day=found.day,
                break_id=found.break_.found.id,
                decision="write_off",
                account=account,
                reason="rounding",
            )


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, -1), (-100, 0)])
async def test_days_ahead_out_of_order_or_too_many_are_refused(first: int, last: int) -> None:
    async with reconciled() as each:
        with pytest.raises(RangeNotAllowed):
            await run_reconciliation(
                each.ports,
                since=each.today + dt.timedelta(days=first),
                until=each.today + dt.timedelta(days=last),
            )


async def test_a_payout_is_compared_with_the_statement_and_the_same_file_adds_nothing() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.sweeper.sweep()
        settled.airline.wait(days=1)
        assert await each.breaks() == []
        whole, cents = divmod(captured.amount - 1, 100)
        file = (
            "date,amount,currency,text\n"
            f"{each.today},{whole}.{cents:02},SAR,STRIPE PAYOUT po_1\n"
            f"{each.today},-10.00,SAR,Salary of a person\n"
        ).encode()
        imported = await import_bank_lines(each.ports, file, actor="operator")
        assert (imported.line_count, imported.unrelated_count, imported.new_days) == (1, 1, 1)
        known = len(settled.airline.log.events)
        await import_bank_lines(each.ports, file, actor="operator")
        assert len(settled.airline.log.events) == known
        assert await each.breaks() == [("payout", 1)]


async def test_a_payout_is_found_at_the_bank_by_the_trace_id_that_stripe_gave_it() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True, trace="TRX0042")
        await settled.sweeper.sweep()
        settled.airline.wait(days=1)
        whole, cents = divmod(captured.amount - 1, 100)
        line = f"{each.today},{whole}.{cents:02},SAR,STRIPE trx0042\n"
        await import_bank_lines(
            each.ports, f"date,amount,currency,text\n{line}".encode(), actor="operator"
        )
        assert await each.breaks() == [("payout", 1)]


async def test_a_payout_that_only_a_reference_names_is_found_once_it_has_its_trace_id() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.sweeper.sweep()
        settled.airline.wait(days=1)
        whole, cents = divmod(captured.amount - 1, 100)
        file = (
            "date,amount,currency,text,reference\n"
            f"{each.today},{whole}.{cents:02},SAR,Incoming transfer,trx0042\n"
            f"{each.today},-10.00,SAR,Salary of Layla,\n"
        ).encode()
        imported = await import_bank_lines(each.ports, file, actor="operator")
        assert (imported.line_count, imported.unrelated_count) == (0, 2)
        assert await each.breaks() == [("timing", captured.amount)]
        stored = [msgspec.json.encode(one.event) for one in settled.airline.log.events]
        assert not any(b"Layla" in event or b"Incoming" in event for event in stored)
        settled.stripe.move("po_1", "paid", reconciled=True, trace="TRX0042")
        assert await each.breaks() == [("payout", 1)]
        known = len(settled.airline.log.events)
        await import_bank_lines(each.ports, file, actor="operator")
        assert len(settled.airline.log.events) == known


async def test_the_daily_run_is_due_at_two_in_riyadh_and_a_missed_one_is_caught_up() -> None:
    async with reconciled() as each:
        core = cast(Core, SimpleNamespace(bus=each.ports.bus))

        async def due(day: dt.date, hour: int) -> list[ReconcileDays]:
            local = dt.datetime.combine(day, dt.time(hour), ZoneInfo("Asia/Riyadh"))
            return await reconcile_days.due(core, Page(now=local.astimezone(dt.UTC), limit=1))

        today = each.today + dt.timedelta(days=1)
        assert await due(today, 1) == []
        (task,) = await due(today, 2)
        first, last = (dt.date.fromisoformat(day) for day in (task.since, task.until))
        assert (last, (last - first).days) == (each.today, 6)
        await run_reconciliation(each.ports, since=first, until=last)
        assert await due(today, 2) == []
        (tomorrow,) = await due(today + dt.timedelta(days=1), 2)
        assert tomorrow.until == today.isoformat()
        (late,) = await due(today + dt.timedelta(days=20), 2)
        assert late.since == (last + dt.timedelta(days=1)).isoformat()
