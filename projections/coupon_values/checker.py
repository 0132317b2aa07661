"""Compares the values of each booking's coupons with what the append posted for it.

The postings were made by the use cases, the values by the fold: both must be wrong alike for a
difference to stay hidden.
"""

from collections.abc import Iterator

from domain.ledger import accounts
from projections import reading
from projections.coupon_values.projector import DIVIDED_ACCOUNTS
from projections.projection import Cursor

ROW_LIMIT = 100
# Bookings of the log that entries name; a posting for something else is the journal's to check.
_BOOKINGS = """
SELECT booking, account, currency, v.amount, p.amount
FROM (SELECT DISTINCT booking FROM {posting} AS p WHERE position <= %(upto)s
      AND EXISTS (SELECT FROM ledger.stream_event AS e
                  WHERE e.stream = p.booking AND e.version = 1)) AS known
JOIN ((SELECT booking, account, currency, sum(amount)::bigint AS amount
      FROM coupon_value_change GROUP BY 1, 2, 3 HAVING sum(amount) <> 0) AS v
FULL JOIN (SELECT booking, account, currency, -sum(amount)::bigint AS amount FROM {posting}
           WHERE position <= %(upto)s AND account = ANY (%(accounts)s)
           GROUP BY 1, 2, 3 HAVING sum(amount) <> 0) AS p USING (booking, account, currency))
USING (booking)
WHERE v.amount IS DISTINCT FROM p.amount
ORDER BY 1, 2, 3 LIMIT %(limit)s
"""
_FLIGHTS = """
SELECT flight, account, currency, v.amount, c.amount
FROM coupon_value AS v
FULL JOIN (SELECT flight, account, currency, sum(amount)::bigint AS amount,
                  max(effective_on) AS day, max(position) AS position
           FROM coupon_value_change GROUP BY 1, 2, 3) AS c USING (flight, account, currency)
WHERE (v.amount, v.last_effective_on, v.last_position)
      IS DISTINCT FROM (c.amount, c.day, c.position)
ORDER BY 1, 2, 3 LIMIT %(limit)s
"""
_CHARGES = """
SELECT booking, flight, currency, c.amount, v.amount
FROM (SELECT booking, flight, currency, sum(amount)::bigint AS amount
      FROM charge_change GROUP BY 1, 2, 3 HAVING sum(amount) <> 0) AS c
FULL JOIN (SELECT booking, flight, currency, sum(amount)::bigint AS amount
           FROM coupon_value_change WHERE account = %(charges)s
           GROUP BY 1, 2, 3 HAVING sum(amount) <> 0) AS v USING (booking, flight, currency)
WHERE c.amount IS DISTINCT FROM v.amount
ORDER BY 1, 2, 3 LIMIT %(limit)s
"""


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    parameters = {
        "upto": log.upto,
        "limit": ROW_LIMIT,
        "accounts": list(DIVIDED_ACCOUNTS),
        "charges": accounts.AIRPORT_CHARGES,
    }
    posted = cursor.execute(log.tables.query(_BOOKINGS), parameters).fetchall()
    for booking, account, currency, have, want in posted:
        yield f"coupons of {booking} are worth {have} {currency} on {account}, posted is {want}"
    for flight, account, currency, have, want in cursor.execute(_FLIGHTS, parameters).fetchall():
        yield f"{flight} is owed {have} {currency} on {account}, its changes sum to {want}"
    for booking, flight, currency, have, want in cursor.execute(_CHARGES, parameters).fetchall():
        yield f"of {booking} on {flight} authorities are owed {have} {currency}, coupons {want}"
