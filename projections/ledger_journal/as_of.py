"""Balances and statements of accounts, as of an accounting day and as known at a log position.

What an account held is looked up, never summed from the beginning: the balance after the last line
recorded by that day, and the sums of what was recorded on another side of that day than it belongs
to. So an answer costs the same however long the books are.
"""

import datetime as dt

from psycopg.rows import class_row

from application.ledger import books
from application.queries import AccountBalance
from projections.projection import Pool

# `day` is the accounting day, `known` the position; `known_on` is the day of that position.
_KNOWN = """
WITH known AS MATERIALIZED (
    SELECT least(
               %(known)s::bigint,
               coalesce((SELECT max(last_position) FROM read_model.ledger_day
                         WHERE recorded_on <= %(day)s), 0)) AS recorded_by,
           (SELECT max(recorded_on) FROM read_model.ledger_day
            WHERE first_position <= %(known)s) AS known_on
), moved AS MATERIALIZED (
    SELECT c.account, c.currency, c.effective_on, c.amount
    FROM known, read_model.ledger_correction AS c
    WHERE daterange(least(c.effective_on, c.recorded_on),
                    greatest(c.effective_on, c.recorded_on)) @> %(day)s::date
    AND c.recorded_on < known.known_on
    UNION ALL
    SELECT j.account, j.currency, j.effective_on, j.amount
    FROM known, read_model.ledger_journal AS j
    WHERE j.recorded_on = known.known_on AND j.effective_on <> j.recorded_on
    AND j.position <= %(known)s
    AND least(j.effective_on, j.recorded_on) <= %(day)s
    AND greatest(j.effective_on, j.recorded_on) > %(day)s
), correction AS (
    SELECT account, currency,
           sum(CASE WHEN effective_on <= %(day)s THEN amount ELSE -amount END)::bigint AS amount
    FROM moved GROUP BY account, currency
)
"""
_HELD = """
SELECT b.account, b.currency,
       (coalesce(held.balance, 0) + coalesce(c.amount, 0))::bigint AS amount
FROM read_model.ledger_balance AS b
CROSS JOIN known
LEFT JOIN LATERAL (
    SELECT j.balance FROM read_model.ledger_journal AS j
    WHERE j.account = b.account AND j.currency = b.currency AND j.position <= known.recorded_by
    ORDER BY j.position DESC, j.line DESC LIMIT 1) AS held ON true
LEFT JOIN correction AS c ON c.account = b.account AND c.currency = b.currency
WHERE (held.balance IS NOT NULL OR c.amount IS NOT NULL)
AND (%(account)s::text IS NULL OR b.account = %(account)s)
AND (%(currency)s::text IS NULL OR b.currency = %(currency)s)
ORDER BY b.account, b.currency
"""
# Lines ahead of their recording are rare; without them, none is dated after the day of `known`.
_LINES = """
WITH known AS MATERIALIZED (
    SELECT max(recorded_on) AS known_on FROM read_model.ledger_day WHERE first_position <= %(known)s
), latest AS MATERIALIZED (
    SELECT greatest(known_on, (
        SELECT max(effective_on) FROM read_model.ledger_correction
        WHERE effective_on > recorded_on AND recorded_on <= known_on)) AS day
    FROM known
)
SELECT j.position, j.line, j.stream, j.version, j.effective_on, j.recorded_at, j.rule,
       j.provider_references, j.booking, j.amount
FROM read_model.ledger_journal AS j
WHERE j.account = %(account)s AND j.currency = %(currency)s
AND j.effective_on BETWEEN %(from)s AND least(%(to)s, (SELECT day FROM latest))
AND j.position <= %(known)s
AND (j.effective_on, j.position, j.line) > (%(day)s, %(position)s, %(line)s)
ORDER BY j.effective_on, j.position, j.line LIMIT %(limit)s
"""


async def balances_at(
    pool: Pool,
    *,
    day: dt.date,
    known: int,
    account: str | None = None,
    currency: str | None = None,
) -> list[AccountBalance]:
    """Return what accounts held at the end of an accounting day, as known at a log position.

    Accounts without a line by then are left out. Of all accounts and currencies, or of these.
    """
    parameters = {"day": day, "known": known, "account": account, "currency": currency}
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(AccountBalance))
        await rows.execute((_KNOWN + _HELD).encode(), parameters)
        return await rows.fetchall()


async def statement_lines(
    pool: Pool, asked: books.StatementQuestion, *, known: int, limit: int
) -> list[books.StatementLine]:
    """Return the lines of an account behind the mark, by day and then in log order.

    At most `limit`; each with the running balance, which begins at the mark's.
    """
    mark = asked.mark
    parameters = {
        "account": asked.account,
        "currency": asked.currency,
        "from": asked.since,
        "to": asked.until,
        "known": known,
        "day": asked.since if mark is None else mark.effective_on,
        "position": 0 if mark is None else mark.position,
        "line": 0 if mark is None else mark.line,
        "limit": limit,
    }
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=class_row(books.StatementLine))
        await rows.execute(_LINES.encode(), parameters)
        return await rows.fetchall()
