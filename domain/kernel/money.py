"""Money: an integer of minor units beside its ISO 4217 code; no floats, one way to split."""

from collections.abc import Sequence

import iso4217
import msgspec

# Stripe charges three-decimal currencies only in tens of the minor unit (5.124 KWD is refused).
CHARGE_STEP_TEN = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
AMOUNT_LIMIT = 10**15


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum: always a bug of the caller."""


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units (halalas, fils, yen) of one currency; may be negative."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")


_EXPONENTS: dict[str, int] = {
    currency.code: currency.exponent
    for currency in iso4217.Currency
    if currency.exponent is not None
}


def is_currency(code: str) -> bool:
    """Whether ISO 4217 lists the code as a currency with a minor unit."""
    return code in _EXPONENTS


def exponent(currency: str) -> int:
    """Number of decimals of the currency (ISO 4217): SAR 2, KWD 3, JPY 0."""
    return _EXPONENTS[currency]


def charge_step(currency: str) -> int:
    """Smallest chargeable difference in minor units (Stripe's rule for three-decimal ones)."""
    return 10 if currency in CHARGE_STEP_TEN else 1


def is_chargeable(amount: Money) -> bool:
    """Whether a card can be charged exactly this amount: positive and on the charge step."""
    return amount.amount > 0 and amount.amount % charge_step(amount.currency) == 0


def total(amounts: Sequence[Money], currency: str) -> Money:
    """Sum of the amounts, zero of `currency` when there is none."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result


def round_to_charge_step(numerator: int, denominator: int, currency: str) -> Money:
    """The chargeable amount nearest to numerator/denominator minor units, halves away from zero."""
    assert denominator > 0
    step = charge_step(currency)
    sign = -1 if numerator < 0 else 1
    steps = (2 * abs(numerator) + denominator * step) // (2 * denominator * step)
    return Money(sign * steps * step, currency)


def split(amount: Money, weights: Sequence[int]) -> list[Money]:
    """Shares in proportion to the weights that add up to the amount exactly.

    Largest remainder, counted in the currency's charge step, so that each share can be charged
    or refunded by itself; what is smaller than a step goes to the first of the largest shares.
    """
    assert weights
    assert all(weight >= 0 for weight in weights)
    weight_sum = sum(weights)
    assert weight_sum > 0
    sign = -1 if amount.amount < 0 else 1
    step = charge_step(amount.currency)
    steps, residue = divmod(abs(amount.amount), step)
    shares = [steps * weight // weight_sum for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda i: (-(steps * weights[i] % weight_sum), i)
    )
    for index in by_remainder[: steps - sum(shares)]:
        shares[index] += 1
    amounts = [share * step for share in shares]
    amounts[max(range(len(weights)), key=lambda i: (weights[i], -i))] += residue
    return [Money(sign * share, amount.currency) for share in amounts]


def display(amount: Money) -> str:
    """Plain text such as `1,250.00 SAR` for logs, e-mails and the terminal."""
    decimals = exponent(amount.currency)
    sign = "-" if amount.amount < 0 else ""
    whole, fraction = divmod(abs(amount.amount), 10**decimals)
    text = f"{whole:,}" + (f".{fraction:0{decimals}d}" if decimals else "")
    return f"{sign}{text} {amount.currency}"
