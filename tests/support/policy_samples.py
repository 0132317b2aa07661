"""Samples of published policies, and of what is sold under their versions."""

import datetime as dt
from typing import Any

import msgspec

from domain.booking.values import FeeVersions, PriceVersions
from domain.kernel.events import DomainEvent
from domain.policies.events import PolicyProposed, PolicyPublished
from domain.policies.filed_fares import FiledFare, FiledFares
from domain.policies.taxes import TaxCharge, Taxes
from domain.policies.values import LAUNCH
from domain.pricing.price import ChargeLine
from tests.support.fare_families import BRANDS

DAY = dt.date(2026, 12, 1)
FARES = FiledFares(
    (
        FiledFare("RUH-JED", "J", "J", "SAR", 900_00),
        FiledFare("RUH-JED", "Y", "Y", "SAR", 300_00, DAY, DAY, (4, 5), "round_trip"),
        FiledFare("RUH-JED", "Y", "Y", "SAR", 350_00, trip="one_way"),
    )
)
LINES = (
    ChargeLine("IO", "GACA", 8_00, "RUH"),
    ChargeLine("TP", "GACA", 1_00),
    ChargeLine("ZR", "UAE-ICP", 1_00, "DXB", refundable=False),
)
TAXES = Taxes(
    (
        TaxCharge("TP", "GACA", "coupon", 1_00, "SAR"),
        TaxCharge(
            "ZR",
            "UAE-ICP",
            "arrival",
            5_10,
            "SAR",
            "international",
            ("DXB",),
            ("ADT", "CHD", "INF"),
            refundable=False,
            travel_from=dt.date(2027, 1, 1),
            travel_until=dt.date(2027, 12, 31),
        ),
    )
)
FORMS: dict[str, tuple[Any, ...]] = {
    # The stored samples of journeys are older than the versions of fees.
    "segments.sold_under": (msgspec.UNSET,),
    "to.sold_under": (msgspec.UNSET, FeeVersions(2, 3), FeeVersions(2, 3, 4)),
    "segments.priced_under": (msgspec.UNSET,),
    # The lines of a charge make up the charge of the samples.
    "coupons.charges": (msgspec.UNSET, LINES),
    "priced.charges": (msgspec.UNSET, LINES),
    "coupons.kept": (msgspec.UNSET,),
    "to.priced_under": (msgspec.UNSET, PriceVersions(passenger_shares=2)),
    "claim.assessed.version": (2,),
    "policy.proposed.value": (*LAUNCH.values(), BRANDS, FARES, TAXES),
    "policy.published.value": (*LAUNCH.values(), BRANDS, FARES, TAXES),
}
BEFORE: dict[type[DomainEvent], tuple[type[DomainEvent], ...]] = {
    PolicyPublished: (PolicyProposed,),
}
