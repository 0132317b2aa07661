"""Bands of fees: the share that is kept, by the notice before departure.

Notice is counted in whole hours; lower bounds are inclusive.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from domain.policies import rejections

BAND_LIMIT = 12
# A year, in hours: flights are not sold earlier.
LONGEST_NOTICE = 8_784


class FeeBand(msgspec.Struct, frozen=True):
    """With at least this notice before departure, this share of the price is kept."""

    from_hours: int
    percent: int


def percent_at(bands: Sequence[FeeBand], notice: int) -> int | None:
    """Return the share at this notice in hours; None after departure."""
    for band in bands:
        if notice >= band.from_hours:
            return band.percent
    return None


def require_valid(bands: Sequence[FeeBand], *, field: str) -> None:
    """The bands reach down to departure, each once, from the longest notice on; otherwise
    InvalidPolicy about the field.
    """
    hours = [each.from_hours for each in bands]
    if not 0 < len(hours) <= BAND_LIMIT or hours[-1] != 0:
        raise rejections.InvalidPolicy(
            field=field, reason="bands_not_down_to_departure", limit=BAND_LIMIT
        )
    if any(longer <= shorter for longer, shorter in pairwise((LONGEST_NOTICE + 1, *hours))):
        raise rejections.InvalidPolicy(field=field, reason="bands_not_in_order")


def require_percents(percents: Sequence[int], *, field: str = "value") -> None:
    """Each share is one of 0 to 100 percent; otherwise InvalidPolicy about the field."""
    if not all(0 <= each <= 100 for each in percents):
        raise rejections.InvalidPolicy(field=field, reason="percent_out_of_range")
