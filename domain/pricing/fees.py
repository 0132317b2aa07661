"""Fees of cancellation and modification: bands by notice before departure, as dated policy data.

Notice is counted in whole hours between UTC instants, rounded down; lower bounds are inclusive.
Each coupon has its own notice, that of its own flight, so that cancelling flight by flight costs
what cancelling at once does. Fees are quoted with tax inside.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.kernel import money

HOUR = dt.timedelta(hours=1)


class Band(msgspec.Struct, frozen=True):
    """With at least this notice before departure, this share of the price is kept."""

    from_hours: int
    percent: int


# The airline's conditions of carriage since the launch; from the longest notice down.
CANCELLATION_BANDS: tuple[Band, ...] = (Band(168, 0), Band(72, 25), Band(24, 50), Band(0, 75))
CANCELLATION_PERCENT_AFTER_DEPARTURE = 100
MODIFICATION_BANDS: tuple[Band, ...] = (Band(168, 0), Band(72, 5), Band(24, 10), Band(0, 15))


def notice_hours(*, departs_at: dt.datetime, now: dt.datetime, least: int | None = None) -> int:
    """Whole hours of notice, negative after departure.

    `least` is the shortest notice at which the coupon was exchanged before: an exchange for a later
    flight gives no longer one.
    """
    hours = (departs_at - now) // HOUR
    return hours if least is None else min(hours, least)


def cancellation_percent(notice: int) -> int:
    """Share of the price that is kept at this notice in hours, in percent."""
    percent = _percent(CANCELLATION_BANDS, notice)
    return CANCELLATION_PERCENT_AFTER_DEPARTURE if percent is None else percent


def modification_percent(notice: int) -> int | None:
    """Share of the old price at this notice in hours, in percent; None after departure."""
    return _percent(MODIFICATION_BANDS, notice)


def fee(percent: int, total: int, currency: str) -> int:
    """The fee in minor units, rounded once so that it, and what is left, can be charged."""
    return money.round_to_charge_step(total * percent, 100, currency).amount


def _percent(bands: Sequence[Band], notice: int) -> int | None:
    for band in bands:
        if notice >= band.from_hours:
            return band.percent
    return None
