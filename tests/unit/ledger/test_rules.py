"""The entries of capture and ticketing: the right accounts, balanced, on the right day."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.entries import Entry, UnbalancedEntry
from domain.kernel.money import Money
from domain.ledger import accounts, rules
from domain.pricing.price import Price
from tests.support import examples, strategies
from tests.support.examples import BOOKING, NOW


def lines(entry: Entry) -> list[tuple[str, int, str]]:
    return [(posting.account, posting.amount, posting.currency) for posting in entry.postings]


def capture(amount: Money) -> Entry:
    return rules.capture_entry(booking=BOOKING, amount=amount, references=("pi_1",), now=NOW)


def ticketing(price: Price) -> Entry:
    return rules.ticketing_entry(
        booking=BOOKING, price=price, references=("0650000000001",), now=NOW
    )


def test_a_capture_debits_clearing_and_credits_unapplied_funds_gross() -> None:
    entry = capture(Money(59_800, "SAR"))
    assert lines(entry) == [("1010", 59_800, "SAR"), ("2020", -59_800, "SAR")]
    assert (entry.rule, entry.version, entry.references) == ("capture", 1, ("pi_1",))


def test_ticketing_moves_unapplied_funds_to_fare_tax_and_charges() -> None:
    entry = ticketing(examples.draft().price)
    assert lines(entry) == [
        ("2020", 59_800, "SAR"),
        ("2000", -50_000, "SAR"),
        ("2300", -7_800, "SAR"),
        ("2310", -2_000, "SAR"),
    ]
    assert (entry.rule, entry.version) == ("ticketing", 1)


def test_ticketing_of_a_zero_rated_flight_has_no_line_for_tax_or_charges() -> None:
    entry = ticketing(examples.draft(domestic=False).price)
    assert lines(entry) == [("2020", 50_000, "SAR"), ("2000", -50_000, "SAR")]


def test_every_posting_names_the_booking() -> None:
    both = (capture(Money(1, "SAR")), ticketing(examples.draft().price))
    assert {posting.booking for entry in both for posting in entry.postings} == {BOOKING}


@given(amount=strategies.amounts(minimum=1), price=strategies.prices)
def test_both_entries_balance_and_together_leave_nothing_unapplied(
    amount: Money, price: Price
) -> None:
    assert sum(posting.amount for posting in capture(amount).postings) == 0
    entry = ticketing(price)
    assert sum(posting.amount for posting in entry.postings) == 0
    paid = capture(price.total())
    unapplied = [p.amount for p in (*paid.postings, *entry.postings) if p.account == "2020"]
    assert sum(unapplied) == 0
    assert all(posting.currency == price.currency for posting in entry.postings)
    assert all(posting.amount != 0 for posting in entry.postings)


def test_a_capture_of_nothing_has_no_entry() -> None:
    with pytest.raises(UnbalancedEntry):
        capture(Money(0, "SAR"))


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (dt.datetime(2026, 11, 20, 20, 59, 59, tzinfo=dt.UTC), dt.date(2026, 11, 20)),
        (dt.datetime(2026, 11, 20, 21, 0, tzinfo=dt.UTC), dt.date(2026, 11, 21)),
        (dt.datetime(2026, 12, 31, 21, 0, tzinfo=dt.UTC), dt.date(2027, 1, 1)),
    ],
)
def test_the_accounting_day_turns_at_midnight_in_riyadh(instant: dt.datetime, day: dt.date) -> None:
    assert rules.accounting_day(instant) == day
    entry = rules.capture_entry(booking=BOOKING, amount=Money(1, "SAR"), references=(), now=instant)
    assert entry.effective_on == day


@given(strategies.instants, st.sampled_from([3, 0, -7, 12]))
def test_the_accounting_day_depends_on_the_instant_and_not_on_how_it_is_written(
    instant: dt.datetime, offset: int
) -> None:
    elsewhere = instant.astimezone(dt.timezone(dt.timedelta(hours=offset)))
    assert rules.accounting_day(elsewhere) == rules.accounting_day(instant)


def test_every_account_that_is_posted_to_is_in_the_chart_on_its_normal_side() -> None:
    posted = {p.account for p in (*capture(Money(1, "SAR")).postings,)}
    posted |= {p.account for p in ticketing(examples.draft().price).postings}
    assert posted == set(accounts.CHART)
    sides = {number: account.normal_side for number, account in accounts.CHART.items()}
    assert sides == {
        "1010": "debit",
        "2000": "credit",
        "2020": "credit",
        "2300": "credit",
        "2310": "credit",
    }
