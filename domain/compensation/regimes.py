"""The rules of passenger rights: which flights, which causes, which amounts.

What they are is a policy; the one in force on the day of the flight counts.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from domain.kernel.money import Money

Cause = Literal["cancelled", "delayed", "denied_boarding"]

# A flight that leaves less late concerns no regime: none may give something for less.
LEAST_DELAY = dt.timedelta(hours=1)


class Band(msgspec.Struct, frozen=True):
    """One line of a table: it applies where all its limits are met.

    `delay` is the least delay, `notice` the notice before departure that is too short,
    `distance_km` the longest great-circle distance. What is paid is a fixed `amount` or `percent`
    of the fare of the flight.
    """

    cause: Cause
    amount: Money | None = None
    percent: int = 0
    delay: dt.timedelta = dt.timedelta()
    notice: dt.timedelta | None = None
    distance_km: int | None = None


class Regime(msgspec.Struct, frozen=True):
    """A body of law from the day `since` on; the first band of a cause that applies counts.

    It covers flights from a country of `origins`, and those to a country of `destinations`.
    `version` is that of the policy.
    """

    name: str
    since: dt.date
    origins: frozenset[str]
    destinations: frozenset[str]
    excused: frozenset[str]
    bands: tuple[Band, ...]
    version: int = 1


def regime_of(
    origin: str, destination: str, on: dt.date, *, regimes: Sequence[Regime]
) -> Regime | None:
    """Return the regime of a flight between these countries (ISO 3166) on this day, local at the
    origin; None where none applies. Of several of one name the latest in force counts.
    """
    covering = [
        each
        for each in regimes
        if each.since <= on and (origin in each.origins or destination in each.destinations)
    ]
    if not covering:
        return None
    return max(
        (each for each in covering if each.name == covering[0].name), key=lambda each: each.since
    )
