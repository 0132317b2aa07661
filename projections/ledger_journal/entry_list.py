"""The journal entry by entry: which event an entry is part of, what it is about, and its lines."""

import datetime as dt
from typing import Any

from psycopg.rows import dict_row

from application.ledger import books
from domain.kernel import ids
from projections.projection import Pool

# Each filter is a condition on the first line of an entry; all that are given must hold.
_FILTERS = {
    "account": "EXISTS (SELECT FROM read_model.ledger_journal AS a "
    "WHERE a.position = j.position AND a.account = %(account)s)",
    "booking": "j.position IN (SELECT b.position FROM read_model.ledger_journal AS b "
    "WHERE b.booking = %(booking)s)",
    "since": "j.effective_on >= %(since)s",
    "until": "j.effective_on <= %(until)s",
    "rule": "j.rule = %(rule)s",
    "reference": "j.position IN (SELECT r.position FROM read_model.ledger_reference AS r "
    "WHERE r.reference = %(reference)s)",
    "position": "j.position = %(position)s",
}
_ENTRIES = """
SELECT e.*, (
    SELECT jsonb_agg(jsonb_build_object('account', l.account, 'booking', l.booking,
                                        'amount', l.amount, 'currency', l.currency)
                     ORDER BY l.line)
    FROM read_model.ledger_journal AS l WHERE l.position = e.position) AS postings
FROM (SELECT j.position, j.stream, j.version, j.tag, j.effective_on, j.recorded_at, j.rule,
             j.rule_version, j.provider_references
      FROM read_model.ledger_journal AS j
      WHERE j.line = 1 AND j.position <= %(known)s {conditions}
      ORDER BY {order} LIMIT %(limit)s) AS e
ORDER BY {order}
"""
_AFTER = "AND j.position > %(after)s"
_BY_POSITION = "position"
_BY_DAY = "effective_on, position"
_IN_DAYS = (
    "AND j.effective_on BETWEEN %(since)s AND %(until)s "
    "AND (j.effective_on, j.position) > (%(day)s, %(after)s)"
)


async def find_entries(
    pool: Pool, asked: books.JournalQuestion, *, known: int, limit: int
) -> list[books.JournalEntry]:
    """Return the entries that fit all filters, in log order, from the first after the cursor."""
    given = {name: value for name in _FILTERS if (value := getattr(asked, name)) is not None}
    conditions = " ".join([_AFTER, *("AND " + _FILTERS[name] for name in given)])
    parameters = {**given, "after": asked.after, "known": known, "limit": limit}
    return await _select(pool, conditions, _BY_POSITION, parameters)


async def entries_by_day(
    pool: Pool,
    *,
    since: dt.date,
    until: dt.date,
    known: int,
    mark: books.DayMark | None,
    limit: int,
) -> list[books.JournalEntry]:
    """Return the entries of these days behind the mark, by day and then in log order."""
    parameters = {
        "since": since,
        "until": until,
        "day": since if mark is None else mark.effective_on,
        "after": 0 if mark is None else mark.position,
        "known": known,
        "limit": limit,
    }
    return await _select(pool, _IN_DAYS, _BY_DAY, parameters)


async def _select(
    pool: Pool, conditions: str, order: str, parameters: dict[str, Any]
) -> list[books.JournalEntry]:
    query = _ENTRIES.format(conditions=conditions, order=order)
    async with pool.connection() as connection:
        rows = connection.cursor(row_factory=dict_row)
        await rows.execute(query.encode(), parameters)
        return [_entry(row) for row in await rows.fetchall()]


def _entry(row: dict[str, Any]) -> books.JournalEntry:
    recorded_at: dt.datetime = row["recorded_at"]
    return books.JournalEntry(
        position=row["position"],
        event=str(ids.event_id(row["stream"], row["version"])),
        stream=row["stream"],
        version=row["version"],
        kind=row["tag"],
        effective_on=row["effective_on"],
        recorded_at=recorded_at,
        rule=row["rule"],
        rule_version=row["rule_version"],
        references=tuple(row["provider_references"]),
        postings=tuple(books.PostedAmount(**each) for each in row["postings"]),
    )
