"""Value added tax and airport charges of Saudi Arabia: on which flights they are due, and how much.

P4  A flight between two airports of the kingdom is taxed, unless it is part of one continuous
    journey abroad: each flight arrives where the next departs, less than a stopover before it.
    Nothing is due on flights within another country, which has taxes of its own.

Sources: KSA VAT implementing regulations (carriage abroad and what belongs to it is zero-rated),
GACA (airport charge). The figures are dated policy data.
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

from domain.kernel import money
from domain.pricing import exchange
from domain.pricing.price import TAKES_SEAT, Leg, PassengerType

STOPOVER = dt.timedelta(hours=24)
# The standard rate since 2020-07-01, in percent.
VAT_PERCENT = 15
# Per airport and passenger with a seat since January 2020: 10 SAR, in halalas.
CHARGE_PER_AIRPORT = money.Money(1000, "SAR")
AIRPORTS_PER_FLIGHT = 2


def taxed(legs: Sequence[Leg]) -> list[bool]:
    """Return for each flight of one traveller, in order, whether tax and charges are due (P4)."""
    due: list[bool] = []
    for journey in _continuous(legs):
        abroad = any(not leg.at_home for leg in journey)
        due += [not abroad for _ in journey]
    return due


def _continuous(legs: Sequence[Leg]) -> Iterator[list[Leg]]:
    """Yield the parts of the journey that are not interrupted by a stopover or a surface sector."""
    journey: list[Leg] = []
    for before, leg in itertools.pairwise([None, *legs]):
        assert leg is not None
        if before is not None and _interrupts(before, leg):
            yield journey
            journey = []
        journey.append(leg)
    if journey:
        yield journey


def _interrupts(before: Leg, after: Leg) -> bool:
    joins = before.destination == after.origin
    return not joins or after.departs_at - before.arrives_at >= STOPOVER


def vat_on(net: int, currency: str) -> money.Money:
    """Return the tax on a net amount, as it can be charged."""
    return money.round_to_charge_step(net * VAT_PERCENT, 100, currency)


def vat_within(gross: int, currency: str) -> money.Money:
    """Return the tax contained in an amount that includes it."""
    return money.round_to_charge_step(gross * VAT_PERCENT, 100 + VAT_PERCENT, currency)


def charge_of(kind: PassengerType, currency: str) -> int:
    """Return the charges of both airports for a passenger on a taxed flight, in minor units."""
    if not TAKES_SEAT[kind]:
        return 0
    return exchange.convert(CHARGE_PER_AIRPORT, currency).amount * AIRPORTS_PER_FLIGHT
