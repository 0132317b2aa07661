"""The amounts that can be charged in each currency."""

import pytest

from infrastructure.stripe_simulator import currencies
from infrastructure.stripe_simulator.errors import ApiError


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (187, "sar", "amount_too_small"),
        (49, "usd", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (0, "egp", "amount_too_small"),
        (-5_000, "sar", "amount_too_small"),
        (100_000_000, "sar", "amount_too_large"),
        (5_124, "kwd", "invalid_charge_amount"),
        (1_001, "bhd", "invalid_charge_amount"),
        (10, "kwd", "amount_too_small"),
        (150, "kwd", "amount_too_small"),
        (1_590, "tnd", "amount_too_small"),
        (100_000_000, "kwd", "amount_too_large"),
        (100_000_000, "jpy", "amount_too_large"),
    ],
)
def test_an_amount_that_no_card_can_be_charged_is_refused(
    amount: int, currency: str, code: str
) -> None:
    with pytest.raises(ApiError) as caught:
        currencies.check_charge(amount, currency, param="amount")
    assert caught.value.body["code"] == code


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (188, "sar"),
        (50, "usd"),
        (50, "jpy"),
        (160, "kwd"),
        (99_999_990, "kwd"),
        (99_999_999, "jpy"),
        (99_999_999, "sar"),
        (5_121, "sar"),
    ],
)
def test_an_amount_that_a_card_can_be_charged_is_accepted(amount: int, currency: str) -> None:
    currencies.check_charge(amount, currency, param="amount")


@pytest.mark.parametrize(("amount", "currency"), [(10, "kwd"), (12, "jpy"), (1, "sar")])
def test_a_part_of_a_payment_may_be_below_the_minimum(amount: int, currency: str) -> None:
    currencies.check_step(amount, currency, param="amount")


@pytest.mark.parametrize(("amount", "currency"), [(12, "kwd"), (5_124, "kwd"), (1_001, "bhd")])
def test_a_part_of_a_payment_ends_in_0_where_the_currency_has_three_decimals(
    amount: int, currency: str
) -> None:
    with pytest.raises(ApiError) as caught:
        currencies.check_step(amount, currency, param="amount")
    assert caught.value.body["code"] == "invalid_charge_amount"


def test_every_three_decimal_minimum_is_an_amount_that_can_be_charged() -> None:
    for currency in currencies.THREE_DECIMAL:
        currencies.check_charge(currencies.minimum(currency), currency, param="amount")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(123_456, "sar", "1,234.56 SAR"), (5_120, "kwd", "5.120 KWD"), (1_500, "jpy", "1,500 JPY")],
)
def test_amounts_show_the_decimals_of_their_currency(amount: int, currency: str, text: str) -> None:
    assert currencies.display(amount, currency) == text


@pytest.mark.parametrize("code", ["xyz", "", "XAU", "sa", "riyal", "ﬀ"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(ApiError):
        currencies.checked_currency(code, param="currency")


def test_a_code_is_known_in_either_case() -> None:
    assert currencies.checked_currency("SAR", param="currency") == "sar"
