"""Fares filed apart from flights, as the value of a policy: one table for all routes.

A fare replaces what the flight itself has for the class, in the currency of the flight. Of the
fares that apply to a departure the one that names most counts: season, days, kind of trip.
"""

import bisect
import datetime as dt
import itertools
import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from domain.kernel import money
from domain.policies import rejections

FARE_LIMIT = 2_000
# Fares of one class on one route: each is compared with all others.
KEY_LIMIT = 60
# Eight digits are the most that Stripe charges.
HIGHEST_AMOUNT = 99_999_999
EVERY_DAY = tuple(range(1, 8))
_ROUTE = re.compile(r"[A-Z]{3}-[A-Z]{3}")
_FARE_CLASS = re.compile(r"[A-Z]")
Key = tuple[str, str, str, str]


class Departure(msgspec.Struct, frozen=True):
    """What a fare is looked up for: a class on a day, local at the origin.

    `round_trip` is whether the journey ends where it begins.
    """

    route: str
    cabin: str
    fare_class: str
    currency: str
    day: dt.date
    round_trip: bool = False

    @property
    def key(self) -> Key:
        """By what the table is in order."""
        return (self.route, self.cabin, self.fare_class, self.currency)


class FiledFare(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One adult's fare of a class on a route, in this direction, without taxes, in minor units.

    Departures from `first_day` to `last_day`, local at the origin, on the `days` of the week (1 is
    Monday, ISO 8601; none is all), and `trip` where only round trips, or only others, have it.
    """

    route: str
    cabin: Literal["Y", "J"]
    fare_class: str
    currency: str
    amount: int
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    days: tuple[int, ...] = ()
    trip: Literal["one_way", "round_trip"] | None = None

    @property
    def key(self) -> Key:
        """By what the table is in order."""
        return (self.route, self.cabin, self.fare_class, self.currency)

    @property
    def specificity(self) -> int:
        """How many of season, days and kind of trip are named."""
        is_season = self.first_day is not None or self.last_day is not None
        return is_season + bool(self.days) + (self.trip is not None)

    def covers(self, departure: Departure) -> bool:
        """Whether the departure, of the same key, has this fare."""
        trip = "round_trip" if departure.round_trip else "one_way"
        return (
            (self.first_day or dt.date.min) <= departure.day <= (self.last_day or dt.date.max)
            and (not self.days or departure.day.isoweekday() in self.days)
            and self.trip in {None, trip}
        )

    def overlaps(self, other: "FiledFare") -> bool:
        """Whether a departure of the same key could have both."""
        first = max(self.first_day or dt.date.min, other.first_day or dt.date.min)
        last = min(self.last_day or dt.date.max, other.last_day or dt.date.max)
        days = set(self.days or EVERY_DAY) & set(other.days or EVERY_DAY)
        trips = {self.trip, other.trip}
        return first <= last and bool(days) and (None in trips or len(trips) == 1)


class FiledFares(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="filed_fares",
    forbid_unknown_fields=True,
):
    """Fares by route, cabin, class and currency, in this order, which replace those of flights:
    for a season, days of the week, round trips, or all departures.
    """

    fares: tuple[FiledFare, ...]

    def fare_of(self, departure: Departure) -> int | None:
        """Return the fare that counts, in minor units; None where the flight's own does."""
        best: FiledFare | None = None
        for at in range(bisect.bisect_left(self.fares, departure.key, key=_key), len(self.fares)):
            each = self.fares[at]
            if each.key != departure.key:
                break
            if each.covers(departure) and (best is None or best.specificity < each.specificity):
                best = each
        return None if best is None else best.amount


NO_FARES = FiledFares(())


def require_valid(value: FiledFares) -> None:
    """Each fare can be charged, and for each departure one counts; otherwise InvalidPolicy."""
    if len(value.fares) > FARE_LIMIT:
        raise _refused("too_many_fares", limit=FARE_LIMIT)
    for row, each in enumerate(value.fares, start=1):
        _require_fare(each, row)
    for row, (before, after) in enumerate(itertools.pairwise(value.fares), start=2):
        if after.key < before.key:
            raise _refused("fares_not_in_order", row=row)
    row = 0
    for _, group in itertools.groupby(value.fares, key=_key):
        same = list(group)
        if len(same) > KEY_LIMIT:
            raise _refused("too_many_fares", limit=KEY_LIMIT)
        _require_one_counts(same, row)
        row += len(same)


def in_order(fares: Sequence[FiledFare]) -> FiledFares:
    """Return the table of these fares in the order that it needs."""
    return FiledFares(tuple(sorted(fares, key=_key)))


def _require_fare(fare: FiledFare, row: int) -> None:
    origin, _, destination = fare.route.partition("-")
    if (
        not _ROUTE.fullmatch(fare.route)
        or origin == destination
        or not _FARE_CLASS.fullmatch(fare.fare_class)
        or not money.is_currency(fare.currency)
    ):
        raise _refused("fare_malformed", row=row)
    if not set(fare.days) <= set(EVERY_DAY) or len(set(fare.days)) != len(fare.days):
        raise _refused("days_malformed", row=row)
    if (fare.first_day or dt.date.min) > (fare.last_day or dt.date.max):
        raise _refused("season_ends_before_it_begins", row=row)
    if not 0 < fare.amount <= HIGHEST_AMOUNT or fare.amount % money.charge_step(fare.currency):
        raise _refused("fare_not_chargeable", row=row)


def _require_one_counts(fares: Sequence[FiledFare], before: int) -> None:
    """Of fares with the same key, no two that are as specific have a departure in common."""
    for (first, one), (second, other) in itertools.combinations(enumerate(fares, start=1), 2):
        if one.specificity == other.specificity and one.overlaps(other):
            raise _refused("fares_overlap", row=before + first, other=before + second)


def _key(fare: FiledFare) -> Key:
    return fare.key


def _refused(reason: str, **facts: str | int) -> rejections.InvalidPolicy:
    return rejections.InvalidPolicy(field="value.fares", reason=reason, **facts)
