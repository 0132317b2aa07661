"""Fees of cancellation and modification: bands by hours to departure, as dated policy data.

Hours are counted between UTC instants to the first flight of the part concerned that has not been
flown; lower bounds are inclusive. Fees are quoted with tax inside.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.kernel import money


class Band(msgspec.Struct, frozen=True):
    """With at least this notice before departure, this share of the part's price is kept."""

    from_hours: int
    percent: int


# The airline's conditions of carriage since the launch; from the longest notice down.
CANCELLATION_BANDS: tuple[Band, ...] = (Band(168, 0), Band(72, 25), Band(24, 50), Band(0, 75))
CANCELLATION_PERCENT_AFTER_DEPARTURE = 100
MODIFICATION_BANDS: tuple[Band, ...] = (Band(168, 0), Band(72, 5), Band(24, 10), Band(0, 15))


def cancellation_percent(*, departs_at: dt.datetime, now: dt.datetime) -> int:
    """Share of the part's price that is kept, in percent."""
    percent = _percent(CANCELLATION_BANDS, departs_at - now)
    return CANCELLATION_PERCENT_AFTER_DEPARTURE if percent is None else percent


def modification_percent(*, departs_at: dt.datetime, now: dt.datetime) -> int | None:
    """Share of the old price of the part, in percent; None after departure."""
    return _percent(MODIFICATION_BANDS, departs_at - now)


def fee(percent: int, total: int, currency: str) -> int:
    """The fee in minor units, rounded once so that it, and what is left, can be charged."""
    return money.round_to_charge_step(total * percent, 100, currency).amount


def _percent(bands: Sequence[Band], notice: dt.timedelta) -> int | None:
    for band in bands:
        if notice >= dt.timedelta(hours=band.from_hours):
            return band.percent
    return None
