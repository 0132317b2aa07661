"""The typed value of each policy, what makes it valid, and the values of the launch.

Notice is counted in whole hours before departure; lower bounds are inclusive.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, get_args

import msgspec

from domain.kernel import ids
from domain.policies import (
    compensation_values,
    money_values,
    operating_values,
    price_values,
    rejections,
)
from domain.policies.compensation_values import Compensation
from domain.policies.money_values import (
    ApprovalLimits,
    CreditLifetimes,
    GiftCards,
    LeastCharges,
    MoneyValue,
    NameCorrections,
)
from domain.policies.operating_values import (
    ConnectingTimes,
    DisruptionDeadlines,
    GateTimes,
    HoldTimes,
    LateMoney,
    MaterialChange,
    OperatingValue,
    Overbooking,
    PlacesPerFlight,
    SalesWindow,
)
from domain.policies.price_values import Extras, PassengerShares, PriceValue

PolicyName = Literal[
    "cancellation_fees",
    "change_fees",
    "passenger_shares",
    "extras",
    "credit_lifetimes",
    "gift_cards",
    "approval_limits",
    "least_charges",
    "name_corrections",
    "compensation",
    "hold_times",
    "sales_window",
    "overbooking",
    "material_change",
    "places_per_flight",
    "gate_times",
    "late_money",
    "connecting_times",
    "disruption_deadlines",
]
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


PolicyValue = (
    CancellationFees
    | ChangeFees
    | PassengerShares
    | Extras
    | CreditLifetimes
    | GiftCards
    | ApprovalLimits
    | LeastCharges
    | NameCorrections
    | Compensation
    | HoldTimes
    | SalesWindow
    | Overbooking
    | MaterialChange
    | PlacesPerFlight
    | GateTimes
    | LateMoney
    | ConnectingTimes
    | DisruptionDeadlines
)

# The airline's conditions of carriage since the launch. Bookings of earlier releases were sold
# under these: a change of them would change contracts, so a test compares them with a copy.
LAUNCH: Mapping[PolicyName, PolicyValue] = {
    "cancellation_fees": CancellationFees(
        (FeeBand(168, 0), FeeBand(72, 25), FeeBand(24, 50), FeeBand(0, 75)),
        after_departure_percent=100,
    ),
    "change_fees": ChangeFees((FeeBand(168, 0), FeeBand(72, 5), FeeBand(24, 10), FeeBand(0, 15))),
    "passenger_shares": price_values.PASSENGER_SHARES,
    "extras": price_values.EXTRAS,
    "credit_lifetimes": money_values.CREDIT_LIFETIMES,
    "gift_cards": money_values.GIFT_CARDS,
    "approval_limits": money_values.APPROVAL_LIMITS,
    "least_charges": money_values.LEAST_CHARGES,
    "name_corrections": money_values.NAME_CORRECTIONS,
    "compensation": compensation_values.COMPENSATION,
    "hold_times": operating_values.HOLD_TIMES,
    "sales_window": operating_values.SALES_WINDOW,
    "overbooking": operating_values.OVERBOOKING,
    "material_change": operating_values.MATERIAL_CHANGE,
    "places_per_flight": operating_values.PLACES_PER_FLIGHT,
    "gate_times": operating_values.GATE_TIMES,
    "late_money": operating_values.LATE_MONEY,
    "connecting_times": operating_values.CONNECTING_TIMES,
    "disruption_deadlines": operating_values.DISRUPTION_DEADLINES,
}
_NAMES: Mapping[type[object], PolicyName] = {type(value): name for name, value in LAUNCH.items()}
# The rules about operations, which one person publishes; of all others money depends (O1).
OPERATING: frozenset[PolicyName] = frozenset(
    name for name, value in LAUNCH.items() if isinstance(value, OperatingValue)
)
# The instant at which it is looked up which version counts: that of the sale, whose version the
# booking keeps, that of the departure, or that of the decision.
Moment = Literal["sale", "departure", "now"]
MOMENTS: Mapping[PolicyName, Moment] = {
    "cancellation_fees": "sale",
    "change_fees": "sale",
    "passenger_shares": "sale",
    "extras": "sale",
    "credit_lifetimes": "now",
    "gift_cards": "now",
    "approval_limits": "now",
    "least_charges": "now",
    "name_corrections": "now",
    "compensation": "departure",
    "hold_times": "now",
    "sales_window": "now",
    "overbooking": "now",
    "material_change": "now",
    "places_per_flight": "now",
    "gate_times": "now",
    "late_money": "now",
    "connecting_times": "now",
    "disruption_deadlines": "now",
}
# The fields that a scope of these policies may give: what the rule is about has no others.
SCOPE_FIELDS: Mapping[PolicyName, frozenset[str]] = {
    "extras": frozenset({"market", "route"}),
    "credit_lifetimes": frozenset(),
    "gift_cards": frozenset(),
    "approval_limits": frozenset(),
    "least_charges": frozenset(),
    "name_corrections": frozenset(),
    "compensation": frozenset(),
    "hold_times": frozenset(),
    "sales_window": frozenset({"market", "route"}),
    "overbooking": frozenset({"market", "route"}),
    "material_change": frozenset({"market", "route"}),
    "places_per_flight": frozenset({"market", "route"}),
    "gate_times": frozenset({"market", "route"}),
    "late_money": frozenset(),
    "connecting_times": frozenset(),
    "disruption_deadlines": frozenset(),
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
    if isinstance(value, OperatingValue):
        operating_values.require_valid(value)
    elif isinstance(value, PriceValue):
        price_values.require_valid(value)
    elif isinstance(value, MoneyValue):
        money_values.require_valid(value)
    elif isinstance(value, Compensation):
        compensation_values.require_valid(value)
    else:
        _require_fees(value)


def _require_fees(value: CancellationFees | ChangeFees) -> None:
    """The bands reach down to departure, each once, with shares of 0 to 100 percent; otherwise
    InvalidPolicy.
    """
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
