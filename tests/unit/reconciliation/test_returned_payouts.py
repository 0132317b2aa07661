"""Payouts that failed, also after they were paid, beside what the bank booked of them."""

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace

from application.reconciliation.import_bank_lines import import_bank_lines
from application.reconciliation.run_reconciliation import run_reconciliation
from domain.kernel.money import Money
from domain.reconciliation import bank_leg, matching
from domain.reconciliation.records import BankLine, Legs, ListedPayout
from tests.support.legs import ARRIVAL, MORNING, bank_line, breaks_of, listed
from tests.support.legs import payout as paid_out
from tests.support.reconciled import reconciled

NOW = dt.datetime(2026, 12, 20, 9, 0, tzinfo=dt.UTC)
COVERED = NOW.date()
currencies = pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
endings = pytest.mark.parametrize("status", ["failed", "canceled"])
texts = pytest.mark.parametrize("text", ["STRIPE PO_1", "STRIPE"])


def payout(price: Money, status: str = "failed", **changed: Any) -> ListedPayout:
    return paid_out(price, status=status, paid_out=None, **changed)


def came(price: Money, text: str = "STRIPE PO_1") -> BankLine:
    return bank_line(price, text, "b_came")


def went_back(price: Money, text: str = "STRIPE PO_1", days: int = 2) -> BankLine:
    return replace(bank_line(-price, text, "b_back"), booked_on=ARRIVAL + dt.timedelta(days=days))


def legs(*rows: ListedPayout | BankLine, until: dt.date = COVERED) -> Legs:
    return Legs(
        payouts=tuple(row for row in rows if isinstance(row, ListedPayout)),
        bank=tuple(row for row in rows if isinstance(row, BankLine)),
        bank_until=until,
    )


def found(rows: Legs) -> list[tuple[str, int]]:
    return [(each.kind, each.amount.amount) for each in breaks_of(rows, NOW)]


@currencies
@endings
@texts
def test_money_that_came_and_went_back_is_explained(currency: str, status: str, text: str) -> None:
    price = Money(70_150, currency)
    rows = legs(payout(price, status), came(price, text), went_back(price, text))
    assert found(rows) == []
    (total,) = matching.day_totals(matching.match(rows, now=NOW))
    assert total.value == total.explained == price.amount


@endings
def test_a_payout_that_failed_before_it_came_has_no_line_and_is_explained(status: str) -> None:
    assert found(legs(payout(Money(70_150, "SAR"), status))) == []


@currencies
@texts
def test_money_that_came_and_did_not_go_back_is_timing_for_five_days_and_a_break_then(
    currency: str, text: str
) -> None:
    price = Money(70_150, currency)
    for days, kind in ((5, "timing"), (6, "payout")):
        until = ARRIVAL + dt.timedelta(days=days)
        rows = legs(payout(price), came(price, text), until=until)
        assert found(rows) == [(kind, -price.amount)]


def test_the_bank_has_five_days_from_the_day_on_which_stripe_has_the_money_back() -> None:
    price = Money(70_150, "SAR")
    reversed_at = MORNING + dt.timedelta(days=10)
    reversal = listed(
        price,
        category="payout_reversal",
        key="po_1",
        opening="po_1",
        created_at=reversed_at,
        booked_by="transaction",
        collects=(),
    )
    for days, kind in ((5, "timing"), (6, "payout")):
        until = reversed_at.date() + dt.timedelta(days=days)
        rows = replace(legs(payout(price), came(price), until=until), listed=(reversal,))
        of_bank = [each for each in breaks_of(rows, NOW) if each.sources == ("po_1", "bank")]
        assert [each.kind for each in of_bank] == [kind]


@texts
def test_money_that_went_back_and_never_came_is_a_break_at_once(text: str) -> None:
    price = Money(70_150, "SAR")
    soon = ARRIVAL + dt.timedelta(days=2)
    rows = legs(payout(price), went_back(price, text), until=soon)
    assert found(rows) == [("payout", price.amount)]


def test_a_bank_that_returned_less_than_came_has_the_rest() -> None:
    price, less = Money(70_150, "SAR"), Money(70_000, "SAR")
    soon = ARRIVAL + dt.timedelta(days=2)
    rows = legs(payout(price), came(price), went_back(less), until=soon)
    assert found(rows) == [("payout", -150)]


def test_money_that_went_back_in_another_currency_is_a_break() -> None:
    price = Money(70_150, "SAR")
    rows = legs(payout(price), came(price), went_back(price), replace(
        went_back(Money(1, "KWD")), id="b_other"
    ))  # fmt: skip
    assert found(rows) == [("payout", 0)]


def test_a_bank_that_returned_what_stripe_still_has_as_paid_is_a_break_until_stripe_says_so() -> (
    None
):
    price = Money(70_150, "SAR")
    rows = (came(price), went_back(price))
    assert found(legs(payout(price, "paid"), *rows)) == [("payout", price.amount)]
    assert found(legs(payout(price, "failed"), *rows)) == []


def test_a_return_without_any_payout_is_a_break_of_its_own() -> None:
    price = Money(70_150, "SAR")
    assert found(legs(went_back(price, "STRIPE RETURN"))) == [("payout", price.amount)]


def test_of_two_payouts_of_one_amount_none_is_guessed_to_have_gone_back() -> None:
    price = Money(70_150, "SAR")
    rows = legs(
        payout(price), payout(price, id_="po_2"), came(price, "STRIPE"), went_back(price, "STRIPE")
    )
    # The payouts themselves fit: that neither came is possible. Each line is one to ask about.
    assert sorted(found(rows)) == [("payout", -price.amount), ("payout", price.amount)]


def test_a_return_long_after_the_payout_is_not_taken_for_its_own() -> None:
    price = Money(70_150, "SAR")
    rows = legs(payout(price), came(price, "STRIPE"), went_back(price, "STRIPE", days=15))
    assert sorted(found(rows)) == [("payout", -price.amount), ("payout", price.amount)]


def test_a_payout_that_should_arrive_after_the_statement_ends_is_not_compared() -> None:
    price = Money(70_150, "SAR")
    assert found(legs(payout(price), until=ARRIVAL - dt.timedelta(days=1))) == []


async def test_a_run_that_ends_with_the_day_of_a_payout_finds_its_latest_return() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "failed")
        await settled.sweeper.sweep()
        created_on, arrives_on = each.today, each.today + dt.timedelta(days=1)
        settled.airline.wait(days=20)
        whole, cents = divmod(captured.amount, 100)
        lines = (
            f"{arrives_on},{whole}.{cents:02},SAR,STRIPE po_1",
            f"{arrives_on + bank_leg.RETURN_REACH},-{whole}.{cents:02},SAR,STRIPE po_1",
        )
        file = "\n".join(("date,amount,currency,text", *lines, "")).encode()
        await import_bank_lines(each.ports, file, actor="operator")
        for since, until in ((created_on, created_on), (arrives_on, each.today)):
            await run_reconciliation(each.ports, since=since, until=until)
            assert [found.break_.found for found in await each.open()] == []


async def test_a_payout_that_fails_after_it_was_paid_is_explained_once_the_bank_returned_it() -> (
    None
):
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        settled.stripe.pay_out("SAR")
        settled.stripe.move("po_1", "paid", reconciled=True)
        await settled.sweeper.sweep()
        settled.airline.wait(days=1)
        whole, cents = divmod(captured.amount, 100)
        amount = f"{whole}.{cents:02}"

        async def statement(*lines: str) -> None:
            rows = "".join(f"{each.today},{line}\n" for line in lines)
            file = f"date,amount,currency,text\n{rows}".encode()
            await import_bank_lines(each.ports, file, actor="operator")

        await statement(f"{amount},SAR,STRIPE po_1")
        assert await each.breaks() == []
        settled.airline.wait(days=2)
        settled.stripe.move("po_1", "failed", reconciled=True)
        await settled.learn()
        await settled.sweeper.sweep()
        settled.airline.wait(hours=2)
        assert await each.breaks() == [("timing", -captured.amount)]
        await statement(f"-{amount},SAR,STRIPE po_1 RETURNED")
        assert await each.breaks() == []
