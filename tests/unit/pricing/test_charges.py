"""What passengers pay to authorities, line by line, in the currency of the sale."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import money
from domain.kernel.money import Money
from domain.pricing import exchange, rules, tax
from domain.pricing.price import (
    LAUNCH_AUTHORITY,
    LAUNCH_CODE,
    ChargeLine,
    PassengerType,
    charge_lines,
    lines,
)
from domain.pricing.rules import SegmentFare
from domain.pricing.tax import DueCharge
from tests.support import strategies
from tests.support.launch_prices import CHARGES

PAYERS: tuple[PassengerType, ...] = ("ADT", "CHD")
DEPARTURE = DueCharge("IO", "GACA", "RUH", Money(87_00, "SAR"), PAYERS, True)
VISA = DueCharge("ZR", "UAE-ICP", "DXB", Money(5_10, "SAR"), ("ADT", "CHD", "INF"), False)
dues = st.builds(
    DueCharge,
    st.sampled_from(("IO", "ZR", LAUNCH_CODE)),
    st.sampled_from((LAUNCH_AUTHORITY, "UAE-ICP")),
    st.sampled_from(("RUH", "DXB", None)),
    st.builds(
        lambda steps, currency: Money(steps * money.charge_step(currency), currency),
        st.integers(1, 99_999),
        st.sampled_from(("SAR", "KWD", "JPY")),
    ),
    st.sampled_from((PAYERS, ("ADT",), ("ADT", "CHD", "INF"))),
    st.booleans(),
)


def test_each_passenger_pays_what_is_due_for_the_type() -> None:
    abroad = SegmentFare(Money(500_00, "SAR"), False, 75, 10, (DEPARTURE, VISA))
    party: tuple[PassengerType, ...] = ("ADT", "INF")
    price = rules.price_journey(segments=(abroad,), passengers=party)
    assert [(each.fare, each.vat, each.charge) for each in price.coupons] == [
        (500_00, 0, 92_10),
        (50_00, 0, 5_10),
    ]
    assert price.coupons[0].charges == (
        ChargeLine("IO", "GACA", 87_00, "RUH"),
        ChargeLine("ZR", "UAE-ICP", 5_10, "DXB", refundable=False),
    )
    shown = [
        (each.passenger_type, each.code, each.authority, each.amount)
        for each in lines(price, party)
        if each.kind == "charge"
    ]
    assert shown == [
        ("ADT", "IO", "GACA", 87_00),
        ("ADT", "ZR", "UAE-ICP", 5_10),
        ("INF", "ZR", "UAE-ICP", 5_10),
    ]


def test_the_charge_of_the_launch_needs_no_lines() -> None:
    assert tax.charges_of(CHARGES, "ADT", "SAR") == (20_00, msgspec.UNSET)
    assert tax.charges_of(CHARGES, "INF", "SAR") == (0, msgspec.UNSET)
    assert tax.charges_of((), "ADT", "SAR") == (0, msgspec.UNSET)
    assert charge_lines(20_00, msgspec.UNSET) == (ChargeLine("T2", "GACA", 20_00),)
    assert charge_lines(0, msgspec.UNSET) == ()


@pytest.mark.parametrize(
    "due",
    [
        CHARGES[:1],
        (*CHARGES, DEPARTURE),
        (CHARGES[0], msgspec.structs.replace(CHARGES[1], amount=Money(11_00, "SAR"))),
        tuple(msgspec.structs.replace(each, authority="OTHER") for each in CHARGES),
        tuple(msgspec.structs.replace(each, refundable=False) for each in CHARGES),
        tuple(msgspec.structs.replace(each, airport="RUH") for each in CHARGES),
    ],
)
def test_anything_else_is_written_line_by_line(due: tuple[DueCharge, ...]) -> None:
    charge, written = tax.charges_of(due, "ADT", "SAR")
    assert not isinstance(written, msgspec.UnsetType)
    assert sum(each.amount for each in written) == charge


@given(
    strategies.parties(),
    st.lists(dues, max_size=5),
    st.booleans(),
    st.sampled_from(("SAR", "KWD", "JPY")),
)
def test_a_charge_is_the_sum_of_its_lines_and_can_be_charged(
    party: tuple[PassengerType, ...], due: list[DueCharge], taxed: bool, currency: str
) -> None:
    fare = SegmentFare(
        Money(500 * money.charge_step(currency), currency), taxed, 75, 10, tuple(due)
    )
    price = rules.price_journey(segments=(fare,), passengers=party)
    for coupon in price.coupons:
        found = charge_lines(coupon.charge, coupon.charges)
        kind = party[coupon.passenger]
        assert coupon.charge == sum(each.amount for each in found)
        assert coupon.charge == sum(
            exchange.convert(each.amount, currency).amount
            for each in due
            if kind in each.passengers
        )
        assert (coupon.vat > 0) == taxed or not coupon.fare + coupon.charge
    assert money.is_chargeable(price.total())
    assert price.total().amount == sum(each.amount for each in lines(price, party))
