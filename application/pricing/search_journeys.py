"""Searches journeys: one way or there and back, direct or with one change."""

import asyncio
import datetime as dt
from collections.abc import Sequence

import msgspec

from application.pricing.find_connections import Connection, find_connections
from application.pricing.find_flights import PricedFlight, find_flights
from application.pricing.ports import PricingPorts
from application.queries import AsOf


class OneWay(msgspec.Struct, frozen=True):
    """Direct flights by departure, and connections by arrival."""

    flights: Sequence[PricedFlight] = ()
    connections: Sequence[Connection] = ()


class FoundJourneys(msgspec.Struct, frozen=True):
    """What was found for each way; `as_of` is that of the oldest answer among them."""

    there: OneWay
    back: OneWay
    as_of: AsOf


async def search_journeys(
    ports: PricingPorts,
    *,
    origin: str,
    destination: str,
    there_on: dt.date,
    back_on: dt.date | None,
    cabin: str,
    seat_count: int,
    with_connections: bool,
) -> FoundJourneys:
    """Return the departures there, and back where a day for it is given, with free seats.

    Days are local where the way begins. Prices are those of one way each.
    """

    async def one_way(start: str, end: str, day: dt.date) -> tuple[OneWay, list[AsOf]]:
        flights, flights_as_of = await find_flights(
            ports,
            origin=start,
            destination=end,
            local_date=day,
            cabin=cabin,
            seat_count=seat_count,
        )
        if not with_connections:
            return OneWay(flights), [flights_as_of]
        connections, as_of = await find_connections(
            ports,
            origin=start,
            destination=end,
            local_date=day,
            cabin=cabin,
            seat_count=seat_count,
        )
        return OneWay(flights, connections), [flights_as_of, as_of]

    if back_on is None:
        there, reached = await one_way(origin, destination, there_on)
        return FoundJourneys(there, OneWay(), _oldest(reached))
    (there, first), (back, second) = await asyncio.gather(
        one_way(origin, destination, there_on), one_way(destination, origin, back_on)
    )
    return FoundJourneys(there, back, _oldest([*first, *second]))


def _oldest(reached: Sequence[AsOf]) -> AsOf:
    return AsOf(min(each.position for each in reached), max(each.lag_seconds for each in reached))
