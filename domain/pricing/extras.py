"""Extras that are sold with a flight: their codes and kinds. What they cost is a policy."""

from collections.abc import Mapping
from typing import Literal

import msgspec


class ExtraChoice(msgspec.Struct, frozen=True):
    """One extra for one passenger on one flight."""

    code: str
    passenger: int
    segment: int


class PricedExtra(msgspec.Struct, frozen=True):
    """An extra with its price without tax, in minor units of the currency of the sale."""

    choice: ExtraChoice
    net: int


Category = Literal["baggage", "seat", "meal", "service"]
CATEGORIES: Mapping[str, Category] = {
    "BAG20": "baggage",
    "BAG30": "baggage",
    "SPORT": "baggage",
    "MEAL": "meal",
    "MEALKIDS": "meal",
    "LEGROOM": "seat",
    "FRONT": "seat",
    "PRIORITY": "service",
    "LOUNGE": "service",
}

# What a seat of the map costs before its passenger has checked in; a plain seat is free.
SEAT_EXTRAS: Mapping[str, str] = {"legroom": "LEGROOM", "front": "FRONT"}


def is_seat(code: str) -> bool:
    """Whether the extra is a seat of the map."""
    return code in SEAT_EXTRAS.values()
