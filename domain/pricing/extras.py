"""Extras that are sold with a flight: codes and net prices by currency, as dated policy data."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from domain.pricing import rejections


class ExtraChoice(msgspec.Struct, frozen=True):
    """One extra for one passenger on one flight."""

    code: str
    passenger: int
    segment: int


# Net prices in minor units. Riyals are market prices; dinars and yen are set by hand, not
# converted, so that they are round figures.
NET_PRICES: Mapping[str, Mapping[str, int]] = {
    "BAG20": {"SAR": 150_00, "KWD": 12_500, "JPY": 6_000},
    "BAG30": {"SAR": 220_00, "KWD": 18_500, "JPY": 8_800},
    "SPORT": {"SAR": 300_00, "KWD": 25_000, "JPY": 12_000},
    "MEAL": {"SAR": 50_00, "KWD": 4_000, "JPY": 2_000},
    "MEALKIDS": {"SAR": 40_00, "KWD": 3_500, "JPY": 1_600},
    "LEGROOM": {"SAR": 100_00, "KWD": 8_500, "JPY": 4_000},
    "FRONT": {"SAR": 80_00, "KWD": 6_500, "JPY": 3_200},
    "PRIORITY": {"SAR": 50_00, "KWD": 4_000, "JPY": 2_000},
    "LOUNGE": {"SAR": 200_00, "KWD": 16_500, "JPY": 8_000},
}

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


# IATA: an EMD-A is associated with a coupon and lifted with it, an EMD-S stands alone.
DocumentKind = Literal["EMD-A", "EMD-S"]
STAND_ALONE = frozenset({"LOUNGE"})


def document_kind(code: str) -> DocumentKind:
    """Return what kind of document the extra is sold with."""
    return "EMD-S" if code in STAND_ALONE else "EMD-A"


def codes(currency: str) -> list[str]:
    """Return the extras that are sold in this currency."""
    return [code for code, prices in NET_PRICES.items() if currency in prices]


def is_seat(code: str) -> bool:
    """Whether the extra is a seat of the map."""
    return code in SEAT_EXTRAS.values()


def net_price(code: str, currency: str) -> int:
    """In minor units of the currency; rejects ExtraUnknown."""
    price = NET_PRICES.get(code, {}).get(currency)
    if price is None:
        raise rejections.ExtraUnknown(field="extras", code=code, currency=currency)
    return price
