"""The rules of passenger rights as dated tables: which flights, which causes, which amounts.

To change a rule, add a regime with a later `since`: the one in force on the day of the flight
counts. All amounts are from public sources and have to be confirmed by the airline.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from domain.kernel.money import Money

Cause = Literal["cancelled", "delayed", "denied_boarding"]

# Member states, and those that apply the regulation by treaty.
# fmt: off
EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "CH",
})
# fmt: on
# Reasons of operations for which a regime lets the airline off.
EXTRAORDINARY = frozenset({"weather", "air_traffic", "airport", "security"})


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
    """

    name: str
    since: dt.date
    source: str
    origins: frozenset[str]
    destinations: frozenset[str]
    excused: frozenset[str]
    bands: tuple[Band, ...]


_FORTNIGHT = dt.timedelta(days=14)
_DAY = dt.timedelta(hours=24)
_HOUR = dt.timedelta(hours=1)


def _sar(amount: int) -> Money:
    return Money(amount * 100, "SAR")


def _by_distance(currency: str, short: int, middle: int, long: int) -> tuple[Band, ...]:
    """Return the bands of Article 7: up to 1,500 km, up to 3,500 km, and farther."""
    causes: tuple[tuple[Cause, dt.timedelta, dt.timedelta | None], ...] = (
        ("denied_boarding", dt.timedelta(), None),
        ("cancelled", dt.timedelta(), _FORTNIGHT),
        ("delayed", 3 * _HOUR, None),
    )
    return tuple(
        Band(
            cause,
            amount=Money(amount * 100, currency),
            delay=delay,
            notice=notice,
            distance_km=distance,
        )
        for cause, delay, notice in causes
        for distance, amount in ((1_500, short), (3_500, middle), (None, long))
    )


REGIMES: tuple[Regime, ...] = (
    Regime(
        name="EU261",
        since=dt.date(2005, 2, 17),
        source="Regulation (EC) No 261/2004, Articles 3 to 7; three hours: CJEU C-402/07",
        origins=EU,
        destinations=frozenset(),
        excused=EXTRAORDINARY,
        bands=_by_distance("EUR", 250, 400, 600),
    ),
    Regime(
        name="UK261",
        since=dt.date(2021, 1, 1),
        source="The Air Passenger Rights (EU Exit) Regulations 2019",
        origins=frozenset({"GB"}),
        destinations=frozenset(),
        excused=EXTRAORDINARY,
        bands=_by_distance("GBP", 220, 350, 520),
    ),
    Regime(
        name="GACA",
        since=dt.date(2023, 11, 20),
        source="GACA, Passengers' Rights Protection Regulations, in force 20 November 2023",
        origins=frozenset({"SA"}),
        destinations=frozenset({"SA"}),
        excused=EXTRAORDINARY,
        bands=(
            Band("denied_boarding", percent=200),
            Band("cancelled", percent=150, notice=4 * _HOUR),
            Band("cancelled", percent=100, notice=_DAY),
            Band("cancelled", percent=50, notice=_FORTNIGHT),
            # 150 and 50 special drawing rights, as the regulation gives them in riyals.
            Band("delayed", amount=_sar(750), delay=6 * _HOUR),
            Band("delayed", amount=_sar(250), delay=3 * _HOUR),
        ),
    ),
)

# A flight that leaves less late concerns no regime.
LEAST_DELAY = min(band.delay for each in REGIMES for band in each.bands if band.cause == "delayed")


def regime_of(
    origin: str, destination: str, on: dt.date, *, regimes: Sequence[Regime] = REGIMES
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
