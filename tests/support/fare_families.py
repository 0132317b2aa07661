"""Fare families that tests publish: Light, Flex and Business."""

from msgspec.structs import replace

from domain.policies.bands import FeeBand
from domain.policies.fare_families import (
    LAUNCH_FAMILIES,
    BaggageAllowance,
    FamilyName,
    FareFamilies,
    FareFamily,
)

LIGHT = FareFamily(
    code="LIGHT",
    name=FamilyName("Light", "خفيفة"),
    cabin="Y",
    fare_basis="LTOW",
    baggage=BaggageAllowance(0, 0, 1, 7),
    fare_classes=("V",),
    modifiable=False,
    cancellation=(FeeBand(0, 100),),
    residue="cash",
)
FLEX = FareFamily(
    code="FLEX",
    name=FamilyName("Flex", "مرنة"),
    cabin="Y",
    fare_basis="FXOW",
    baggage=BaggageAllowance(2, 23, 1, 7),
    cancellation=(FeeBand(24, 0), FeeBand(0, 10)),
    after_departure_percent=60,
    modification=(FeeBand(0, 0),),
    residue="credit",
)
_, BUSINESS = LAUNCH_FAMILIES.families
BRANDS = FareFamilies((LIGHT, FLEX, BUSINESS))


def only(family: FareFamily) -> FareFamilies:
    """Families of which this one has all classes of economy."""
    return FareFamilies((replace(family, fare_classes=()), BUSINESS))
