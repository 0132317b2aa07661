"""Rows 17 to 20 of the ledger's postings: money that a payer's bank takes, returns or keeps."""

from collections import Counter

import pytest

from domain.kernel.entries import Entry
from domain.kernel.money import Money
from domain.ledger import accounts, carriage
from domain.ledger import disputes as posting
from domain.ledger import rules as ledger_rules
from domain.ledger.carriage import Posted, Value
from tests.support.examples import BOOKING, NOW

POSTED = Posted(BOOKING, ("dp_1", "ch_1"), NOW)
# A fare of 500.00 and a bag of 100.00 with 91.50 of tax and 10.00 of charges: 701.50 in all.
VALUE = Value("SAR", fare=50_000, ancillary=10_000, vat=9_150, charge=1_000)
# In each currency an amount and a fee that Stripe can take: whole riyals, tens of fils, yen.
CURRENCIES = [("SAR", 70_150, 7_500), ("KWD", 57_200, 6_130), ("JPY", 28_400, 3_000)]


def lines(*entries: Entry | None) -> dict[str, int]:
    """Amounts by account of all entries; each balances, and its accounts are in the chart."""
    sums: Counter[str] = Counter()
    for entry in entries:
        for each in () if entry is None else entry.postings:
            assert each.account in accounts.CHART
            sums[each.account] += each.amount
    return {account: amount for account, amount in sorted(sums.items()) if amount}


@pytest.mark.parametrize(("currency", "amount", "fee"), CURRENCIES)
def test_row_17_withdrawn_funds_are_a_receivable_and_the_fee_an_expense(
    currency: str, amount: int, fee: int
) -> None:
    entry = posting.withdrawn_entry(
        POSTED, amount=Money(amount, currency), fee=Money(fee, currency)
    )
    assert lines(entry) == {"1010": -(amount + fee), "1200": amount, "6020": fee}
    assert (entry.rule, entry.references) == ("dispute_withdrawn", ("dp_1", "ch_1"))


def test_row_17_a_fee_in_the_settlement_currency_is_posted_in_that_currency() -> None:
    entry = posting.withdrawn_entry(POSTED, amount=Money(70_150, "SAR"), fee=Money(1_500, "EUR"))
    found = {(each.account, each.currency): each.amount for each in entry.postings}
    assert found == {
        ("1200", "SAR"): 70_150,
        ("1010", "SAR"): -70_150,
        ("1010", "EUR"): -1_500,
        ("6020", "EUR"): 1_500,
    }


@pytest.mark.parametrize(("currency", "amount", "fee"), CURRENCIES)
def test_row_18_reinstated_funds_close_the_receivable_and_the_fee_comes_back_if_stripe_returns_it(
    currency: str, amount: int, fee: int
) -> None:
    money, nothing = Money(amount, currency), Money(0, currency)
    kept = posting.reinstated_entry(POSTED, amount=money, recovered=0, parked=0, fee=nothing)
    assert lines(kept) == {"1010": amount, "1200": -amount}
    returned = posting.reinstated_entry(
        POSTED, amount=money, recovered=0, parked=0, fee=Money(fee, currency)
    )
    assert lines(returned) == {"1010": amount + fee, "1200": -amount, "6020": -fee}


@pytest.mark.parametrize("parked", [0, 10_000, 50_000])
def test_row_18_funds_that_come_back_after_a_loss_lower_the_loss_or_are_parked_again(
    parked: int,
) -> None:
    entry = posting.reinstated_entry(
        POSTED, amount=Money(70_150, "SAR"), recovered=50_000, parked=parked, fee=Money(0, "SAR")
    )
    changes = {"1010": 70_150, "1200": -20_150, "2020": -parked, "6010": parked - 50_000}
    assert lines(entry) == {account: amount for account, amount in changes.items() if amount}


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
def test_row_19_a_dispute_lost_before_the_flight_closes_the_liabilities(currency: str) -> None:
    value = Value(currency, fare=50_000, ancillary=10_000, vat=9_150, charge=1_000)
    entry = posting.coupons_charged_back_entry(POSTED, value=value, charged_back=70_150, owed=0)
    assert lines(entry) == {
        "1200": -70_150,
        "2000": 50_000,
        "2010": 10_000,
        "2300": 9_150,
        "2310": 1_000,
    }


def test_row_19_what_the_dispute_left_of_a_void_coupon_is_owed_and_less_than_a_step_is_spared() -> (
    None
):
    value = Value("KWD", fare=12_345)
    entry = posting.coupons_charged_back_entry(POSTED, value=value, charged_back=5_000, owed=7_340)
    assert lines(entry) == {"1200": -5_000, "2000": 12_345, "2100": -7_340, "6010": -5}


@pytest.mark.parametrize(("currency", "amount", "_fee"), CURRENCIES)
def test_row_20_a_dispute_lost_after_the_flight_is_a_loss(
    currency: str, amount: int, _fee: int
) -> None:
    nothing = Money(0, currency)
    entry = posting.lost_entry(POSTED, parked=nothing, loss=Money(amount, currency))
    assert lines(entry) == {"1200": -amount, "6010": amount}
    assert posting.lost_entry(POSTED, parked=nothing, loss=nothing) is None


def test_a_refund_that_a_dispute_paid_and_parked_money_that_it_took_close_the_receivable() -> None:
    refund = posting.refund_charged_back_entry(POSTED, amount=Money(35_075, "SAR"))
    assert lines(refund) == {"1200": -35_075, "2100": 35_075}
    parked = posting.lost_entry(POSTED, parked=Money(70_150, "SAR"), loss=Money(0, "SAR"))
    assert lines(parked) == {"1200": -70_150, "2020": 70_150}


def _sold() -> list[Entry]:
    """The capture and its tickets."""
    captured = ledger_rules.capture_entry(
        booking=BOOKING, amount=Money(70_150, "SAR"), references=("pi_1",), now=NOW
    )
    ticketed = ledger_rules.make_entry(
        rule="ticketing",
        booking=BOOKING,
        references=(),
        now=NOW,
        amounts=(
            ("2020", Money(70_150, "SAR")),
            *(
                (account, Money(amount, "SAR"))
                for account, amount in carriage.liabilities(VALUE, sign=-1)
            ),
        ),
    )
    withdrawn = posting.withdrawn_entry(
        POSTED, amount=Money(70_150, "SAR"), fee=Money(7_500, "SAR")
    )
    return [captured, ticketed, withdrawn]


def test_worked_example_a_dispute_lost_unflown_costs_the_dispute_fee_and_leaves_no_revenue() -> (
    None
):
    void = posting.coupons_charged_back_entry(POSTED, value=VALUE, charged_back=70_150, owed=0)
    # With the 19.00 of the payment itself, which Stripe keeps (6000), the balance is -94.00.
    assert lines(*_sold(), void) == {"1010": -7_500, "6020": 7_500}


def test_worked_example_a_dispute_lost_after_the_flight_is_a_loss_and_tax_stays_owed() -> None:
    flown = carriage.flown_entry(POSTED, value=VALUE)
    lost = posting.lost_entry(POSTED, parked=Money(0, "SAR"), loss=Money(70_150, "SAR"))
    assert lines(*_sold(), flown, lost) == {
        "1010": -7_500,
        "2300": -9_150,
        "2310": -1_000,
        "4000": -50_000,
        "4010": -10_000,
        "6010": 70_150,
        "6020": 7_500,
    }
