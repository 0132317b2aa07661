"""Connections: whether passengers who arrive with one flight reach the next.

How long they need at which airport is a policy of the airline.
"""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence

import msgspec

from domain.booking import rejections
from domain.pricing.price import Leg


class MinimumTimes(msgspec.Struct, frozen=True):
    """How long passengers need between two flights: at these airports, and elsewhere."""

    airports: Mapping[str, dt.timedelta]
    elsewhere: dt.timedelta

    def at(self, airport: str) -> dt.timedelta:
        """Return the time that passengers need between two flights at an airport."""
        return self.airports.get(airport, self.elsewhere)


def is_broken(before: Leg, after: Leg, *, by: MinimumTimes) -> bool:
    """Whether passengers of the first flight miss the next; only its order counts where they
    travel to another airport by themselves.
    """
    needed = by.at(after.origin) if before.destination == after.origin else dt.timedelta()
    return after.departs_at - before.arrives_at < needed


def require_reachable(
    before: Leg, after: Leg, *, by: MinimumTimes, field: str = "flightIds"
) -> None:
    """Passengers of the first flight reach the next; otherwise InvalidJourney with the minutes."""
    if is_broken(before, after, by=by):
        raise rejections.InvalidJourney(
            field=field,
            reason="connection_too_short",
            airport=after.origin,
            minutes=by.at(after.origin) // dt.timedelta(minutes=1),
        )


def newly_broken(before: Sequence[Leg], after: Sequence[Leg], *, by: MinimumTimes) -> bool:
    """Whether a connection of the journey is broken that was not before other times."""
    pairs = zip(itertools.pairwise(before), itertools.pairwise(after), strict=True)
    return any(is_broken(*now, by=by) and not is_broken(*then, by=by) for then, now in pairs)


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
