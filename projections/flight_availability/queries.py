"""Queries about flights on sale and in operation."""

import datetime as dt
from collections.abc import Iterable

import msgspec
from psycopg.rows import class_row

from application import flight_searches
from application import queries as answers
from domain.inventory.events import Residue
from projections import progress
from projections.projection import Pool

SEARCH_LIMIT = 200
CABIN_LIMIT = 20
WORKLIST_LIMIT = 500

COLUMNS = (
    "flight, cabin, number, origin, destination, origin_zone, destination_zone, departs_at, "
    "arrives_at, local_date, domestic, status, currency, class_codes, class_fares, class_limits, "
    "class_taken, class_residues, aircraft, departure_terminal, arrival_terminal, "
    "authorised, held, sold, authorised - held - sold AS free"
)


class FlightOffer(msgspec.Struct, frozen=True):
    """One cabin of one departure.

    `local_date` is the day of departure at the origin, instants are UTC, fares are for one adult
    in minor units without taxes; `free` is negative after an equipment cut.
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
    status: str
    currency: str
    class_codes: list[str]
    class_fares: list[int]
    class_limits: list[int | None]
    class_taken: list[int]
    class_residues: list[Residue]
    aircraft: str
    departure_terminal: str
    arrival_terminal: str
    authorised: int
    held: int
    sold: int
    free: int

    def lowest_class(self, seats: int) -> tuple[str, int, Residue] | None:
        """Return code, fare and residue of the cheapest class with this many seats (nested)."""
        free = self.free
        below = sum(self.class_taken)
        found = None
        for index, code in enumerate(self.class_codes):
            limit = self.class_limits[index]
            if limit is not None:
                free = min(free, limit - below)
            if free >= seats:
                found = (code, self.class_fares[index], self.class_residues[index])
            below -= self.class_taken[index]
        return found


class Oversold(msgspec.Struct, frozen=True):
    """A cabin with more seats held and sold than authorised."""

    flight: str
    cabin: str
    departs_at: dt.datetime
    seats: int


async def search(
    pool: Pool, *, origin: str, destination: str, local_date: dt.date, cabin: str, seat_count: int
) -> list[FlightOffer]:
    """Return departures of the day with this many free seats in the cabin, earliest first."""
    return await fetch(
        pool,
        f"SELECT {COLUMNS} FROM read_model.flight_availability "  # noqa: S608 - constants only
        "WHERE origin = %s AND destination = %s AND local_date = %s AND cabin = %s "
        "AND status = 'scheduled' AND authorised - held - sold >= %s "
        "ORDER BY departs_at, flight LIMIT %s",
        (origin, destination, local_date, cabin, seat_count, SEARCH_LIMIT),
    )


async def flight(pool: Pool, flight_id: str) -> list[FlightOffer]:
    """Return the cabins of one departure by code; empty when there is no such flight."""
    return await fetch(
        pool,
        f"SELECT {COLUMNS} FROM read_model.flight_availability "  # noqa: S608 - constants only
        "WHERE flight = %s ORDER BY cabin LIMIT %s",
        (flight_id, CABIN_LIMIT),
    )


async def due_departures(pool: Pool, before: dt.datetime, *, after: str, limit: int) -> list[str]:
    """Return flights that should have left before this instant without a recorded departure, by
    id and behind `after`: some stay due for long.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT DISTINCT flight FROM read_model.flight_availability "
            "WHERE status = 'scheduled' AND departs_at < %s AND flight > %s "
            "ORDER BY flight LIMIT %s",
            (before, after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def overdue_flights(
    pool: Pool, before: dt.datetime
) -> tuple[list[answers.OverdueFlight], answers.AsOf]:
    """Return the flights that should have left before this instant, the longest overdue first."""
    as_of = await progress.as_of(pool, "flight_availability")
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT flight, min(departs_at) FROM read_model.flight_availability "
            "WHERE status = 'scheduled' AND departs_at < %s "
            "GROUP BY flight ORDER BY min(departs_at), flight LIMIT %s",
            (before, WORKLIST_LIMIT),
        )
        return [answers.OverdueFlight(*row) for row in await rows.fetchall()], as_of


async def with_waitlist(pool: Pool, *, limit: int, after: str = "") -> list[str]:
    """Return flights with a waitlist and a free seat, perhaps for nobody who waits.

    A page in order of flight ids, from the first after `after`.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT DISTINCT flight FROM read_model.flight_availability "
            "WHERE waiting <> '{}' AND status = 'scheduled' AND authorised > held + sold "
            "AND flight > %s ORDER BY flight LIMIT %s",
            (after, limit),
        )
        return [row[0] for row in await rows.fetchall()]


async def oversold(pool: Pool, *, limit: int) -> list[Oversold]:
    """Return cabins of future flights with more seats taken than authorised, the soonest first."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Oversold))
        await cursor.execute(
            "SELECT flight, cabin, departs_at, held + sold - authorised AS seats "
            "FROM read_model.flight_availability "
            "WHERE status = 'scheduled' AND held + sold > authorised "
            "ORDER BY departs_at, flight, cabin LIMIT %s",
            (limit,),
        )
        return await cursor.fetchall()


async def fetch(pool: Pool, query: str, parameters: tuple[object, ...]) -> list[FlightOffer]:
    """Return the rows of a query for COLUMNS."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(FlightOffer))
        await cursor.execute(query.encode(), parameters, prepare=True)
        return await cursor.fetchall()


async def find_flights(
    pool: Pool, *, origin: str, destination: str, local_date: dt.date, cabin: str, seat_count: int
) -> tuple[list[flight_searches.FlightOffer], answers.AsOf]:
    """Return departures with enough free seats in one class, at its fare (`SearchFlights`)."""
    as_of = await progress.as_of(pool, "flight_availability")
    rows = await search(
        pool,
        origin=origin,
        destination=destination,
        local_date=local_date,
        cabin=cabin,
        seat_count=seat_count,
    )
    return offers_of(rows, seat_count), as_of


def offers_of(rows: Iterable[FlightOffer], seat_count: int) -> list[flight_searches.FlightOffer]:
    """Return the rows that have a class with so many seats, at the fare of the cheapest."""
    return [
        flight_searches.FlightOffer(
            flight=row.flight,
            number=row.number,
            origin=row.origin,
            destination=row.destination,
            origin_zone=row.origin_zone,
            destination_zone=row.destination_zone,
            departs_at=row.departs_at,
            arrives_at=row.arrives_at,
            domestic=row.domestic,
            fare_class=lowest[0],
            fare_amount=lowest[1],
            currency=row.currency,
            residue=lowest[2],
            free_count=row.free,
            aircraft=row.aircraft,
            departure_terminal=row.departure_terminal,
            arrival_terminal=row.arrival_terminal,
        )
        for row in rows
        if (lowest := row.lowest_class(seat_count)) is not None
    ]


async def oversold_cabins(pool: Pool) -> tuple[list[answers.OversoldCabin], answers.AsOf]:
    """Return the cabins of coming flights with more seats taken than authorised."""
    as_of = await progress.as_of(pool, "flight_availability")
    rows = await oversold(pool, limit=WORKLIST_LIMIT)
    cabins = [
        answers.OversoldCabin(row.flight, row.cabin, row.departs_at, row.seats) for row in rows
    ]
    return cabins, as_of
