"""Compares lines with the postings of the append and balances with their sums; books sum to zero.

The database compares the whole journal up to the checkpoint.
"""

from collections.abc import Callable, Iterator

from psycopg import sql

from domain.kernel import entries
from domain.ledger import accounts
from projections import reading
from projections.ledger_journal.projector import ACCOUNTS_PER_BOOKING
from projections.projection import Cursor

_LINES = """
SELECT coalesce(j.position, p.position) AS position, coalesce(j.line, p.line) AS line,
       to_jsonb(j)::text, to_jsonb(p)::text
FROM (SELECT position, line, account, booking, amount, currency, effective_on, rule
      FROM ledger_journal) AS j
FULL JOIN (SELECT position, line, account, booking, amount, currency, effective_on, rule
           FROM {posting} WHERE position <= %(upto)s) AS p
    ON p.position = j.position AND p.line = j.line
WHERE j IS DISTINCT FROM p
ORDER BY 1, 2 LIMIT %(limit)s
"""
_BALANCES = """
SELECT account, currency, b.amount, p.amount
FROM ledger_balance AS b
FULL JOIN (SELECT account, currency, sum(amount)::bigint AS amount FROM {posting}
           WHERE position <= %(upto)s GROUP BY account, currency) AS p USING (account, currency)
WHERE b.amount IS DISTINCT FROM p.amount
ORDER BY account, currency LIMIT %(limit)s
"""
_BOOKING_BALANCES = """
SELECT account, booking, currency, b.amount, p.amount
FROM ledger_booking_balance AS b
FULL JOIN (SELECT account, booking, currency, sum(amount)::bigint AS amount FROM {posting}
           WHERE position <= %(upto)s AND account = ANY (%(accounts)s)
           GROUP BY account, booking, currency) AS p USING (account, booking, currency)
WHERE b.amount IS DISTINCT FROM p.amount
ORDER BY account, booking, currency LIMIT %(limit)s
"""
_RUNNING = """
SELECT position, line, balance, held
FROM (SELECT position, line, balance, sum(amount) OVER (
          PARTITION BY account, currency ORDER BY position, line)::bigint AS held
      FROM ledger_journal) AS running
WHERE balance <> held
ORDER BY position, line LIMIT %(limit)s
"""
_DAYS = """
SELECT coalesce(d.recorded_on, j.recorded_on), d.first_position, d.last_position,
       j.first_position, j.last_position
FROM ledger_day AS d
FULL JOIN (SELECT (e.recorded_at AT TIME ZONE %(zone)s)::date AS recorded_on,
                  min(e.position) AS first_position, max(e.position) AS last_position
           FROM (SELECT DISTINCT position FROM {posting} WHERE position <= %(upto)s) AS p
           JOIN {event} AS e USING (position)
           GROUP BY 1) AS j USING (recorded_on)
WHERE (d.first_position, d.last_position) IS DISTINCT FROM (j.first_position, j.last_position)
ORDER BY 1 LIMIT %(limit)s
"""
_CORRECTIONS = """
SELECT account, currency, effective_on, recorded_on, c.amount, p.amount
FROM ledger_correction AS c
FULL JOIN (SELECT account, currency, effective_on,
                  (e.recorded_at AT TIME ZONE %(zone)s)::date AS recorded_on,
                  sum(amount)::bigint AS amount
           FROM {posting} JOIN {event} AS e USING (position)
           WHERE position <= %(upto)s
           AND effective_on <> (e.recorded_at AT TIME ZONE %(zone)s)::date
           GROUP BY 1, 2, 3, 4) AS p USING (account, currency, effective_on, recorded_on)
WHERE c.amount IS DISTINCT FROM p.amount
ORDER BY 1, 2, 3, 4 LIMIT %(limit)s
"""
_REFERENCES = """
SELECT DISTINCT j.position FROM ledger_journal AS j
WHERE EXISTS (SELECT FROM unnest(j.provider_references) AS r (reference)
              WHERE NOT EXISTS (SELECT FROM ledger_reference AS k
                                WHERE k.reference = r.reference AND k.position = j.position))
ORDER BY 1 LIMIT %(limit)s
"""
# The VAT account is where the return's tax is posted: both must agree, day by day.
_SUPPLIES = """
SELECT coalesce(s.effective_on, p.effective_on), coalesce(s.currency, p.currency), s.vat, p.vat
FROM (SELECT effective_on, currency, sum(vat) AS vat FROM ledger_supply
      GROUP BY 1, 2 HAVING sum(vat) <> 0) AS s
FULL JOIN (SELECT effective_on, currency, -sum(amount) AS vat FROM {posting}
           WHERE position <= %(upto)s AND account = %(vat)s
           GROUP BY 1, 2 HAVING sum(amount) <> 0) AS p USING (effective_on, currency)
WHERE s.vat IS DISTINCT FROM p.vat
ORDER BY 1, 2 LIMIT %(limit)s
"""
_SUMS = """
SELECT currency, sum(amount)::bigint FROM ledger_balance
GROUP BY currency HAVING sum(amount) <> 0 ORDER BY currency
"""
_PARKED_FUNDS = """
SELECT coalesce(f.position, e.position), f.position IS NULL
FROM ledger_parked_funds AS f
FULL JOIN (SELECT position, stream, convert_from(payload, 'UTF8')::jsonb AS event
           FROM {event} AS parked
           WHERE tag = 'payment.funds_parked.1' AND position <= %(upto)s AND NOT EXISTS (
               SELECT FROM ledger.stream_event AS of_parked
               JOIN {event} AS applied USING (position)
               WHERE of_parked.stream = parked.stream AND applied.position <= %(upto)s
               AND applied.position > parked.position
               AND applied.tag = 'payment.parked_funds_applied.1'
               AND convert_from(applied.payload, 'UTF8')::jsonb ->> 'intent'
                   = convert_from(parked.payload, 'UTF8')::jsonb ->> 'intent')) AS e
    ON e.position = f.position
WHERE (f.payment, f.intent, f.amount, f.currency, f.reason) IS DISTINCT FROM
      (e.stream, e.event ->> 'intent', (e.event -> 'amount' ->> 'amount')::bigint,
       e.event -> 'amount' ->> 'currency', e.event ->> 'reason')
ORDER BY 1 LIMIT %(limit)s
"""
ROW_LIMIT = 100


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    query = log.tables.query
    parameters = {
        "upto": log.upto,
        "limit": ROW_LIMIT,
        "accounts": sorted(ACCOUNTS_PER_BOOKING),
        "zone": entries.ACCOUNTING_ZONE,
        "vat": accounts.VAT_OUTPUT,
    }
    for position, line, have, want in cursor.execute(query(_LINES), parameters).fetchall():
        yield f"line {position}/{line} is {have}, the log's posting {want}"
    for account, currency, have, want in cursor.execute(query(_BALANCES), parameters).fetchall():
        yield f"account {account} holds {have} {currency}, its postings sum to {want}"
    for account, booking, currency, have, want in cursor.execute(
        query(_BOOKING_BALANCES), parameters
    ).fetchall():
        yield f"account {account} of {booking} holds {have} {currency}, not {want}"
    for currency, total in cursor.execute(_SUMS).fetchall():
        yield f"the books are out of balance by {total} {currency}"
    yield from _days(cursor, query, parameters)
    for position, missing in cursor.execute(query(_PARKED_FUNDS), parameters).fetchall():
        yield f"parked funds at {position} {'are missing' if missing else 'differ'}"


def _days(
    cursor: Cursor, query: Callable[[str], sql.Composed], parameters: dict[str, object]
) -> Iterator[str]:
    for position, line, have, want in cursor.execute(query(_RUNNING), parameters).fetchall():
        yield f"the balance after line {position}/{line} is {have}, not {want}"
    for day, first, last, *want in cursor.execute(query(_DAYS), parameters).fetchall():
        yield f"{day} was recorded from {first} to {last}, not {want[0]} to {want[1]}"
    for account, currency, day, on, have, want in cursor.execute(
        query(_CORRECTIONS), parameters
    ).fetchall():
        yield f"account {account} of {day}, recorded on {on}, sums to {have} {currency}, not {want}"
    for (position,) in cursor.execute(query(_REFERENCES), parameters).fetchall():
        yield f"a reference of the entry at {position} is missing"
    for day, currency, have, want in cursor.execute(query(_SUPPLIES), parameters).fetchall():
        yield f"the VAT of {day} is {have} {currency} in the return and {want} in the books"
