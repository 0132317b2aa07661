"""The typed value of each policy, what makes it valid, and the values of the launch.

Notice is counted in whole hours before departure; lower bounds are inclusive.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, assert_never, get_args

import msgspec

from domain.kernel import ids
from domain.policies import rejections, taxes
from domain.policies.taxes import LAUNCH_TAXES, Taxes

PolicyName = Literal["cancellation_fees", "change_fees", "taxes"]
NAMES: tuple[PolicyName, ...] = get_args(PolicyName)
BAND_LIMIT = 12
# A year, in hours: flights are not sold earlier.
LONGEST_NOTICE = 8_784


class FeeBand(msgspec.Struct, frozen=True):
    """With at least this notice before departure, this share of the price is kept."""

    from_hours: int
    percent: int


class CancellationFees(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="cancellation_fees",
    forbid_unknown_fields=True,
):
    """What is kept of a cancelled coupon, in percent by notice, from the longest down."""

    bands: tuple[FeeBand, ...]
    after_departure_percent: int

    def percent_at(self, notice: int) -> int:
        """Return the share that is kept at this notice in hours; negative after departure."""
        found = _percent(self.bands, notice)
        return self.after_departure_percent if found is None else found


class ChangeFees(
    msgspec.Struct, frozen=True, tag_field="policy", tag="change_fees", forbid_unknown_fields=True
):
    """What a change costs, in percent of the old price by notice, from the longest down."""

    bands: tuple[FeeBand, ...]

    def percent_at(self, notice: int) -> int | None:
        """Return the share at this notice in hours; None after departure, when nothing changes."""
        return _percent(self.bands, notice)


PolicyValue = CancellationFees | ChangeFees | Taxes

# The airline's conditions of carriage since the launch. Bookings of earlier releases were sold
# under these: a change of them would change contracts, so a test compares them with a copy.
LAUNCH: Mapping[PolicyName, PolicyValue] = {
    "cancellation_fees": CancellationFees(
        (FeeBand(168, 0), FeeBand(72, 25), FeeBand(24, 50), FeeBand(0, 75)),
        after_departure_percent=100,
    ),
    "change_fees": ChangeFees((FeeBand(168, 0), FeeBand(72, 5), FeeBand(24, 10), FeeBand(0, 15))),
    "taxes": LAUNCH_TAXES,
}


def stream_of(name: str) -> str:
    """Return the stream of the policy of this name."""
    return f"{ids.StreamPrefix.POLICY}-{name}"


def name_of(value: PolicyValue) -> PolicyName:
    """Return the policy that this is a value of."""
    match value:
        case CancellationFees():
            return "cancellation_fees"
        case ChangeFees():
            return "change_fees"
        case Taxes():
            return "taxes"
        case _:
            assert_never(value)


def require_valid(value: PolicyValue) -> None:
    """The bands reach down to departure, each once, with shares of 0 to 100 percent; the table of
    taxes is one. Otherwise InvalidPolicy.
    """
    if isinstance(value, Taxes):
        taxes.require_valid(value)
        return
    hours = [each.from_hours for each in value.bands]
    if not 0 < len(hours) <= BAND_LIMIT or hours[-1] != 0:
        raise rejections.InvalidPolicy(
            field="value.bands", reason="bands_not_down_to_departure", limit=BAND_LIMIT
        )
    if any(longer <= shorter for longer, shorter in pairwise((LONGEST_NOTICE + 1, *hours))):
        raise rejections.InvalidPolicy(field="value.bands", reason="bands_not_in_order")
    percents = [each.percent for each in value.bands]
    if isinstance(value, CancellationFees):
        percents.append(value.after_departure_percent)
    if not all(0 <= each <= 100 for each in percents):
        raise rejections.InvalidPolicy(field="value", reason="percent_out_of_range")


def _percent(bands: Sequence[FeeBand], notice: int) -> int | None:
    for band in bands:
        if notice >= band.from_hours:
            return band.percent
    return None
