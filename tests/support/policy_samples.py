"""Samples of published policies, and of what is sold under their versions."""

from typing import Any

import msgspec

from domain.booking.values import FeeVersions, PriceVersions
from domain.kernel.events import DomainEvent
from domain.policies.events import PolicyProposed, PolicyPublished
from domain.policies.values import LAUNCH

FORMS: dict[str, tuple[Any, ...]] = {
    # The stored samples of journeys are older than the versions of fees.
    "segments.sold_under": (msgspec.UNSET,),
    "to.sold_under": (msgspec.UNSET, FeeVersions(2, 3)),
    "segments.priced_under": (msgspec.UNSET,),
    "to.priced_under": (msgspec.UNSET, PriceVersions(passenger_shares=2)),
    "claim.assessed.version": (2,),
    "policy.proposed.value": tuple(LAUNCH.values()),
    "policy.published.value": tuple(LAUNCH.values()),
}
BEFORE: dict[type[DomainEvent], tuple[type[DomainEvent], ...]] = {
    PolicyPublished: (PolicyProposed,),
}
