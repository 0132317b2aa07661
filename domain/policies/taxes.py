"""Taxes and charges by code: what is collected on a ticket for authorities, as a table with dates.

The codes are those of IATA for the boxes of a ticket. The table names what is collected for others,
which is never revenue; value added tax is no row of it.
"""

import datetime as dt
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import msgspec

from domain.kernel import money
from domain.policies import rejections

PassengerKind = Literal["ADT", "CHD", "INF"]
# A flight at home that is no part of a journey abroad; a flight with an end outside the kingdom.
Travel = Literal["domestic", "international"]
Per = Literal["departure", "arrival", "coupon"]

# A price looks through all rows of the table.
ROW_LIMIT = 400
LARGEST = 9_999_999
_CODE = re.compile(r"[A-Z0-9]{2}")
_AUTHORITY = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
_AIRPORT = re.compile(r"[A-Z]{3}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class TaxCharge(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One row: so much for each passenger of these types, in minor units of `currency`.

    It is due once `per` departure from one of the `airports`, arrival at one, or coupon from or to
    one; no airports are all. Without `travel` it is due on domestic and international flights,
    and on a domestic flight within a journey abroad. The days of travel are both inclusive. What
    is not `refundable`, which only international rows may be, is kept for the authority where a
    customer cancels the coupon or does not fly.
    """

    code: str
    authority: str
    per: Per
    amount: int
    currency: str
    travel: Travel | None = None
    airports: tuple[str, ...] = ()
    passengers: tuple[PassengerKind, ...] = ("ADT", "CHD")
    refundable: bool = True
    travel_from: dt.date | None = None
    travel_until: dt.date | None = None

    def is_due(self, airport: str, *, travel: Travel | None, day: dt.date) -> bool:
        """Whether it is due at the airport on a flight of this kind that departs on the day."""
        return (
            (self.travel is None or self.travel == travel)
            and (not self.airports or airport in self.airports)
            and (self.travel_from is None or self.travel_from <= day)
            and (self.travel_until is None or day <= self.travel_until)
        )


class Taxes(
    msgspec.Struct, frozen=True, tag_field="policy", tag="taxes", forbid_unknown_fields=True
):
    """Taxes and charges that are collected for authorities, by code, airport and kind of travel."""

    rows: tuple[TaxCharge, ...]

    def due(
        self, origin: str, destination: str, *, travel: Travel | None, day: dt.date
    ) -> Iterator[tuple[TaxCharge, str | None]]:
        """Yield what is due on a flight, with the airport; None where it is for the coupon.

        `travel` is None on a domestic flight within a journey abroad; `day` is that of departure.
        """
        for each in self.rows:
            if each.per == "coupon":
                if any(each.is_due(end, travel=travel, day=day) for end in (origin, destination)):
                    yield each, None
                continue
            airport = origin if each.per == "departure" else destination
            if each.is_due(airport, travel=travel, day=day):
                yield each, airport


def require_valid(value: Taxes) -> None:
    """Every row has its form, and none would be collected twice; otherwise InvalidPolicy.

    Whether prices can be converted from its currency is for the caller to see.
    """
    if len(value.rows) > ROW_LIMIT:
        raise rejections.InvalidPolicy(field="value.rows", reason="table_too_long", limit=ROW_LIMIT)
    for index, each in enumerate(value.rows):
        if not _is_well_formed(each):
            raise rejections.InvalidPolicy(field=f"value.rows[{index}]", reason="charge_malformed")
    for (_, one), (index, other) in itertools.combinations(enumerate(value.rows), 2):
        if _overlap(one, other):
            raise rejections.InvalidPolicy(
                field=f"value.rows[{index}]", reason="charge_due_twice", code=one.code
            )


def _is_well_formed(row: TaxCharge) -> bool:
    return (
        _CODE.fullmatch(row.code) is not None
        and _AUTHORITY.fullmatch(row.authority) is not None
        and _CURRENCY.fullmatch(row.currency) is not None
        and 0 < row.amount <= LARGEST
        and row.amount % money.charge_step(row.currency) == 0
        and all(_AIRPORT.fullmatch(each) for each in row.airports)
        and _has_each_once(row.airports)
        and bool(row.passengers)
        # Of a taxed flight the charge and its tax go back together.
        and (row.refundable or row.travel == "international")
        and _has_each_once(row.passengers)
        and (
            row.travel_from is None
            or row.travel_until is None
            or row.travel_from <= row.travel_until
        )
    )


def _has_each_once(names: Sequence[str]) -> bool:
    return len(set(names)) == len(names)


def _overlap(one: TaxCharge, other: TaxCharge) -> bool:
    """Whether some passenger would pay both rows, which are one tax, at one airport."""
    return (
        (one.code, one.per) == (other.code, other.per)
        and (one.travel is None or other.travel is None or one.travel == other.travel)
        and _may_meet(one.airports, other.airports)
        and not set(one.passengers).isdisjoint(other.passengers)
        and (one.travel_from or dt.date.min) <= (other.travel_until or dt.date.max)
        and (other.travel_from or dt.date.min) <= (one.travel_until or dt.date.max)
    )


def _may_meet(one: Collection[str], other: Collection[str]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


# GACA: 10 SAR for each airport and passenger with a seat, since January 2020. The code is to be
# confirmed by the airline.
LAUNCH_TAXES = Taxes(
    tuple(
        TaxCharge("T2", "GACA", per, 10_00, "SAR", travel="domestic")
        for per in ("departure", "arrival")
    )
)
