"""Deferred revenue by day of departure, charges by airport and by authority; minor units, owed is
positive.
"""

import datetime as dt
from collections.abc import Sequence

from psycopg.rows import class_row

from application.ledger import books
from application.queries import AsOf
from domain.kernel import ids
from domain.ledger import accounts
from projections import progress
from projections.projection import Pool

_OPEN = """
WITH open AS (
    SELECT v.flight, v.account, v.currency, (
        SELECT sum(c.amount) FROM read_model.coupon_value_change AS c
        WHERE c.flight = v.flight AND c.account = v.account AND c.currency = v.currency
        AND c.effective_on <= %(day)s AND c.position <= %(known)s)::bigint AS amount
    FROM read_model.coupon_value AS v
    WHERE v.account = ANY (%(accounts)s)
    AND (v.amount <> 0 OR v.last_effective_on > %(day)s OR v.last_position > %(known)s)
)
SELECT open.flight, open.account, open.currency, open.amount,
       place.local_date, place.origin, place.destination
FROM open
LEFT JOIN LATERAL (
    SELECT f.local_date, f.origin, f.destination FROM read_model.flight_availability AS f
    WHERE f.flight = open.flight LIMIT 1) AS place ON true
WHERE open.amount <> 0
ORDER BY open.flight, open.account, open.currency
"""
_DEFERRED = (accounts.AIR_TRAFFIC_LIABILITY, accounts.ANCILLARY_LIABILITY)
# A charge without an airport is divided among both of its flight by the caller.
_CHARGES = """
WITH owed AS (
    SELECT flight, airport, currency, sum(amount)::bigint AS amount
    FROM read_model.charge_change
    WHERE effective_on <= %(day)s AND position <= %(known)s
    GROUP BY flight, airport, currency HAVING sum(amount) <> 0
)
SELECT owed.flight, owed.airport, owed.currency, owed.amount,
       place.local_date, place.origin, place.destination
FROM owed
LEFT JOIN LATERAL (
    SELECT f.local_date, f.origin, f.destination FROM read_model.flight_availability AS f
    WHERE f.flight = owed.flight LIMIT 1) AS place ON true
ORDER BY owed.flight, owed.airport, owed.currency
"""
_BY_AUTHORITY = """
SELECT authority, code, airport, currency,
       coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint AS collected,
       coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS returned
FROM read_model.charge_change
WHERE effective_on BETWEEN %(since)s AND %(until)s AND position <= %(known)s
GROUP BY authority, code, airport, currency
ORDER BY authority, code, airport, currency
"""


async def position(pool: Pool) -> AsOf:
    """Return how far the read model is."""
    return await progress.as_of(pool, "coupon_values")


async def deferred_revenue(pool: Pool, *, day: dt.date, known: int) -> list[books.FlightLiability]:
    """Return what is owed in carriage for each flight at the end of an accounting day."""
    return await _open(pool, day=day, known=known, of=_DEFERRED)


async def airport_charges(pool: Pool, *, day: dt.date, known: int) -> list[books.FlightLiability]:
    """Return the charges that were collected for each flight and airport and not returned."""
    async with pool.connection() as connection:
        rows = await connection.execute(_CHARGES.encode(), {"day": day, "known": known})
        return [
            books.FlightLiability(
                flight=flight,
                account=accounts.AIRPORT_CHARGES,
                currency=currency,
                amount=amount,
                departs_on=local_date or ids.flight_date(flight),
                airports=(airport,) if airport else () if origin is None else (origin, destination),
            )
            for flight, airport, currency, amount, local_date, origin, destination in (
                await rows.fetchall()
            )
        ]


async def charges_in(
    pool: Pool, *, since: dt.date, until: dt.date, known: int
) -> list[books.ChargesInPeriod]:
    """Return what was collected and returned on the accounting days from the first to the last."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(books.ChargesInPeriod))
        days = {"since": since, "until": until, "known": known}
        await rows.execute(_BY_AUTHORITY.encode(), days)
        return await rows.fetchall()


async def _open(
    pool: Pool, *, day: dt.date, known: int, of: Sequence[str]
) -> list[books.FlightLiability]:
    async with pool.connection() as connection:
        rows = await connection.execute(
            _OPEN.encode(), {"day": day, "known": known, "accounts": list(of)}
        )
        return [
            books.FlightLiability(
                flight=flight,
                account=account,
                currency=currency,
                amount=amount,
                departs_on=local_date or ids.flight_date(flight),
                airports=() if origin is None else (origin, destination),
            )
            for flight, account, currency, amount, local_date, origin, destination in (
                await rows.fetchall()
            )
        ]
