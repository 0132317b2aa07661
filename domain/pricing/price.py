"""A price: the value of each coupon and each extra, and their sum.

A *coupon* is one passenger on one flight. Passengers and flights (*segments*) are counted from 0
in the order of the party and of the journey.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from domain.kernel import money

LineKind = Literal["fare", "extra", "vat", "charge"]
PassengerType = Literal["ADT", "CHD", "INF"]

# Infants travel on a lap and take no seat from capacity.
TAKES_SEAT: dict[PassengerType, bool] = {"ADT": True, "CHD": True, "INF": False}

LINE_KINDS: tuple[LineKind, ...] = ("fare", "extra", "vat", "charge")


class Leg(msgspec.Struct, frozen=True):
    """One flight of a journey; `at_home` where both airports are in the kingdom."""

    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    at_home: bool


class CouponPrice(msgspec.Struct, frozen=True):
    """What one passenger pays for one flight, in minor units of the price's currency.

    `fare` is without tax, `vat` is due on fare and charge, `charge` is the airports'.
    """

    passenger: int
    segment: int
    fare: int
    vat: int
    charge: int

    @property
    def total(self) -> int:
        """What is paid for the coupon."""
        return self.fare + self.vat + self.charge


class ExtraPrice(msgspec.Struct, frozen=True):
    """What one extra (bag, meal, seat) of one passenger on one flight costs; `net` without tax."""

    code: str
    passenger: int
    segment: int
    net: int
    vat: int

    @property
    def total(self) -> int:
        """What is paid for the extra."""
        return self.net + self.vat


class PriceLine(msgspec.Struct, frozen=True):
    """One line of the price shown to clients, for all passengers of a type; in minor units."""

    kind: LineKind
    passenger_type: PassengerType
    passenger_count: int
    amount: int


class Price(msgspec.Struct, frozen=True):
    """Coupons and extras in one currency."""

    currency: str
    coupons: tuple[CouponPrice, ...]
    extras: tuple[ExtraPrice, ...] = ()

    def total(self) -> money.Money:
        """The amount due (P1)."""
        amount = 0
        for coupon in self.coupons:
            amount += coupon.fare + coupon.vat + coupon.charge
        for extra in self.extras:
            amount += extra.net + extra.vat
        return money.Money(amount, self.currency)

    def of(self, kind: LineKind) -> money.Money:
        """The sum of a kind over all coupons and extras."""
        amount = sum(_amounts(kind, self.coupons, self.extras))
        return money.Money(amount, self.currency)


def lines(price: Price, passengers: Sequence[PassengerType]) -> tuple[PriceLine, ...]:
    """The price by passenger type and kind; their sum is the total (P1)."""
    found: list[PriceLine] = []
    for passenger_type in dict.fromkeys(passengers):
        among = {index for index, each in enumerate(passengers) if each == passenger_type}
        coupons = [coupon for coupon in price.coupons if coupon.passenger in among]
        extras = [extra for extra in price.extras if extra.passenger in among]
        count = len({coupon.passenger for coupon in coupons})
        for kind in LINE_KINDS:
            amount = sum(_amounts(kind, coupons, extras))
            if amount:
                found.append(PriceLine(kind, passenger_type, count, amount))
    return tuple(found)


def _amounts(
    kind: LineKind, coupons: Sequence[CouponPrice], extras: Sequence[ExtraPrice]
) -> list[int]:
    match kind:
        case "fare":
            return [coupon.fare for coupon in coupons]
        case "charge":
            return [coupon.charge for coupon in coupons]
        case "extra":
            return [extra.net for extra in extras]
        case "vat":
            return [coupon.vat for coupon in coupons] + [extra.vat for extra in extras]
