"""Prices: shares by passenger type, tax by itinerary, charges, and totals that can be charged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.pricing import extra_prices
from domain.kernel import money
from domain.kernel.money import Money
from domain.policies.price_values import EXTRAS
from domain.pricing import exchange, rejections, rules, tax
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType, Price, lines
from domain.pricing.rules import SegmentFare
from tests.support import launch_prices, strategies
from tests.support.launch_prices import segment_fare

Amounts = list[tuple[str, str, int, int]]


def amounts(price: Price, *party: PassengerType) -> Amounts:
    """The lines of the price for these passengers."""
    return [
        (line.kind, line.passenger_type, line.passenger_count, line.amount)
        for line in lines(price, party)
    ]


def journey(fares: list[tuple[Money, bool]], *party: PassengerType) -> Price:
    """A price for flights of these fares, each domestic or not."""
    segments = tuple(segment_fare(fare, at_home) for fare, at_home in fares)
    return rules.price_journey(segments=segments, passengers=party)


def domestic(fare: Money, *party: PassengerType) -> Price:
    return journey([(fare, True)], *party)


def international(fare: Money, *party: PassengerType) -> Price:
    return journey([(fare, False)], *party)


def test_a_domestic_flight_carries_charges_of_both_airports_and_tax_on_both() -> None:
    price = domestic(Money(50_000, "SAR"), "ADT")
    assert amounts(price, "ADT") == [
        ("fare", "ADT", 1, 50_000),
        ("vat", "ADT", 1, 7_800),
        ("charge", "ADT", 1, 2_000),
    ]
    assert price.total() == Money(59_800, "SAR")


def test_an_international_flight_is_zero_rated() -> None:
    price = international(Money(50_000, "SAR"), "ADT", "CHD", "INF")
    assert amounts(price, "ADT", "CHD", "INF") == [
        ("fare", "ADT", 1, 50_000),
        ("fare", "CHD", 1, 37_500),
        ("fare", "INF", 1, 5_000),
    ]
    assert price.of("vat") == price.of("charge") == Money(0, "SAR")


def test_a_child_pays_three_quarters_and_an_infant_a_tenth_without_airport_charge() -> None:
    price = domestic(Money(50_000, "SAR"), "CHD", "ADT", "INF")
    assert amounts(price, "CHD", "ADT", "INF") == [
        ("fare", "CHD", 1, 37_500),
        ("vat", "CHD", 1, 5_925),
        ("charge", "CHD", 1, 2_000),
        ("fare", "ADT", 1, 50_000),
        ("vat", "ADT", 1, 7_800),
        ("charge", "ADT", 1, 2_000),
        ("fare", "INF", 1, 5_000),
        ("vat", "INF", 1, 750),
    ]


def test_two_adults_pay_twice_what_one_pays() -> None:
    fare = Money(33_333, "SAR")
    one, two = domestic(fare, "ADT"), domestic(fare, "ADT", "ADT")
    assert two.total().amount == 2 * one.total().amount


def test_halalas_are_rounded_once_per_passenger_and_tax_follows_the_charged_fare() -> None:
    price = domestic(Money(333, "SAR"), "ADT", "CHD", "CHD")
    assert amounts(price, "ADT", "CHD", "CHD") == [
        ("fare", "ADT", 1, 333),
        ("vat", "ADT", 1, 350),
        ("charge", "ADT", 1, 2_000),
        ("fare", "CHD", 2, 500),
        ("vat", "CHD", 2, 676),
        ("charge", "CHD", 2, 4_000),
    ]


def test_dinars_are_rounded_to_what_a_card_can_be_charged() -> None:
    price = domestic(Money(45_670, "KWD"), "ADT", "INF")
    assert amounts(price, "ADT", "INF") == [
        ("fare", "ADT", 1, 45_670),
        ("vat", "ADT", 1, 7_100),
        ("charge", "ADT", 1, 1_640),
        ("fare", "INF", 1, 4_570),
        ("vat", "INF", 1, 690),
    ]
    assert money.is_chargeable(price.total())


def test_yen_have_no_decimals_to_lose() -> None:
    price = international(Money(10_001, "JPY"), "ADT", "CHD")
    assert [coupon.total for coupon in price.coupons] == [10_001, 7_501]


def test_the_airport_charge_is_converted_into_the_currency_of_the_sale() -> None:
    # 10 riyals are 0.820 dinars at 12.20 riyals a dinar, rounded up; or 500 yen.
    assert domestic(Money(50_000, "KWD"), "ADT").of("charge") == Money(2 * 820, "KWD")
    assert domestic(Money(50_000, "JPY"), "ADT").of("charge") == Money(2 * 500, "JPY")


FLIGHTS = st.lists(st.tuples(st.integers(0, 300_000), st.booleans()), min_size=1, max_size=4)
CURRENCIES = st.sampled_from(("SAR", "KWD", "JPY"))


@given(flights=FLIGHTS, currency=CURRENCIES, party=strategies.parties())
def test_every_price_can_be_charged_and_is_the_sum_of_its_coupons_and_of_its_lines(
    flights: list[tuple[int, bool]], currency: str, party: tuple[PassengerType, ...]
) -> None:
    step = money.charge_step(currency)
    fares = [(Money(amount * step, currency), at_home) for amount, at_home in flights]
    price = journey(fares, *party)
    parts = [price.of("fare"), price.of("vat"), price.of("charge"), price.of("extra")]
    assert price.total() == money.total(parts, currency)
    assert price.total().amount == sum(line.amount for line in lines(price, party))
    assert price.total().amount % step == 0
    assert all(coupon.total % step == 0 and coupon.fare >= 0 for coupon in price.coupons)
    assert [(c.passenger, c.segment) for c in price.coupons] == [
        (passenger, segment) for passenger in range(len(party)) for segment in range(len(flights))
    ]
    taxed = {index for index, (_, due) in enumerate(flights) if due}
    assert all(c.segment in taxed for c in price.coupons if c.vat or c.charge)


@given(flights=FLIGHTS, currency=CURRENCIES, party=strategies.parties(), data=st.data())
def test_the_order_of_passengers_makes_no_difference_to_what_each_pays(
    flights: list[tuple[int, bool]],
    currency: str,
    party: tuple[PassengerType, ...],
    data: st.DataObject,
) -> None:
    step = money.charge_step(currency)
    fares = [(Money(amount * step, currency), at_home) for amount, at_home in flights]
    order = data.draw(st.permutations(range(len(party))))
    one = journey(fares, *party)
    other = journey(fares, *(party[index] for index in order))
    for place, index in enumerate(order):
        assert _of(other, place) == _of(one, index)


def _of(price: Price, passenger: int) -> list[tuple[int, int, int, int]]:
    return [(c.segment, c.fare, c.vat, c.charge) for c in price.coupons if c.passenger == passenger]


def test_a_journey_is_rounded_once_for_each_passenger_and_split_over_its_flights() -> None:
    """Each flight alone would round 0.1 of its fare up: three flights cost 2 and not 3."""
    fares = [(Money(5, "JPY"), False)] * 3
    price = journey(fares, "INF", "ADT")
    infant = [coupon.fare for coupon in price.coupons if coupon.passenger == 0]
    assert sorted(infant) == [0, 1, 1]
    assert [coupon.fare for coupon in price.coupons if coupon.passenger == 1] == [5, 5, 5]


def test_each_flight_has_the_shares_that_it_is_sold_at() -> None:
    segments = (
        SegmentFare(Money(300_00, "SAR"), False, 50, 0),
        SegmentFare(Money(100_00, "SAR"), False, 75, 10),
    )
    price = rules.price_journey(segments=segments, passengers=("CHD", "ADT", "INF"))
    assert [(each.passenger, each.fare) for each in price.coupons] == [
        *((0, 150_00), (0, 75_00)),
        *((1, 300_00), (1, 100_00)),
        *((2, 0), (2, 10_00)),
    ]


def test_only_the_flights_on_which_tax_is_due_carry_it() -> None:
    fare = Money(50_000, "SAR")
    price = journey([(fare, True), (fare, False)], "ADT")
    assert [coupon.total for coupon in price.coupons] == [59_800, 50_000]


def test_a_fare_of_another_market_is_sold_in_the_currency_of_the_first_flight() -> None:
    flights = [(Money(50_000, "SAR"), False), (Money(30_000, "KWD"), False)]
    price = journey(flights, "ADT")
    # 30.000 dinars at 12.20 riyals.
    assert (price.currency, [each.fare for each in price.coupons]) == ("SAR", [50_000, 36_600])
    back = journey(flights[::-1], "ADT")
    # 500.00 riyals are 40.9836 dinars: rounded up to what can be charged.
    assert (back.currency, [each.fare for each in back.coupons]) == ("KWD", [30_000, 40_990])


def test_without_a_rate_flights_in_two_currencies_have_no_price() -> None:
    with pytest.raises(rejections.CurrenciesDiffer):
        journey([(Money(50_000, "SAR"), False), (Money(50_000, "USD"), False)], "ADT")


@given(
    amount=st.integers(1, 10**8),
    source=CURRENCIES,
    target=CURRENCIES,
)
def test_no_detour_through_another_currency_is_cheaper(
    amount: int, source: str, target: str
) -> None:
    fare = Money(amount * money.charge_step(source), source)
    there = exchange.convert(fare, target)
    assert there.amount % money.charge_step(target) == 0
    assert exchange.convert(there, source).amount >= fare.amount


@pytest.mark.parametrize(
    ("currency", "at_home", "net", "vat"),
    [("SAR", True, 15_000, 2_250), ("SAR", False, 15_000, 0), ("JPY", True, 6_000, 900)],
)
def test_an_extra_has_its_own_lines_and_the_tax_of_its_journey(
    currency: str, at_home: bool, net: int, vat: int
) -> None:
    segments = (SegmentFare(Money(50_000, currency), at_home),)
    bag = launch_prices.extra(ExtraChoice("BAG20", passenger=0, segment=0), currency)
    bare = rules.price_journey(segments=segments, passengers=("ADT",))
    price = rules.price_journey(segments=segments, passengers=("ADT",), extras=(bag,))
    assert [(each.code, each.net, each.vat) for each in price.extras] == [("BAG20", net, vat)]
    assert price.total().amount == bare.total().amount + net + vat
    assert price.of("extra") == Money(net, currency)


def test_an_extra_that_is_not_sold_has_no_price() -> None:
    for code in ("GOLDBAR", "bag20", ""):
        with pytest.raises(rejections.ExtraUnknown):
            extra_prices.net(EXTRAS, code, "SAR")


@pytest.mark.parametrize("code", sorted(launch_prices.EXTRA_CODES))
def test_every_extra_can_be_charged_in_all_currencies_with_its_tax(code: str) -> None:
    for currency in ("SAR", "KWD", "JPY"):
        net = extra_prices.net(EXTRAS, code, currency)
        assert net > 0
        assert (net + tax.vat_on(net, currency).amount) % money.charge_step(currency) == 0


@given(gross=st.integers(0, 10**9), currency=CURRENCIES)
def test_the_tax_within_a_gross_amount_is_the_tax_on_what_is_left(
    gross: int, currency: str
) -> None:
    step = money.charge_step(currency)
    within = tax.vat_within(gross * step, currency).amount
    again = tax.vat_on(gross * step - within, currency).amount
    assert abs(again - within) <= step


@pytest.mark.parametrize(
    ("party", "seats"),
    [(["ADT"], 1), (["ADT", "INF"], 1), (["ADT", "CHD", "INF"], 2), (["ADT", "ADT", "CHD"], 3)],
)
def test_infants_take_no_seat(party: list[PassengerType], seats: int) -> None:
    assert rules.seat_count(party) == seats
