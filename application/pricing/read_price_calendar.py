"""Reads the lowest price of each day around a date."""

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec

from application.pricing.find_flights import is_on_sale, price_of
from application.pricing.ports import PricingPorts
from application.queries import AsOf
from domain.kernel import money


class DayPrice(msgspec.Struct, frozen=True):
    """A day, local at origin; `lowest` is one adult's with taxes and charges, None without a
    flight on sale that has seats for the party.
    """

    day: dt.date
    lowest: money.Money | None
    flight_count: int


async def read_price_calendar(
    ports: PricingPorts,
    *,
    origin: str,
    destination: str,
    around: dt.date,
    day_count: int,
    cabin: str,
    seat_count: int,
) -> tuple[list[DayPrice], AsOf]:
    """Return `day_count` days, `around` in their middle, in order and from one query."""
    first = around - dt.timedelta(days=day_count // 2)
    days = [first + dt.timedelta(days=each) for each in range(day_count)]
    offers, as_of = await ports.search_days(
        origin=origin,
        destination=destination,
        first_day=days[0],
        last_day=days[-1],
        cabin=cabin,
        seat_count=seat_count,
    )
    now, in_force = ports.clock(), await ports.policies.in_force()
    prices: dict[dt.date, list[money.Money]] = {day: [] for day in days}
    for offer in offers:
        if is_on_sale(offer, in_force, now=now):
            day = offer.departs_at.astimezone(ZoneInfo(offer.origin_zone)).date()
            prices[day].append(price_of(offer))
    return [DayPrice(day, _lowest(found), len(found)) for day, found in prices.items()], as_of


def _lowest(prices: list[money.Money]) -> money.Money | None:
    """Return the lowest price in the currency of the first: a market is sold in one."""
    comparable = [each for each in prices if each.currency == prices[0].currency]
    return min(comparable, key=lambda each: each.amount, default=None)
