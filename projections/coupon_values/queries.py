"""Deferred revenue by day of departure and charges by airport; minor units, owed is positive."""

import datetime as dt
from collections.abc import Sequence

from application.ledger import books
from application.queries import AsOf
from domain.kernel import ids
from domain.ledger import accounts
from projections import progress
from projections.projection import Pool

# Both airports of a flight charge the same (`domain/pricing/tax.py`); the first has the odd unit.
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
_CHARGES = (accounts.AIRPORT_CHARGES,)


async def position(pool: Pool) -> AsOf:
    """Return how far the read model is."""
    return await progress.as_of(pool, "coupon_values")


async def deferred_revenue(pool: Pool, *, day: dt.date, known: int) -> list[books.FlightLiability]:
    """Return what is owed in carriage for each flight at the end of an accounting day."""
    return await _open(pool, day=day, known=known, of=_DEFERRED)


async def airport_charges(pool: Pool, *, day: dt.date, known: int) -> list[books.FlightLiability]:
    """Return the airport charges that were collected for each flight and not returned."""
    return await _open(pool, day=day, known=known, of=_CHARGES)


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
