"""Conversion of filed fares between the currencies of the airline's markets, as dated data.

One sale has one currency: that of its first flight. Fares of other markets are converted, rounded
up to what can be charged, so that no detour through another currency is cheaper.
"""

import datetime as dt

import msgspec

from domain.kernel import money
from domain.pricing import rejections


class Rate(msgspec.Struct, frozen=True):
    """From this day on one major unit of the currency is worth so many halalas."""

    since: dt.date
    currency: str
    halalas: int


# The airline's own rates of sale; the latest of a currency is in force.
RATES: tuple[Rate, ...] = (
    Rate(dt.date(2026, 1, 1), "SAR", 100),
    Rate(dt.date(2026, 1, 1), "KWD", 1_220),
    Rate(dt.date(2026, 1, 1), "JPY", 2),
)


def is_sold(currency: str) -> bool:
    """Whether the airline sells in the currency: whether it has a rate."""
    return any(rate.currency == currency for rate in RATES)


def convert(amount: money.Money, currency: str) -> money.Money:
    """Return the amount in another currency of sale; rejects CurrenciesDiffer for others."""
    if amount.currency == currency:
        return amount
    source, target = _halalas(amount.currency), _halalas(currency)
    # minor units × halalas per minor unit of the source, over halalas per minor unit of the target
    numerator = amount.amount * source * 10 ** money.exponent(currency)
    denominator = target * 10 ** money.exponent(amount.currency)
    step = money.charge_step(currency)
    steps = -(-numerator // (denominator * step))
    return money.Money(steps * step, currency)


def _halalas(currency: str) -> int:
    known = [rate.halalas for rate in RATES if rate.currency == currency]
    if not known:
        raise rejections.CurrenciesDiffer(currency=currency)
    return known[-1]
