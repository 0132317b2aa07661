"""What each balance transaction posts: its fee and its exchange, and nothing that others post."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.settlement.record_transaction import RecordTransaction, stream_of
from domain.kernel.entries import Entry
from domain.kernel.money import Money
from domain.settlement import categories, transactions
from domain.settlement.events import TransactionRecorded
from domain.settlement.state import Settlement, Transaction
from tests.support.examples import NOW
from tests.support.memory_airline import MemoryAirline

SETTLED_ELSEWHERE = [
    (Money(70_150, "SAR"), Money(18_702, "USD")),
    (Money(70_150, "KWD"), Money(22_799, "USD")),
    (Money(70_150, "JPY"), Money(171_868, "AED")),
]
CURRENCIES = [charged.currency for charged, _ in SETTLED_ELSEWHERE]


def transaction(
    id: str,
    category: str,
    gross: Money,
    *,
    charged: Money | None = None,
    fee: int = 0,
    charge: str | None = "ch_1",
) -> Transaction:
    """One of the charge `ch_1`; its source has the name of the transaction."""
    return Transaction(
        id=id,
        type=category,
        category=category,
        gross=gross,
        fee=Money(fee, gross.currency),
        available_on=NOW.date(),
        created_at=NOW,
        source=id.replace("txn", "re"),
        charged=charged,
        charge=charge,
    )


def recorded(*wanted: Transaction) -> tuple[MemoryAirline, list[TransactionRecorded]]:
    """Record them in this order; the events."""
    airline = MemoryAirline()
    for each in wanted:
        airline.submit(RecordTransaction(each))
    found = [each.event for each in airline.log.events]
    assert all(isinstance(each, TransactionRecorded) for each in found)
    return airline, [each for each in found if isinstance(each, TransactionRecorded)]


def lines(entry: Entry | None) -> list[tuple[str, int, str]]:
    """Account, amount and currency of each posting."""
    assert entry is not None
    return [(each.account, each.amount, each.currency) for each in entry.postings]


def sums(events: list[TransactionRecorded]) -> dict[tuple[str, str], int]:
    """Balances by account and currency, without zeros."""
    found: dict[tuple[str, str], int] = {}
    for event in events:
        for account, amount, currency in lines(event.entry) if event.entry else []:
            found[account, currency] = found.get((account, currency), 0) + amount
    return {key: amount for key, amount in found.items() if amount}


def test_row_3_the_fee_of_a_charge_is_a_cost_and_leaves_stripe_clearing() -> None:
    gross = Money(70_150, "SAR")
    _, (event,) = recorded(transaction("txn_1", "charge", gross, charged=gross, fee=1_900))
    assert lines(event.entry) == [("6000", 1_900, "SAR"), ("1010", -1_900, "SAR")]
    assert event.entry is not None
    assert event.entry.references == ("txn_1", "re_1", "ch_1")
    assert (event.entry.rule, event.unknown) == ("balance_transaction", False)


@pytest.mark.parametrize(("charged", "settled"), SETTLED_ELSEWHERE, ids=CURRENCIES)
def test_row_33_a_charge_settled_in_another_currency_moves_clearing_by_way_of_exchange(
    charged: Money, settled: Money
) -> None:
    _, (event,) = recorded(transaction("txn_1", "charge", settled, charged=charged, fee=500))
    assert lines(event.entry) == [
        ("6000", 500, settled.currency),
        ("1010", -500, settled.currency),
        ("1015", charged.amount, charged.currency),
        ("1010", -charged.amount, charged.currency),
        ("1010", settled.amount, settled.currency),
        ("1015", -settled.amount, settled.currency),
    ]


@pytest.mark.parametrize(("charged", "settled"), SETTLED_ELSEWHERE, ids=CURRENCIES)
@pytest.mark.parametrize("difference", [200, 0, -200], ids=["loss", "even", "gain"])
def test_row_33_what_a_refund_at_another_rate_leaves_is_a_gain_or_loss(
    charged: Money, settled: Money, difference: int
) -> None:
    back = settled + Money(difference, settled.currency)
    _, events = recorded(
        transaction("txn_1", "charge", settled, charged=charged),
        transaction("txn_2", "refund", -back, charged=-charged),
    )
    expected = {
        ("7000", settled.currency): difference,
        ("1010", settled.currency): -difference,
    }
    assert sums(events) == {key: amount for key, amount in expected.items() if amount}
    assert events[1].residue == difference


def test_a_partial_refund_settles_its_share_and_the_last_one_what_is_left() -> None:
    _, events = recorded(
        transaction("txn_1", "charge", Money(1_000, "USD"), charged=Money(3_000, "SAR")),
        transaction("txn_2", "refund", Money(-340, "USD"), charged=Money(-1_000, "SAR")),
        transaction("txn_3", "refund", Money(-700, "USD"), charged=Money(-2_000, "SAR")),
    )
    assert [each.residue for each in events] == [0, 7, 33]
    assert sums(events) == {("7000", "USD"): 40, ("1010", "USD"): -40}


PARTS = [
    transaction("txn_1", "charge", Money(18_702, "USD"), charged=Money(70_150, "SAR"), fee=500),
    transaction("txn_2", "refund", Money(-5_111, "USD"), charged=Money(-20_000, "SAR")),
    transaction("txn_3", "refund_failure", Money(5_107, "USD"), charged=Money(20_000, "SAR")),
    transaction(
        "txn_4", "dispute", Money(-18_900, "USD"), charged=Money(-70_150, "SAR"), fee=1_500
    ),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(len(PARTS)))))
def test_any_order_of_the_transactions_of_a_charge_gives_the_same_books(
    order: tuple[int, ...],
) -> None:
    _, expected = recorded(*PARTS)
    _, events = recorded(*(PARTS[each] for each in order))
    assert sums(events) == sums(expected)
    assert not [key for key in sums(events) if key[0] == "1015"]


@given(
    charged=st.integers(1, 10**7),
    settled=st.integers(1, 10**7),
    shares=st.lists(st.integers(1, 10**6), min_size=1, max_size=6),
    rates=st.lists(st.integers(50, 150), min_size=6, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_a_wholly_refunded_charge_leaves_nothing_in_exchange(
    charged: int, settled: int, shares: list[int], rates: list[int], order: object
) -> None:
    parts = [transaction("txn_0", "charge", Money(settled, "USD"), charged=Money(charged, "KWD"))]
    left = charged
    for number, share in enumerate(shares, 1):
        part = left if number == len(shares) else min(share, left)
        left -= part
        back = part * settled * rates[number - 1] // (100 * charged)
        parts.append(
            transaction(f"txn_{number}", "refund", Money(-back, "USD"), charged=Money(-part, "KWD"))
        )
    order.shuffle(parts)  # type: ignore[attr-defined]  # random.Random
    settlement: Settlement | None = None
    held: dict[str, int] = {"KWD": 0, "USD": 0}
    for each in parts:
        moved = transactions.movement(settlement, each)
        assert moved.exchange is not None
        held["KWD"] += moved.exchange.charged.amount
        held["USD"] -= moved.exchange.settled.amount + moved.residue.amount
        (event,) = transactions.record(settlement, each, movement=moved, entry=None)
        settlement = transactions.evolve(settlement, event)
    assert held == {"KWD": 0, "USD": 0}


def test_a_transaction_is_recorded_once_whatever_is_read_again() -> None:
    again = transaction("txn_1", "charge", Money(500, "USD"), charged=Money(1_900, "SAR"), fee=9)
    airline, events = recorded(again, again)
    assert len(events) == 1
    assert airline.state(stream_of(again)).transactions == {"txn_1"}


def test_a_dispute_posts_only_its_exchange_for_the_dispute_posts_amount_and_fee() -> None:
    withdrawn = transaction(
        "txn_1", "dispute", Money(-2_200, "USD"), charged=Money(-8_250, "SAR"), fee=1_500
    )
    _, (event,) = recorded(withdrawn)
    assert lines(event.entry) == [
        ("1015", -8_250, "SAR"),
        ("1010", 8_250, "SAR"),
        ("1010", -2_200, "USD"),
        ("1015", 2_200, "USD"),
    ]


def test_a_fee_that_is_billed_by_itself_is_a_cost() -> None:
    billed = transaction("txn_1", "fee", Money(-2_500, "USD"), charge=None)
    _, (event,) = recorded(billed)
    assert lines(event.entry) == [("6000", 2_500, "USD"), ("1010", -2_500, "USD")]
    assert stream_of(billed) == "settlement-txn_1"


@pytest.mark.parametrize("category", ["payout", "payout_reversal"])
def test_the_amount_of_a_payout_is_posted_by_the_payout_and_its_fee_here(category: str) -> None:
    plain, instant = (
        transaction(f"txn_{fee}", category, Money(-9_000, "USD"), fee=fee, charge=None)
        for fee in (0, 90)
    )
    _, (without, with_fee) = recorded(plain, instant)
    assert without.entry is None
    assert lines(with_fee.entry) == [("6000", 90, "USD"), ("1010", -90, "USD")]


@pytest.mark.parametrize("category", ["topup", "transfer", "reserve", "tax", "something_new"])
def test_a_category_that_is_not_known_is_recorded_and_posted_to_nothing(category: str) -> None:
    _, (event,) = recorded(transaction("txn_1", category, Money(-700, "USD"), charge=None))
    assert (event.entry, event.unknown) == (None, True)


def test_a_charge_whose_source_cannot_be_read_posts_its_fee_and_is_listed_for_staff() -> None:
    _, (event,) = recorded(transaction("txn_1", "charge", Money(700, "USD"), fee=30))
    assert lines(event.entry) == [("6000", 30, "USD"), ("1010", -30, "USD")]
    assert event.unknown


def test_the_table_of_categories_names_all_that_are_posted_and_who_does() -> None:
    shown = categories.__doc__ or ""
    for name in categories.TREATMENTS:
        assert name in shown


def test_a_fee_is_dated_on_the_accounting_day_on_which_it_is_recorded() -> None:
    _, (event,) = recorded(
        transaction("txn_1", "fee", Money(-1, "USD"), charge=None),
    )
    assert event.entry is not None
    assert event.entry.effective_on == dt.date(2026, 11, 20)
