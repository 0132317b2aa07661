"""The entries of tickets: issued, exchanged, flown, missed, cancelled, refunded."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.entries import Entry
from domain.kernel.money import Money
from domain.ledger import accounts, carriage
from domain.ledger import rules as ledger_rules
from domain.ledger.carriage import Posted, Value
from domain.pricing import rules as pricing_rules
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import Price
from domain.pricing.rules import SegmentFare
from tests.support import launch_prices
from tests.support.examples import BOOKING, NOW

POSTED = Posted(BOOKING, ("0650000000001",), NOW)
# One adult of 500 SAR on a domestic flight with a bag: both are taxed, the airports' charge too.
VALUE = Value("SAR", fare=50_000, ancillary=15_000, vat=7_800 + 2_250, charge=2_000)
AMOUNTS = st.integers(0, 10**9)
VALUES = st.builds(
    Value,
    currency=st.sampled_from(("SAR", "KWD", "JPY")),
    fare=AMOUNTS,
    ancillary=AMOUNTS,
    vat=AMOUNTS,
    charge=AMOUNTS,
)


def amounts_of(entry: Entry | None) -> dict[str, int]:
    """Amounts by account; every posting names the booking and one currency."""
    assert entry is not None
    assert {posting.booking for posting in entry.postings} == {BOOKING}
    assert len({posting.currency for posting in entry.postings}) == 1
    assert all(posting.amount for posting in entry.postings)
    assert sum(posting.amount for posting in entry.postings) == 0
    assert {posting.account for posting in entry.postings} <= set(accounts.CHART)
    assert entry.references == POSTED.references
    sums: Counter[str] = Counter()
    for posting in entry.postings:
        sums[posting.account] += posting.amount
    return dict(sums)


def price(*, at_home: bool) -> Price:
    return pricing_rules.price_journey(
        segments=(SegmentFare(Money(50_000, "SAR"), at_home),),
        passengers=("ADT",),
        extras=(launch_prices.extra(ExtraChoice("BAG20", 0, 0)),),
    )


def test_ticketing_moves_unapplied_funds_to_what_is_owed_in_carriage_and_to_others() -> None:
    entry = carriage.ticketing_entry(POSTED, price=price(at_home=True))
    assert amounts_of(entry) == {
        "2020": 77_050,
        "2000": -50_000,
        "2010": -15_000,
        "2300": -10_050,
        "2310": -2_000,
    }
    assert (entry.rule, entry.version) == ("ticketing", 1)


def test_ticketing_of_a_zero_rated_flight_has_no_line_for_tax_or_charges() -> None:
    entry = carriage.ticketing_entry(POSTED, price=price(at_home=False))
    assert amounts_of(entry) == {"2020": 65_000, "2000": -50_000, "2010": -15_000}


def test_what_was_flown_becomes_revenue_and_tax_and_charges_stay_owed() -> None:
    assert amounts_of(carriage.flown_entry(POSTED, value=VALUE)) == {
        "2000": 50_000,
        "2010": 15_000,
        "4000": -50_000,
        "4010": -15_000,
    }


def test_who_does_not_come_leaves_the_fare_and_gets_the_charges_back() -> None:
    entry = carriage.no_show_entry(POSTED, value=VALUE, charge_back=2_000, vat_back=300)
    assert amounts_of(entry) == {
        "2000": 50_000,
        "2010": 15_000,
        "4020": -65_000,
        "2310": 2_000,
        "2300": 300,
        "2100": -2_300,
    }


def test_of_a_cancelled_part_the_fee_is_kept_with_its_tax_and_the_rest_is_owed() -> None:
    entry = carriage.cancellation_entry(POSTED, value=VALUE, fee=19_262, fee_vat=2_512)
    assert amounts_of(entry) == {
        "2000": 50_000,
        "2010": 15_000,
        "2300": 10_050 - 2_512,
        "2310": 2_000,
        "4030": -(19_262 - 2_512),
        "2100": -(77_050 - 19_262),
    }


def test_without_a_fee_all_is_owed_back_and_with_a_whole_one_nothing() -> None:
    free = amounts_of(carriage.cancellation_entry(POSTED, value=VALUE, fee=0, fee_vat=0))
    assert (free["2100"], free.get("4030")) == (-VALUE.total, None)
    kept = amounts_of(
        carriage.cancellation_entry(POSTED, value=VALUE, fee=VALUE.total, fee_vat=10_050)
    )
    assert "2100" not in kept


def test_a_fee_above_the_price_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        carriage.cancellation_entry(POSTED, value=VALUE, fee=VALUE.total + 1, fee_vat=0)
    with pytest.raises(AssertionError):
        carriage.cancellation_entry(POSTED, value=VALUE, fee=10, fee_vat=11)


def test_a_dearer_flight_takes_the_difference_out_of_unapplied_funds() -> None:
    after = msgspec.structs.replace(VALUE, fare=60_000, vat=VALUE.vat + 1_500)
    entry = carriage.exchange_entry(
        POSTED, before=VALUE, after=after, due=11_500, refund=0, credit=0
    )
    assert amounts_of(entry) == {"2020": 11_500, "2000": -10_000, "2300": -1_500}


def test_a_cheaper_flight_leaves_what_is_owed_back_or_a_travel_credit() -> None:
    after = msgspec.structs.replace(VALUE, fare=40_000, vat=VALUE.vat - 1_500)
    for refund, credit, account in ((11_500, 0, "2100"), (0, 11_500, "2200")):
        entry = carriage.exchange_entry(
            POSTED, before=VALUE, after=after, due=0, refund=refund, credit=credit
        )
        assert amounts_of(entry) == {"2000": 10_000, "2300": 1_500, account: -11_500}


def test_an_exchange_at_the_same_price_has_no_entry() -> None:
    same = {"before": VALUE, "after": VALUE, "due": 0, "refund": 0, "credit": 0}
    assert carriage.exchange_entry(POSTED, **same) is None  # type: ignore[arg-type]  # mixed values


def test_money_that_never_bought_a_ticket_is_owed_back_as_it_came() -> None:
    entry = carriage.unticketed_refund_entry(POSTED, amount=Money(77_050, "SAR"))
    assert amounts_of(entry) == {"2020": 77_050, "2100": -77_050}


def test_goodwill_beyond_what_is_still_open_is_compensation() -> None:
    entry = carriage.goodwill_entry(POSTED, value=VALUE, amount=VALUE.total + 5_000)
    assert amounts_of(entry)["4900"] == 5_000
    flown = carriage.goodwill_entry(POSTED, value=Value("SAR"), amount=5_000)
    assert amounts_of(flown) == {"4900": 5_000, "2100": -5_000}


def test_coupons_that_are_worth_nothing_have_no_entry() -> None:
    nothing = Value("SAR")
    assert carriage.flown_entry(POSTED, value=nothing) is None
    assert carriage.no_show_entry(POSTED, value=nothing, charge_back=0, vat_back=0) is None
    assert carriage.cancellation_entry(POSTED, value=nothing, fee=0, fee_vat=0) is None


@given(value=VALUES, share=st.integers(0, 100), data=st.data())
def test_every_end_of_a_coupon_empties_its_liabilities(
    value: Value, share: int, data: st.DataObject
) -> None:
    """Issued and then flown, missed, cancelled or refunded: nothing stays in 2000 and 2010."""
    fee = value.total * share // 100
    vat = data.draw(st.integers(0, min(fee, value.vat)))
    ends = (
        carriage.flown_entry(POSTED, value=value),
        carriage.no_show_entry(POSTED, value=value, charge_back=value.charge, vat_back=0),
        carriage.cancellation_entry(POSTED, value=value, fee=fee, fee_vat=vat),
        carriage.goodwill_entry(POSTED, value=value, amount=value.total) if value.total else None,
    )
    for end in ends:
        amounts = amounts_of(end) if end is not None else {}
        assert amounts.get("2000", 0) == value.fare
        assert amounts.get("2010", 0) == value.ancillary


def test_the_chart_has_every_account_on_the_side_where_it_normally_stands() -> None:
    sides = {number: account.normal_side for number, account in accounts.CHART.items()}
    debits = {number for number, side in sides.items() if side == "debit"}
    assert debits == {each for each in sides if each[0] in "167" or each == "4900"}
    assert len(sides) == 24
    assert all(number == account.number for number, account in accounts.CHART.items())


def test_what_ticketing_takes_from_unapplied_funds_is_what_the_capture_put_there() -> None:
    bought = price(at_home=True)
    captured = ledger_rules.capture_entry(
        booking=BOOKING, amount=bought.total(), references=POSTED.references, now=NOW
    )
    issued = carriage.ticketing_entry(POSTED, price=bought)
    assert amounts_of(captured)["2020"] + amounts_of(issued)["2020"] == 0
