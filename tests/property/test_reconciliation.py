"""The order of rows and how often each was read change nothing of a reconciliation."""

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.money import Money
from domain.reconciliation import days, matching
from domain.reconciliation.records import Legs
from tests.support.legs import ARRIVAL, NOW, bank_line, capture, fee_of, listed, payout

amounts = st.builds(Money, st.integers(1, 4), st.sampled_from(("SAR", "KWD", "JPY")))
numbers = st.integers(1, 3)


def few(rows: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Up to four rows, which may contradict each other."""
    return st.lists(rows, max_size=4).map(tuple)


legs = st.builds(
    Legs,
    facts=few(
        st.builds(
            lambda amount, number, position: capture(amount, f"ch_{number}", position=position),
            amounts,
            numbers,
            numbers,
        )
    ),
    transactions=few(
        st.builds(
            lambda number, amount, position: fee_of(f"txn_{number}", amount, position=position),
            numbers,
            amounts,
            numbers,
        )
    ),
    listed=few(
        st.builds(
            lambda amount, id_, number, fee: listed(
                amount, f"txn_{id_}", key=f"ch_{number}", fee=fee
            ),
            amounts,
            numbers,
            numbers,
            st.integers(0, 2),
        )
    ),
    payouts=few(st.builds(lambda amount, number: payout(amount, f"po_{number}"), amounts, numbers)),
    bank=few(
        st.builds(
            lambda amount, number, text: bank_line(amount, text, f"b{number}"),
            amounts,
            numbers,
            st.sampled_from(("STRIPE PO_1", "STRIPE", "RENT")),
        )
    ),
    bank_until=st.sampled_from((None, ARRIVAL)),
)


@given(legs, st.randoms(use_true_random=False))
def test_order_and_repetition_of_rows_change_nothing(rows: Legs, random: Any) -> None:
    def mixed(each: tuple[Any, ...]) -> tuple[Any, ...]:
        twice = [*each, *(row for row in each if random.random() < 0.5)]
        random.shuffle(twice)
        return tuple(twice)

    again = Legs(
        facts=mixed(rows.facts),
        transactions=mixed(rows.transactions),
        listed=mixed(rows.listed),
        payouts=mixed(rows.payouts),
        bank=mixed(rows.bank),
        bank_until=rows.bank_until,
    )
    assert matching.match(again, now=NOW) == matching.match(rows, now=NOW)


@given(legs)
def test_every_value_is_explained_or_has_its_break(rows: Legs) -> None:
    outcomes = matching.match(rows, now=NOW)
    for total in matching.day_totals(outcomes):
        unexplained = sum(
            each.value.amount
            for each in outcomes
            if each.found is not None
            and not each.found.is_explained
            and each.value.currency == total.currency
        )
        assert total.value - total.explained == unexplained


@given(legs)
def test_a_second_run_over_the_same_rows_records_nothing(rows: Legs) -> None:
    by_day: dict[dt.date, list[matching.Outcome]] = {}
    for each in matching.match(rows, now=NOW):
        by_day.setdefault(each.day, []).append(each)
    for outcomes in by_day.values():
        facts: dict[str, Any] = {
            "inputs": matching.digest([each.digest for each in outcomes]),
            "totals": matching.day_totals(outcomes),
            "found": [each.found for each in outcomes if each.found is not None],
        }
        day = None
        for event in days.compare(None, **facts):
            day = days.evolve(day, event)
        assert days.compare(day, **facts) == []
