"""Connections: whether passengers who arrive with one flight reach the next.

Policy: an airport needs the time below between arrival and departure (domestic airports usually
45 to 90 minutes; to be filed by the airline for each airport).
"""

import datetime as dt
import itertools
from collections.abc import Sequence

from domain.booking import rejections
from domain.pricing.price import Leg

MINIMUM_CONNECTING_TIME = dt.timedelta(minutes=45)
# Passengers are offered no journey on which they wait longer between two flights.
LONGEST_CONNECTION = dt.timedelta(hours=12)
MINIMUM_CONNECTING_TIMES = {
    "DMM": dt.timedelta(minutes=60),
    "JED": dt.timedelta(minutes=75),
    "RUH": dt.timedelta(minutes=60),
}


def minimum_at(airport: str) -> dt.timedelta:
    """Return the time that passengers need between two flights at an airport."""
    return MINIMUM_CONNECTING_TIMES.get(airport, MINIMUM_CONNECTING_TIME)


def is_broken(before: Leg, after: Leg) -> bool:
    """Whether passengers of the first flight miss the next; only its order counts where they
    travel to another airport by themselves.
    """
    needed = minimum_at(after.origin) if before.destination == after.origin else dt.timedelta()
    return after.departs_at - before.arrives_at < needed


def require_reachable(before: Leg, after: Leg, *, field: str = "flightIds") -> None:
    """Passengers of the first flight reach the next; otherwise InvalidJourney with the minutes."""
    if is_broken(before, after):
        raise rejections.InvalidJourney(
            field=field,
            reason="connection_too_short",
            airport=after.origin,
            minutes=minimum_at(after.origin) // dt.timedelta(minutes=1),
        )


def newly_broken(before: Sequence[Leg], after: Sequence[Leg]) -> bool:
    """Whether a connection of the journey is broken that was not before other times."""
    pairs = zip(itertools.pairwise(before), itertools.pairwise(after), strict=True)
    return any(is_broken(*now) and not is_broken(*then) for then, now in pairs)


def travelled_with(legs: Sequence[Leg], segment: int, *, stopover: dt.timedelta) -> tuple[int, ...]:
    """Return the segments of the continuous journey of this one, without a stopover in between."""

    def connects(before: Leg, after: Leg) -> bool:
        return after.departs_at - before.arrives_at < stopover

    first = last = segment
    while first > 0 and connects(legs[first - 1], legs[first]):
        first -= 1
    while last + 1 < len(legs) and connects(legs[last], legs[last + 1]):
        last += 1
    return tuple(range(first, last + 1))
