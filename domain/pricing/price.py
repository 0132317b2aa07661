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

SHOWN_AS_ONE: tuple[LineKind, ...] = ("fare", "extra", "vat")


class Leg(msgspec.Struct, frozen=True):
    """One flight of a journey; `at_home` where both airports are in the kingdom."""

    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    at_home: bool


# The charge of the launch: of both airports of a domestic flight, in equal parts. A coupon without
# lines has no other.
LAUNCH_CODE, LAUNCH_AUTHORITY = "T2", "GACA"


class ChargeLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is collected for an authority by one code, in minor units of the price's currency.

    `airport` is None where it is for the coupon. What is not `refundable` stays with the authority
    when the customer cancels or does not fly.
    """

    code: str
    authority: str
    amount: int
    airport: str | None = None
    refundable: bool = True


Lines = tuple[ChargeLine, ...] | msgspec.UnsetType


class CouponPrice(msgspec.Struct, frozen=True):
    """What one passenger pays for one flight, in minor units of the price's currency.

    `fare` is without tax, `vat` is due on the fare and, of a taxed flight, on the charge. `charge`
    is the sum of `charges`, which are absent where there is none but that of the launch.
    """

    passenger: int
    segment: int
    fare: int
    vat: int
    charge: int
    charges: Lines = msgspec.UNSET

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
    """One line of the price shown to clients, for all passengers of a type; in minor units.

    A charge has its code and the authority that it is collected for.
    """

    kind: LineKind
    passenger_type: PassengerType
    passenger_count: int
    amount: int
    code: str | None = None
    authority: str | None = None


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
        for kind in SHOWN_AS_ONE:
            amount = sum(_amounts(kind, coupons, extras))
            if amount:
                found.append(PriceLine(kind, passenger_type, count, amount))
        found += [
            PriceLine("charge", passenger_type, count, amount, code, authority)
            for (code, authority), amount in _by_code(coupons).items()
        ]
    return tuple(found)


def charge_lines(charge: int, lines: Lines) -> tuple[ChargeLine, ...]:
    """Return the lines of a coupon's charge: those it has, or that of the launch."""
    if not isinstance(lines, msgspec.UnsetType):
        return lines
    return (ChargeLine(LAUNCH_CODE, LAUNCH_AUTHORITY, charge),) if charge else ()


def _by_code(coupons: Sequence[CouponPrice]) -> dict[tuple[str, str], int]:
    """The charges by code and authority, in the order of the coupons."""
    sums: dict[tuple[str, str], int] = {}
    for coupon in coupons:
        for line in charge_lines(coupon.charge, coupon.charges):
            key = (line.code, line.authority)
            sums[key] = sums.get(key, 0) + line.amount
    return sums


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
