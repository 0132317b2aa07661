"""The entries of captures and refunds: the right accounts, balanced, on the right day."""

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.entries import Entry, UnbalancedEntry
from domain.kernel.money import Money
from domain.ledger import rules
from tests.support import strategies
from tests.support.examples import BOOKING, NOW


def lines(entry: Entry) -> list[tuple[str, int, str]]:
    return [(posting.account, posting.amount, posting.currency) for posting in entry.postings]


def capture(amount: Money) -> Entry:
    return rules.capture_entry(booking=BOOKING, amount=amount, references=("pi_1",), now=NOW)


def test_a_capture_debits_clearing_and_credits_unapplied_funds_gross() -> None:
    entry = capture(Money(59_800, "SAR"))
    assert lines(entry) == [("1010", 59_800, "SAR"), ("2020", -59_800, "SAR")]
    assert (entry.rule, entry.version, entry.references) == ("capture", 1, ("pi_1",))


def test_every_posting_names_the_booking() -> None:
    assert {posting.booking for posting in capture(Money(1, "SAR")).postings} == {BOOKING}


@given(amount=strategies.amounts(minimum=1))
def test_a_capture_balances_in_the_currency_of_its_money(amount: Money) -> None:
    postings = capture(amount).postings
    assert sum(posting.amount for posting in postings) == 0
    assert {posting.currency for posting in postings} == {amount.currency}


def refund(rule: Callable[..., Entry]) -> Entry:
    return rule(booking=BOOKING, amount=Money(30_000, "SAR"), references=("re_1",), now=NOW)


def test_an_accepted_refund_is_paid_out_of_clearing_and_a_failed_one_is_owed_again() -> None:
    accepted = refund(rules.refund_accepted_entry)
    failed = refund(rules.refund_failed_entry)
    assert lines(accepted) == [("2100", 30_000, "SAR"), ("1010", -30_000, "SAR")]
    assert lines(failed) == [("1010", 30_000, "SAR"), ("2100", -30_000, "SAR")]
    assert (accepted.rule, failed.rule) == ("refund_accepted", "refund_failed")
    assert (accepted.references, failed.version) == (("re_1",), 1)


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
