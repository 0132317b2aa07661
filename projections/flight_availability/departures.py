"""The departures of a carrier as they are on sale, for the comparison with its schedule."""

import datetime as dt

from psycopg.rows import class_row

from application import queries as answers
from domain.inventory.season_changes import DepartureOnSale
from projections import progress
from projections.projection import Pool

# Far more than an airline sells at a time: some years of the largest one.
DEPARTURES_LIMIT = 2_000_000


async def departures_of_carrier(
    pool: Pool, carrier: str, first_day: dt.date, last_day: dt.date
) -> tuple[list[DepartureOnSale], answers.AsOf]:
    """Return every departure whose id has a day of this period, cancelled and past ones, too."""
    as_of = await progress.as_of(pool, "flight_availability")
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(DepartureOnSale))
        await cursor.execute(
            "SELECT flight AS flight_id, min(number) AS number, min(origin) AS origin, "
            "min(destination) AS destination, min(departs_at) AS departs_at, "
            "min(arrives_at) AS arrives_at, min(status) AS status, min(aircraft) AS aircraft, "
            "min(departure_terminal) AS departure_terminal, "
            "min(arrival_terminal) AS arrival_terminal, sum(held + sold)::integer AS taken "
            "FROM read_model.flight_availability "
            "WHERE left(number, length(%s)) = %s AND right(flight, 10) BETWEEN %s AND %s "
            "GROUP BY flight ORDER BY flight LIMIT %s",
            (carrier, carrier, first_day.isoformat(), last_day.isoformat(), DEPARTURES_LIMIT),
        )
        return await cursor.fetchall(), as_of
