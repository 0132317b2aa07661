"""Money: exponents, the charge step, sums, and splits that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import money
from domain.kernel.money import Money
from tests.support import strategies


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("SAR", 2), ("USD", 2), ("EGP", 2), ("KWD", 3), ("BHD", 3), ("OMR", 3), ("JPY", 0)],
)
def test_the_number_of_decimals_is_the_one_of_iso_4217(currency: str, decimals: int) -> None:
    assert money.exponent(currency) == decimals


def test_gold_and_invented_codes_are_no_currencies() -> None:
    assert money.is_currency("SAR")
    assert not money.is_currency("XAU")
    assert not money.is_currency("ZZZ")
    assert not money.is_currency("sar")


@pytest.mark.parametrize("currency", ["KWD", "BHD", "JOD", "OMR", "TND"])
def test_three_decimal_currencies_are_charged_in_tens(currency: str) -> None:
    assert money.exponent(currency) == 3
    assert money.charge_step(currency) == 10
    assert money.is_chargeable(Money(5_120, currency))
    assert not money.is_chargeable(Money(5_124, currency))


@pytest.mark.parametrize("currency", ["SAR", "JPY", "USD"])
def test_other_currencies_are_charged_in_single_minor_units(currency: str) -> None:
    assert money.charge_step(currency) == 1
    assert money.is_chargeable(Money(1, currency))


@pytest.mark.parametrize("amount", [0, -1, -100])
def test_nothing_and_less_than_nothing_cannot_be_charged(amount: int) -> None:
    assert not money.is_chargeable(Money(amount, "SAR"))


def test_amounts_of_one_currency_add_subtract_and_turn_negative() -> None:
    assert Money(5, "SAR") + Money(7, "SAR") == Money(12, "SAR")
    assert Money(5, "SAR") - Money(7, "SAR") == Money(-2, "SAR")
    assert -Money(5, "SAR") == Money(-5, "SAR")
    assert money.total([Money(1, "KWD"), Money(-4, "KWD")], "KWD") == Money(-3, "KWD")
    assert money.total([], "JPY") == Money(0, "JPY")


def test_amounts_of_two_currencies_never_meet_in_one_sum() -> None:
    with pytest.raises(money.CurrencyMismatch):
        Money(1, "SAR") + Money(1, "USD")
    with pytest.raises(money.CurrencyMismatch):
        Money(1, "SAR") - Money(1, "USD")
    with pytest.raises(money.CurrencyMismatch):
        money.total([Money(0, "USD")], "SAR")


def test_the_same_number_in_two_currencies_is_not_the_same_money() -> None:
    assert Money(100, "SAR") != Money(100, "USD")


@pytest.mark.parametrize(
    ("numerator", "denominator", "currency", "expected"),
    [
        (149, 100, "SAR", 1),
        (150, 100, "SAR", 2),
        (-150, 100, "SAR", -2),
        (-149, 100, "SAR", -1),
        (5_124, 1, "KWD", 5_120),
        (5_125, 1, "KWD", 5_130),
        (-5_125, 1, "KWD", -5_130),
        (5_124_999, 1_000, "KWD", 5_120),
        (1, 2, "JPY", 1),
        (0, 7, "KWD", 0),
    ],
)
def test_rounding_goes_to_the_nearest_charge_step_and_halves_away_from_zero(
    numerator: int, denominator: int, currency: str, expected: int
) -> None:
    rounded = money.round_to_charge_step(numerator, denominator, currency)
    assert rounded == Money(expected, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "weights", "shares"),
    [
        (100, "SAR", [1, 1, 1], [34, 33, 33]),
        (101, "SAR", [1, 1, 1], [34, 34, 33]),
        (-100, "SAR", [1, 1, 1], [-34, -33, -33]),
        (100, "JPY", [3, 0, 1], [75, 0, 25]),
        (1_000, "KWD", [1, 1, 1], [340, 330, 330]),
        (1_004, "KWD", [1, 2, 2], [200, 404, 400]),
        (7, "OMR", [1, 1], [7, 0]),
        (0, "SAR", [2, 3], [0, 0]),
        (2, "SAR", [1, 1, 1, 1], [1, 1, 0, 0]),
        (10, "SAR", [1, 5], [2, 8]),
    ],
)
def test_a_split_gives_the_largest_remainders_one_step_more(
    amount: int, currency: str, weights: list[int], shares: list[int]
) -> None:
    split = money.split(Money(amount, currency), weights)
    assert [share.amount for share in split] == shares


@given(
    amount=strategies.amounts(minimum=-(10**12)),
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=9).filter(any),
)
def test_shares_add_up_keep_the_sign_and_stay_within_a_step_of_the_proportion(
    amount: Money, weights: list[int]
) -> None:
    shares = money.split(amount, weights)
    step = money.charge_step(amount.currency)
    assert money.total(shares, amount.currency) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert share.amount * amount.amount >= 0
        exact_times_sum = amount.amount * weight
        assert abs(share.amount * sum(weights) - exact_times_sum) < 2 * step * sum(weights)
        if weight == 0:
            assert share.amount == 0


@given(
    amount=strategies.amounts(currencies=("KWD", "BHD", "JOD", "OMR", "TND")),
    weights=st.lists(st.integers(1, 10**6), min_size=1, max_size=9),
)
def test_shares_of_a_chargeable_amount_can_be_charged_one_by_one(
    amount: Money, weights: list[int]
) -> None:
    whole = Money(amount.amount * 10, amount.currency)
    assert all(share.amount % 10 == 0 for share in money.split(whole, weights))


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_a_split_without_usable_weights_is_a_bug(weights: list[int]) -> None:
    with pytest.raises(AssertionError):
        money.split(Money(10, "SAR"), weights)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (125_000, "SAR", "1,250.00 SAR"),
        (5, "SAR", "0.05 SAR"),
        (-5, "SAR", "-0.05 SAR"),
        (5_120, "KWD", "5.120 KWD"),
        (1_234_567, "JPY", "1,234,567 JPY"),
        (0, "JPY", "0 JPY"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(
    amount: int, currency: str, text: str
) -> None:
    assert money.display(Money(amount, currency)) == text
