"""The value of a currency in riyals: tax is stated in riyals whatever the sale's currency.

Source: KSA VAT implementing regulations, article 53 (documents in another currency state the tax
in riyals, at the rate of the central bank on the day when the tax falls due).
"""

import datetime as dt

import msgspec

from domain.kernel import money

RIYAL = "SAR"
PER_UNIT = 10**6


class TaxRate(msgspec.Struct, frozen=True):
    """One major unit of `currency` is worth so many millionths of a riyal since that day.

    `source` says whose rate it is, such as `SAMA`.
    """

    currency: str
    riyal_millionths: int
    since: dt.date
    source: str


def in_riyals(amount: money.Money, rate: TaxRate | None) -> int:
    """Return the amount in halalas, halves away from zero; None is the rate of the riyal itself."""
    if rate is None:
        assert amount.currency == RIYAL, "another currency has a rate"
        return amount.amount
    assert rate.currency == amount.currency
    halalas: int = abs(amount.amount) * rate.riyal_millionths * 10 ** money.exponent(RIYAL)
    unit: int = PER_UNIT * 10 ** money.exponent(amount.currency)
    rounded = (2 * halalas + unit) // (2 * unit)
    return -rounded if amount.amount < 0 else rounded


def displayed(rate: TaxRate) -> str:
    """Return the riyals of one unit as a decimal number, such as `12.21`."""
    whole, fraction = divmod(rate.riyal_millionths, PER_UNIT)
    return f"{whole}.{fraction:06d}".rstrip("0").rstrip(".")
