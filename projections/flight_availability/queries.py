"""Questions about flights on sale."""

import datetime as dt

import msgspec
from psycopg.rows import class_row

from projections.projection import Pool

SEARCH_LIMIT = 200
CABIN_LIMIT = 20

_COLUMNS = (
    "flight, cabin, number, origin, destination, origin_zone, destination_zone, departs_at, "
    "arrives_at, local_date, domestic, fare_amount, currency, authorised, held, sold, "
    "authorised - held - sold AS free"
)


class FlightOffer(msgspec.Struct, frozen=True):
    """One cabin of one departure.

    `local_date` is the day of departure at the origin, instants are UTC, `fare_amount` is one
    adult's fare in minor units without taxes; `free` is negative after an equipment cut.
    """

    flight: str
    cabin: str
    number: str
    origin: str
    destination: str
    origin_zone: str
    destination_zone: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    local_date: dt.date
    domestic: bool
    fare_amount: int
    currency: str
    authorised: int
    held: int
    sold: int
    free: int


async def search(
    pool: Pool, *, origin: str, destination: str, local_date: dt.date, cabin: str, seat_count: int
) -> list[FlightOffer]:
    """Departures of that day with so many free seats in the cabin, earliest first."""
    return await _fetch(
        pool,
        f"SELECT {_COLUMNS} FROM read_model.flight_availability "  # noqa: S608 - constants only
        "WHERE origin = %s AND destination = %s AND local_date = %s AND cabin = %s "
        "AND authorised - held - sold >= %s ORDER BY departs_at, flight LIMIT %s",
        (origin, destination, local_date, cabin, seat_count, SEARCH_LIMIT),
    )


async def flight(pool: Pool, flight_id: str) -> list[FlightOffer]:
    """The cabins of one departure by code; empty when there is no such flight."""
    return await _fetch(
        pool,
        f"SELECT {_COLUMNS} FROM read_model.flight_availability "  # noqa: S608 - constants only
        "WHERE flight = %s ORDER BY cabin LIMIT %s",
        (flight_id, CABIN_LIMIT),
    )


async def _fetch(pool: Pool, query: str, parameters: tuple[object, ...]) -> list[FlightOffer]:
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(FlightOffer))
        await cursor.execute(query.encode(), parameters, prepare=True)
        return await cursor.fetchall()
