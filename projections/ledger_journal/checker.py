"""Compares lines with the postings of the append and balances with their sums; books sum to zero.

The database compares the whole journal up to the checkpoint.
"""

from collections.abc import Iterator

from projections import reading
from projections.ledger_journal.projector import ACCOUNTS_PER_BOOKING
from projections.projection import Cursor

_LINES = """
SELECT coalesce(j.position, p.position) AS position, coalesce(j.line, p.line) AS line,
       to_jsonb(j)::text, to_jsonb(p)::text
FROM (SELECT position, line, account, booking, amount, currency, effective_on, rule
      FROM ledger_journal) AS j
FULL JOIN (SELECT position, line, account, booking, amount, currency, effective_on, rule
           FROM ledger.posting WHERE position <= %(upto)s) AS p
    ON p.position = j.position AND p.line = j.line
WHERE j IS DISTINCT FROM p
ORDER BY 1, 2 LIMIT %(limit)s
"""
_BALANCES = """
SELECT account, currency, b.amount, p.amount
FROM ledger_balance AS b
FULL JOIN (SELECT account, currency, sum(amount)::bigint AS amount FROM ledger.posting
           WHERE position <= %(upto)s GROUP BY account, currency) AS p USING (account, currency)
WHERE b.amount IS DISTINCT FROM p.amount
ORDER BY account, currency LIMIT %(limit)s
"""
_BOOKING_BALANCES = """
SELECT account, booking, currency, b.amount, p.amount
FROM ledger_booking_balance AS b
FULL JOIN (SELECT account, booking, currency, sum(amount)::bigint AS amount FROM ledger.posting
           WHERE position <= %(upto)s AND account = ANY (%(accounts)s)
           GROUP BY account, booking, currency) AS p USING (account, booking, currency)
WHERE b.amount IS DISTINCT FROM p.amount
ORDER BY account, booking, currency LIMIT %(limit)s
"""
_SUMS = """
SELECT currency, sum(amount)::bigint FROM ledger_balance
GROUP BY currency HAVING sum(amount) <> 0 ORDER BY currency
"""
_PARKED_FUNDS = """
SELECT coalesce(f.position, e.position), f.position IS NULL
FROM ledger_parked_funds AS f
FULL JOIN (SELECT position, stream, convert_from(payload, 'UTF8')::jsonb AS event
           FROM ledger.event
           WHERE tag = 'payment.funds_parked.1' AND position <= %(upto)s) AS e
    ON e.position = f.position
WHERE (f.payment, f.intent, f.amount, f.currency, f.reason) IS DISTINCT FROM
      (e.stream, e.event ->> 'intent', (e.event -> 'amount' ->> 'amount')::bigint,
       e.event -> 'amount' ->> 'currency', e.event ->> 'reason')
ORDER BY 1 LIMIT %(limit)s
"""
ROW_LIMIT = 100


def differences(cursor: Cursor, log: reading.Log) -> Iterator[str]:
    """Yield differences in words; requires the generation entered and the snapshot fixed."""
    parameters = {
        "upto": log.upto,
        "limit": ROW_LIMIT,
        "accounts": sorted(ACCOUNTS_PER_BOOKING),
    }
    for position, line, have, want in cursor.execute(_LINES, parameters).fetchall():
        yield f"line {position}/{line} is {have}, the log's posting {want}"
    for account, currency, have, want in cursor.execute(_BALANCES, parameters).fetchall():
        yield f"account {account} holds {have} {currency}, its postings sum to {want}"
    for account, booking, currency, have, want in cursor.execute(
        _BOOKING_BALANCES, parameters
    ).fetchall():
        yield f"account {account} of {booking} holds {have} {currency}, not {want}"
    for currency, total in cursor.execute(_SUMS).fetchall():
        yield f"the books are out of balance by {total} {currency}"
    for position, missing in cursor.execute(_PARKED_FUNDS, parameters).fetchall():
        yield f"parked funds at {position} {'are missing' if missing else 'differ'}"
