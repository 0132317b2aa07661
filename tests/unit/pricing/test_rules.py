"""Prices: shares by passenger type, tax by itinerary, charges, and totals that can be charged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import money
from domain.kernel.money import Money
from domain.pricing import rules
from domain.pricing.price import PassengerType, Price
from tests.support import strategies


def amounts(price: Price) -> list[tuple[str, str, int, int]]:
    return [
        (line.kind, line.passenger_type, line.passenger_count, line.amount) for line in price.lines
    ]


def domestic(fare: Money, *party: PassengerType) -> Price:
    return rules.price_flight(fare=fare, domestic=True, passengers=party)


def international(fare: Money, *party: PassengerType) -> Price:
    return rules.price_flight(fare=fare, domestic=False, passengers=party)


def test_a_domestic_flight_carries_charges_of_both_airports_and_tax_on_both() -> None:
    price = domestic(Money(50_000, "SAR"), "ADT")
    assert amounts(price) == [
        ("fare", "ADT", 1, 50_000),
        ("vat", "ADT", 1, 7_800),
        ("charge", "ADT", 1, 2_000),
    ]
    assert price.total() == Money(59_800, "SAR")


def test_an_international_flight_is_zero_rated() -> None:
    price = international(Money(50_000, "SAR"), "ADT", "CHD", "INF")
    assert amounts(price) == [
        ("fare", "ADT", 1, 50_000),
        ("fare", "CHD", 1, 37_500),
        ("fare", "INF", 1, 5_000),
    ]
    assert price.of("vat") == price.of("charge") == Money(0, "SAR")


def test_a_child_pays_three_quarters_and_an_infant_a_tenth_without_airport_charge() -> None:
    price = domestic(Money(50_000, "SAR"), "CHD", "ADT", "INF")
    assert amounts(price) == [
        ("fare", "ADT", 1, 50_000),
        ("vat", "ADT", 1, 7_800),
        ("charge", "ADT", 1, 2_000),
        ("fare", "CHD", 1, 37_500),
        ("vat", "CHD", 1, 5_925),
        ("charge", "CHD", 1, 2_000),
        ("fare", "INF", 1, 5_000),
        ("vat", "INF", 1, 750),
    ]


def test_two_adults_pay_twice_what_one_pays() -> None:
    fare = Money(33_333, "SAR")
    one, two = domestic(fare, "ADT"), domestic(fare, "ADT", "ADT")
    assert two.total().amount == 2 * one.total().amount


def test_halalas_are_rounded_once_per_passenger_and_tax_follows_the_charged_fare() -> None:
    price = domestic(Money(333, "SAR"), "ADT", "CHD", "CHD")
    assert amounts(price) == [
        ("fare", "ADT", 1, 333),
        ("vat", "ADT", 1, 350),
        ("charge", "ADT", 1, 2_000),
        ("fare", "CHD", 2, 500),
        ("vat", "CHD", 2, 676),
        ("charge", "CHD", 2, 4_000),
    ]


def test_dinars_are_rounded_to_what_a_card_can_be_charged() -> None:
    price = domestic(Money(45_670, "KWD"), "ADT", "INF")
    assert amounts(price) == [
        ("fare", "ADT", 1, 45_670),
        ("vat", "ADT", 1, 6_850),
        ("fare", "INF", 1, 4_570),
        ("vat", "INF", 1, 690),
    ]
    assert money.is_chargeable(price.total())


def test_yen_have_no_decimals_to_lose() -> None:
    price = international(Money(10_001, "JPY"), "ADT", "CHD")
    assert [line.amount for line in price.lines] == [10_001, 7_501]


def test_the_saudi_airport_charge_is_asked_in_riyals_only() -> None:
    assert domestic(Money(50_000, "USD"), "ADT").of("charge") == Money(0, "USD")


@given(fare=strategies.fares(), at_home=st.booleans(), party=strategies.parties())
def test_every_price_can_be_charged_and_is_the_sum_of_its_lines(
    fare: Money, at_home: bool, party: tuple[PassengerType, ...]
) -> None:
    price = rules.price_flight(fare=fare, domestic=at_home, passengers=party)
    parts = [price.of("fare"), price.of("vat"), price.of("charge")]
    assert price.total() == money.total(parts, fare.currency)
    assert money.is_chargeable(price.total())
    assert all(line.amount % money.charge_step(fare.currency) == 0 for line in price.lines)
    assert price.of("fare").amount >= fare.amount * party.count("ADT")


@given(fare=strategies.fares(), at_home=st.booleans(), party=strategies.parties(), data=st.data())
def test_the_order_of_passengers_makes_no_difference(
    fare: Money, at_home: bool, party: tuple[PassengerType, ...], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(party))
    one = rules.price_flight(fare=fare, domestic=at_home, passengers=party)
    other = rules.price_flight(fare=fare, domestic=at_home, passengers=shuffled)
    assert one == other


@pytest.mark.parametrize(
    ("party", "seats"),
    [(["ADT"], 1), (["ADT", "INF"], 1), (["ADT", "CHD", "INF"], 2), (["ADT", "ADT", "CHD"], 3)],
)
def test_infants_take_no_seat(party: list[PassengerType], seats: int) -> None:
    assert rules.seat_count(party) == seats
