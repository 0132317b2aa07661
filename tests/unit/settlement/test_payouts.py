"""Payouts: into transit, to the bank, and back from where they were; each step once."""

import itertools

import pytest

from application.settlement.gateway import PayoutWord, ProviderPayout
from application.settlement.record_payout import ReconcilePayout, RecordPayout
from domain.kernel.money import Money
from domain.settlement.state import Payout, PayoutStatus
from tests.support.examples import NOW
from tests.support.invariants import entries_of
from tests.support.memory_airline import MemoryAirline

AMOUNTS = [
    Money(68_250, "SAR"),
    Money(68_250, "KWD"),
    Money(68_250, "JPY"),
    Money(-500, "USD"),
]


def reported(status: PayoutWord, amount: Money = AMOUNTS[0]) -> ProviderPayout:
    """The payout `po_1` in this status."""
    return ProviderPayout(
        id="po_1",
        status=status,
        amount=amount,
        automatic=True,
        arrives_on=NOW.date(),
        created_at=NOW,
        failure_code="account_closed" if status == "failed" else None,
    )


def after(*statuses: PayoutWord, amount: Money = AMOUNTS[0]) -> MemoryAirline:
    """An airline to which Stripe reported these."""
    airline = MemoryAirline()
    for each in statuses:
        airline.submit(RecordPayout(reported(each, amount)))
    return airline


def books(airline: MemoryAirline) -> dict[str, int]:
    """Balances by account, without zeros."""
    found: dict[str, int] = {}
    for entry in entries_of(airline.log):
        for each in entry.postings:
            found[each.account] = found.get(each.account, 0) + each.amount
    return {account: amount for account, amount in found.items() if amount}


@pytest.mark.parametrize("amount", AMOUNTS, ids=str)
def test_row_5_a_payout_moves_clearing_into_transit_and_then_to_the_bank(amount: Money) -> None:
    assert books(after("pending", amount=amount)) == {
        "1020": amount.amount,
        "1010": -amount.amount,
    }
    assert books(after("pending", "in_transit", "paid", amount=amount)) == {
        "1000": amount.amount,
        "1010": -amount.amount,
    }


@pytest.mark.parametrize("word", ["failed", "canceled"])
@pytest.mark.parametrize("before", [("in_transit",), ("in_transit", "paid"), ()])
def test_row_5_a_payout_that_fails_returns_from_where_it_was(
    word: PayoutWord, before: tuple[PayoutWord, ...]
) -> None:
    airline = after(*before, word)
    assert books(airline) == {}
    event = airline.last("payout-po_1").event
    assert (event.tag, getattr(event, "after_paid", None)) == ("payout.failed.1", "paid" in before)


def test_a_payout_that_is_reported_again_or_late_moves_nothing_more() -> None:
    once = after("in_transit", "paid", "failed")
    words: tuple[PayoutWord, ...] = ("in_transit", "paid", "failed")
    for order in itertools.permutations(words):
        again = after("in_transit", "paid", "failed", *order)
        assert again.tags("payout-po_1") == once.tags("payout-po_1")
    assert books(once) == {}


def test_a_payout_first_seen_as_paid_has_all_its_steps() -> None:
    airline = after("paid")
    assert airline.tags("payout-po_1") == ["payout.created.1", "payout.paid.1"]


def test_a_payout_of_nothing_has_no_entry() -> None:
    airline = after("pending", "paid", amount=Money(0, "SAR"))
    assert entries_of(airline.log) == []
    assert airline.state("payout-po_1").status is PayoutStatus.PAID


def test_what_a_payout_paid_out_is_recorded_again_only_when_it_changes() -> None:
    airline = MemoryAirline()
    first = ReconcilePayout(reported("paid"), ("txn_1",), Money(68_250, "SAR"))
    more = ReconcilePayout(reported("paid"), ("txn_1", "txn_2"), Money(68_200, "SAR"))
    for command in (first, first, more, more):
        airline.submit(command)
    assert airline.tags("payout-po_1") == ["payout.created.1", *["payout.reconciled.1"] * 2]
    payout: Payout = airline.state("payout-po_1")
    assert payout.transactions == ("txn_1", "txn_2")
