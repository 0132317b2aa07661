"""Supplies by rate of a period: what a VAT return declares."""

import datetime as dt

from psycopg.rows import class_row

from application.ledger import books
from projections.projection import Pool

_RETURN = """
SELECT currency, sum(standard_net)::bigint AS standard_net,
       sum(zero_rated_net)::bigint AS zero_rated_net, sum(vat)::bigint AS vat
FROM read_model.ledger_supply
WHERE effective_on BETWEEN %(since)s AND %(until)s AND position <= %(known)s
GROUP BY currency ORDER BY currency
"""


async def supplies_in(
    pool: Pool, *, since: dt.date, until: dt.date, known: int
) -> list[books.SuppliedInPeriod]:
    """Return the supplies of the accounting days from the first to the last, by currency."""
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(books.SuppliedInPeriod))
        await rows.execute(_RETURN.encode(), {"since": since, "until": until, "known": known})
        return await rows.fetchall()
