"""The worked example of the accounts: a domestic fare of 500, a bag of 100, a charge of 10.

With 15 % tax on all of it 701.50 riyals are paid; amounts are minor units, debit positive.
"""

from collections import Counter

from domain.kernel.entries import Entry
from domain.kernel.money import Money
from domain.ledger import carriage, rules, vat
from domain.ledger.carriage import Posted, Value
from domain.pricing.price import CouponPrice, ExtraPrice, Price
from tests.support.examples import BOOKING, NOW

POSTED = Posted(BOOKING, ("0650000000001",), NOW)
PRICE = Price(
    "SAR",
    (CouponPrice(0, 0, fare=50_000, vat=7_650, charge=1_000),),
    (ExtraPrice("BAG", 0, 0, net=10_000, vat=1_500),),
)
VALUE = carriage.value_of(PRICE)
TOTAL = 70_150


def balances(*entries: Entry | None) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for entry in entries:
        assert entry is not None
        for posting in entry.postings:
            sums[posting.account] += posting.amount
    return {account: amount for account, amount in sorted(sums.items()) if amount}


def sold() -> tuple[Entry, Entry]:
    captured = rules.capture_entry(
        booking=BOOKING, amount=PRICE.total(), references=("pi_1",), now=NOW
    )
    return captured, carriage.ticketing_entry(POSTED, price=PRICE)


def test_what_is_paid_is_owed_in_carriage_tax_and_charges() -> None:
    assert PRICE.total() == Money(TOTAL, "SAR")
    assert balances(*sold()) == {
        "1010": 70_150,
        "2000": -50_000,
        "2010": -10_000,
        "2300": -9_150,
        "2310": -1_000,
    }


def test_flown_it_is_revenue_of_500_and_100_and_101_50_stays_owed_to_others() -> None:
    found = balances(*sold(), carriage.flown_entry(POSTED, value=VALUE))
    assert found == {
        "1010": 70_150,
        "2300": -9_150,
        "2310": -1_000,
        "4000": -50_000,
        "4010": -10_000,
    }
    assert found["2300"] + found["2310"] == -10_150


def test_cancelled_at_half_the_fee_is_350_75_of_which_45_75_is_tax() -> None:
    fee, fee_vat = 35_075, 4_575
    cancelled = carriage.cancellation_entry(POSTED, value=VALUE, fee=fee, fee_vat=fee_vat)
    assert balances(*sold(), cancelled) == {
        "1010": 70_150,
        "2100": -35_075,
        "2300": -4_575,
        "4030": -30_500,
    }


def test_a_no_show_is_breakage_of_600_and_11_50_go_back_to_the_customer() -> None:
    missed = carriage.no_show_entry(POSTED, value=VALUE, charge_back=1_000, vat_back=150)
    assert balances(*sold(), missed) == {
        "1010": 70_150,
        "2100": -1_150,
        "2300": -9_000,
        "4020": -60_000,
    }


def test_a_change_up_by_100_with_a_fee_of_50_takes_172_50_more() -> None:
    after = Value("SAR", fare=65_000, ancillary=10_000, vat=11_400, charge=1_000)
    changed = carriage.exchange_entry(
        POSTED, before=VALUE, after=after, due=17_250, refund=0, credit=0
    )
    assert balances(changed) == {"2000": -15_000, "2020": 17_250, "2300": -2_250}


def test_a_change_down_by_100_less_a_fee_of_25_gives_86_25_as_credit() -> None:
    after = Value("SAR", fare=42_500, ancillary=10_000, vat=8_025, charge=1_000)
    changed = carriage.exchange_entry(
        POSTED, before=VALUE, after=after, due=0, refund=0, credit=8_625
    )
    assert balances(changed) == {"2000": 7_500, "2200": -8_625, "2300": 1_125}


def test_the_vat_return_declares_the_supply_at_ticketing_and_corrects_it_when_cancelled() -> None:
    ticketed = list(vat.supplies_of(sold()[1], percent=15))
    assert ticketed == [vat.Supply("SAR", 61_000, 0, 9_150)]
    assert list(vat.supplies_of(sold()[0], percent=15)) == []
    flown = carriage.flown_entry(POSTED, value=VALUE)
    assert flown is not None
    assert list(vat.supplies_of(flown, percent=15)) == []
    cancelled = carriage.cancellation_entry(POSTED, value=VALUE, fee=35_075, fee_vat=4_575)
    assert cancelled is not None
    assert list(vat.supplies_of(cancelled, percent=15)) == [vat.Supply("SAR", -30_500, 0, -4_575)]


def test_a_zero_rated_supply_is_declared_and_a_mixed_one_is_divided_by_its_tax() -> None:
    abroad = Price("SAR", (CouponPrice(0, 0, fare=80_000, vat=0, charge=0),))
    entry = carriage.ticketing_entry(POSTED, price=abroad)
    assert list(vat.supplies_of(entry, percent=15)) == [vat.Supply("SAR", 0, 80_000, 0)]
    both = Price("SAR", (*PRICE.coupons, *abroad.coupons))
    entry = carriage.ticketing_entry(POSTED, price=both)
    assert list(vat.supplies_of(entry, percent=15)) == [vat.Supply("SAR", 51_000, 80_000, 7_650)]


def test_tax_that_is_rounded_coupon_by_coupon_makes_no_zero_rated_supply() -> None:
    for currency, fares in (("KWD", (40_010, 33_330)), ("JPY", (12_343, 9_999))):
        step = 10 if currency == "KWD" else 1
        coupons = tuple(
            CouponPrice(0, index, fare=fare, vat=round(fare * 15 / 100 / step) * step, charge=0)
            for index, fare in enumerate(fares)
        )
        entry = carriage.ticketing_entry(POSTED, price=Price(currency, coupons))
        (supply,) = vat.supplies_of(entry, percent=15)
        assert (supply.standard_net, supply.zero_rated_net) == (sum(fares), 0)
