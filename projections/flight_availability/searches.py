"""Searches beyond the departures of one day: connections, the days around one, served routes."""

import datetime as dt

from application import flight_searches
from application import queries as answers
from projections import progress
from projections.flight_availability import queries
from projections.projection import Pool

CONNECTION_LIMIT = 200
# More than a month of departures of the busiest route.
DAYS_LIMIT = 5_000
ROUTE_LIMIT = 5_000
# A flight that arrives days after it left is followed by one that leaves then.
DAYS_UNDER_WAY = 2


async def find_connections(
    pool: Pool,
    *,
    origin: str,
    destination: str,
    local_date: dt.date,
    cabin: str,
    seat_count: int,
    within: dt.timedelta,
) -> tuple[list[tuple[flight_searches.FlightOffer, flight_searches.FlightOffer]], answers.AsOf]:
    """Return pairs of flights of which the second leaves after the first arrived, less than
    `within` later, by arrival (`SearchConnections`).
    """
    as_of = await progress.as_of(pool, "flight_availability")
    async with pool.connection() as connection:
        found = await connection.execute(
            "SELECT a.flight, b.flight FROM read_model.flight_availability AS a "
            "JOIN read_model.flight_availability AS b "
            "  ON b.origin = a.destination AND b.destination = %(destination)s "
            "  AND b.local_date BETWEEN a.local_date AND a.local_date + %(days)s "
            "  AND b.cabin = %(cabin)s AND b.status = 'scheduled' "
            "  AND b.departs_at >= a.arrives_at AND b.departs_at < a.arrives_at + %(within)s "
            "  AND b.authorised - b.held - b.sold >= %(seats)s "
            "WHERE a.origin = %(origin)s AND a.destination <> %(destination)s "
            "  AND a.local_date = %(date)s AND a.cabin = %(cabin)s AND a.status = 'scheduled' "
            "  AND a.authorised - a.held - a.sold >= %(seats)s "
            "ORDER BY b.arrives_at, a.departs_at DESC, a.flight, b.flight LIMIT %(limit)s",
            {
                "origin": origin,
                "destination": destination,
                "date": local_date,
                "cabin": cabin,
                "seats": seat_count,
                "within": within,
                "days": DAYS_UNDER_WAY,
                "limit": CONNECTION_LIMIT,
            },
        )
        pairs = await found.fetchall()
    rows = await queries.fetch(
        pool,
        f"SELECT {queries.COLUMNS} FROM read_model.flight_availability "  # noqa: S608 - constants
        "WHERE flight = ANY (%s) AND cabin = %s",
        (sorted({flight for pair in pairs for flight in pair}), cabin),
    )
    offers = {each.flight: each for each in queries.offers_of(rows, seat_count)}
    return [(offers[a], offers[b]) for a, b in pairs if a in offers and b in offers], as_of


async def find_in_days(
    pool: Pool,
    *,
    origin: str,
    destination: str,
    first_day: dt.date,
    last_day: dt.date,
    cabin: str,
    seat_count: int,
) -> tuple[list[flight_searches.FlightOffer], answers.AsOf]:
    """Return the departures of these days, local at origin, by time (`SearchDays`)."""
    as_of = await progress.as_of(pool, "flight_availability")
    rows = await queries.fetch(
        pool,
        f"SELECT {queries.COLUMNS} FROM read_model.flight_availability "  # noqa: S608 - constants
        "WHERE origin = %s AND destination = %s AND local_date BETWEEN %s AND %s AND cabin = %s "
        "AND status = 'scheduled' AND authorised - held - sold >= %s "
        "ORDER BY departs_at, flight LIMIT %s",
        (origin, destination, first_day, last_day, cabin, seat_count, DAYS_LIMIT),
    )
    return queries.offers_of(rows, seat_count), as_of


async def served_routes(
    pool: Pool, after: dt.datetime
) -> tuple[list[flight_searches.ServedRoute], answers.AsOf]:
    """Return the routes with a departure that is to leave after this instant, by their airports
    (`ServedRoutes`).
    """
    as_of = await progress.as_of(pool, "flight_availability")
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT origin, destination, bool_and(domestic) FROM read_model.flight_availability "
            "WHERE status = 'scheduled' AND departs_at > %s "
            "GROUP BY origin, destination ORDER BY origin, destination LIMIT %s",
            (after, ROUTE_LIMIT),
        )
        return [flight_searches.ServedRoute(*row) for row in await rows.fetchall()], as_of
