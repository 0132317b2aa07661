"""Samples of published policies, and of what is sold under their versions."""

import datetime as dt
from typing import Any

import msgspec

from domain.booking.values import FeeVersions, PriceVersions
from domain.kernel.events import DomainEvent
from domain.policies.events import PolicyProposed, PolicyPublished
from domain.policies.filed_fares import FiledFare, FiledFares
from domain.policies.values import LAUNCH
from tests.support.fare_families import BRANDS

DAY = dt.date(2026, 12, 1)
FARES = FiledFares(
    (
        FiledFare("RUH-JED", "J", "J", "SAR", 900_00),
        FiledFare("RUH-JED", "Y", "Y", "SAR", 300_00, DAY, DAY, (4, 5), "round_trip"),
        FiledFare("RUH-JED", "Y", "Y", "SAR", 350_00, trip="one_way"),
    )
)
FORMS: dict[str, tuple[Any, ...]] = {
    # The stored samples of journeys are older than the versions of fees.
    "segments.sold_under": (msgspec.UNSET,),
    "to.sold_under": (msgspec.UNSET, FeeVersions(2, 3), FeeVersions(2, 3, 4)),
    "segments.priced_under": (msgspec.UNSET,),
    "to.priced_under": (msgspec.UNSET, PriceVersions(passenger_shares=2)),
    "claim.assessed.version": (2,),
    "policy.proposed.value": (*LAUNCH.values(), BRANDS, FARES),
    "policy.published.value": (*LAUNCH.values(), BRANDS, FARES),
}
BEFORE: dict[type[DomainEvent], tuple[type[DomainEvent], ...]] = {
    PolicyPublished: (PolicyProposed,),
}
