"""The typed value of each policy, what makes it valid, and the values of the launch.

Notice is counted in whole hours before departure; lower bounds are inclusive.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from domain.kernel import ids
from domain.policies import bands, fare_families, filed_fares
from domain.policies.bands import FeeBand
from domain.policies.fare_families import LAUNCH_FAMILIES, FareFamilies
from domain.policies.filed_fares import NO_FARES, FiledFares

PolicyName = Literal["cancellation_fees", "change_fees", "fare_families", "filed_fares"]
NAMES: tuple[PolicyName, ...] = get_args(PolicyName)


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
        found = bands.percent_at(self.bands, notice)
        return self.after_departure_percent if found is None else found


class ChangeFees(
    msgspec.Struct, frozen=True, tag_field="policy", tag="change_fees", forbid_unknown_fields=True
):
    """What a change costs, in percent of the old price by notice, from the longest down."""

    bands: tuple[FeeBand, ...]

    def percent_at(self, notice: int) -> int | None:
        """Return the share at this notice in hours; None after departure, when nothing changes."""
        return bands.percent_at(self.bands, notice)


PolicyValue = CancellationFees | ChangeFees | FareFamilies | FiledFares

# The airline's conditions of carriage since the launch. Bookings of earlier releases were sold
# under these: a change of them would change contracts, so a test compares them with a copy.
LAUNCH: Mapping[PolicyName, PolicyValue] = {
    "cancellation_fees": CancellationFees(
        (FeeBand(168, 0), FeeBand(72, 25), FeeBand(24, 50), FeeBand(0, 75)),
        after_departure_percent=100,
    ),
    "change_fees": ChangeFees((FeeBand(168, 0), FeeBand(72, 5), FeeBand(24, 10), FeeBand(0, 15))),
    "fare_families": LAUNCH_FAMILIES,
    "filed_fares": NO_FARES,
}
_NAMES: Mapping[type[object], PolicyName] = {type(value): name for name, value in LAUNCH.items()}
# The fields that a scope of these policies may give: what the rule is about has no others.
SCOPE_FIELDS: Mapping[PolicyName, frozenset[str]] = {
    "fare_families": frozenset({"market", "route", "currency"}),
    "filed_fares": frozenset(),
}


def stream_of(name: str) -> str:
    """Return the stream of the policy of this name."""
    return f"{ids.StreamPrefix.POLICY}-{name}"


def name_of(value: PolicyValue) -> PolicyName:
    """Return the policy that this is a value of."""
    return name_of_type(type(value))


def name_of_type(kind: type[object]) -> PolicyName:
    """Return the policy whose values are of this type."""
    return _NAMES[kind]


def require_valid(value: PolicyValue) -> None:
    """The value is one that its policy may have; otherwise InvalidPolicy."""
    if isinstance(value, FareFamilies):
        fare_families.require_valid(value)
    elif isinstance(value, FiledFares):
        filed_fares.require_valid(value)
    else:
        _require_fees(value)


def _require_fees(value: CancellationFees | ChangeFees) -> None:
    """The bands reach down to departure, each once, with shares of 0 to 100 percent; otherwise
    InvalidPolicy.
    """
    bands.require_valid(value.bands, field="value.bands")
    percents = [each.percent for each in value.bands]
    if isinstance(value, CancellationFees):
        percents.append(value.after_departure_percent)
    bands.require_percents(percents)
