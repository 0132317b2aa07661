"""Entries balance in every currency, or do not exist."""

import datetime as dt

import msgspec
import pytest

from domain.kernel.entries import Entry, Posting, UnbalancedEntry

DAY = dt.date(2026, 11, 20)


def entry(*postings: Posting) -> Entry:
    """An entry of these postings."""
    return Entry(effective_on=DAY, rule="test", version=1, references=(), postings=postings)


def posting(amount: int, currency: str = "SAR") -> Posting:
    """One line on some account."""
    return Posting("1010", "booking-ABC234", amount, currency)


def test_postings_that_sum_to_zero_make_an_entry() -> None:
    assert len(entry(posting(100), posting(-60), posting(-40)).postings) == 3


def test_each_currency_balances_by_itself() -> None:
    assert entry(posting(5), posting(-5), posting(7, "KWD"), posting(-7, "KWD")).postings


@pytest.mark.parametrize(
    "postings",
    [
        (),
        (posting(1),),
        (posting(100), posting(-99)),
        (posting(100), posting(-100, "USD")),
        (posting(5), posting(-5), posting(1, "KWD")),
    ],
)
def test_postings_that_do_not_sum_to_zero_are_refused(postings: tuple[Posting, ...]) -> None:
    with pytest.raises(UnbalancedEntry):
        entry(*postings)


def test_an_unbalanced_entry_is_refused_when_it_is_read_from_bytes_too() -> None:
    stored = msgspec.json.encode(entry(posting(100), posting(-100))).replace(b"-100", b"-99")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(stored, type=Entry)
