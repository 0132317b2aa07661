"""Value added tax: on which flights it is due, and how much; what is due to authorities by code.

P4  A flight between two airports of the kingdom is taxed, unless it is part of one continuous
    journey abroad: each flight arrives where the next departs, less than a stopover before it.
    Nothing is due on flights within another country, which has taxes of its own.

Source: KSA VAT implementing regulations (carriage abroad and what belongs to it is zero-rated).
What is collected for authorities is the policy `taxes`.
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

import msgspec

from domain.kernel import money
from domain.pricing import exchange
from domain.pricing.price import (
    LAUNCH_AUTHORITY,
    LAUNCH_CODE,
    ChargeLine,
    Leg,
    Lines,
    PassengerType,
)

AIRPORTS_PER_FLIGHT = 2
STOPOVER = dt.timedelta(hours=24)
# The standard rate since 2020-07-01, in percent.
VAT_PERCENT = 15


class DueCharge(msgspec.Struct, frozen=True):
    """What is due for an authority on a flight, for each passenger of these types.

    The amount is in the currency of the authority; `airport` is None where it is for the coupon.
    """

    code: str
    authority: str
    airport: str | None
    amount: money.Money
    passengers: tuple[PassengerType, ...]
    refundable: bool


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


def charges_of(due: Sequence[DueCharge], kind: PassengerType, currency: str) -> tuple[int, Lines]:
    """Return what a passenger of this type pays of what is due, in minor units, and its lines.

    They are absent where there is nothing but the charge of the launch.
    """
    lines = tuple(
        ChargeLine(
            code=each.code,
            authority=each.authority,
            amount=exchange.convert(each.amount, currency).amount,
            airport=each.airport,
            refundable=each.refundable,
        )
        for each in due
        if kind in each.passengers
    )
    return sum(each.amount for each in lines), msgspec.UNSET if _is_of_launch(lines) else lines


def _is_of_launch(lines: Sequence[ChargeLine]) -> bool:
    """Whether they are none, or equal parts for both airports by the code of the launch."""
    codes = {(each.code, each.authority, each.refundable, each.amount) for each in lines}
    airports = [each.airport for each in lines]
    return not lines or (
        len(lines) == len(set(airports) - {None}) == AIRPORTS_PER_FLIGHT
        and len(codes) == 1
        and next(iter(codes))[:3] == (LAUNCH_CODE, LAUNCH_AUTHORITY, True)
    )
