"""The log for auditors: pages by index, each of which examines a bounded number of events."""

from collections.abc import Sequence
from typing import Any

from application.audit.ports import LogFilter, LogPage, StoredLogEvent
from domain.kernel import ids
from infrastructure.event_store import statement
from infrastructure.postgres.pool import Pool, raising_unavailable

# Of a filter's index; where several filters leave few of them, the page is short.
EXAMINED_LIMIT = 5_000
_HEAD = "SELECT coalesce(max(position), 0) FROM ledger.event"
_FIRST = "SELECT coalesce(min(position), 1) FROM ledger.event"
_BY_POSITION = (
    f"SELECT {statement.READ_COLUMNS} FROM ledger.event "  # noqa: S608 - constants only
    "WHERE position = ANY (%(positions)s::bigint[]) ORDER BY position"
)
_UNFILTERED = """
SELECT position FROM ledger.event
WHERE position > %(after)s AND position <= %(until)s ORDER BY position LIMIT %(limit)s
"""
# Within a stream the order of versions is that of positions.
_NARROWEST_FIRST = ("stream", "correlation_id", "actor", "tag")
_BY_STREAM = """
WITH of_stream AS MATERIALIZED (
    SELECT position FROM ledger.stream_event
    WHERE stream = %(stream)s AND position > %(after)s AND position <= %(until)s
    ORDER BY version LIMIT %(examined)s
), examined AS MATERIALIZED (
    SELECT of_stream.position, e.stream, e.tag, e.actor, e.correlation_id
    FROM of_stream LEFT JOIN LATERAL (
        SELECT * FROM ledger.event WHERE position = of_stream.position LIMIT 1) AS e ON true
)
"""
_BY_COLUMN = """
WITH examined AS MATERIALIZED (
    SELECT position, stream, tag, actor, correlation_id FROM ledger.event
    WHERE {column} = %({column})s AND position > %(after)s AND position <= %(until)s
    ORDER BY position LIMIT %(examined)s
)
"""
_FILTERED = """
SELECT (SELECT count(*) FROM examined), (SELECT max(position) FROM examined),
       ARRAY(SELECT position FROM examined
             WHERE (%(stream)s::text IS NULL OR stream = %(stream)s)
               AND (%(tag)s::text IS NULL OR tag = %(tag)s)
               AND (%(actor)s::text IS NULL OR actor = %(actor)s)
               AND (%(correlation_id)s::text IS NULL OR correlation_id = %(correlation_id)s)
             ORDER BY position LIMIT %(limit)s)
"""
_ABOUT_BOOKING = """
WITH streams AS MATERIALIZED (
    SELECT DISTINCT stream FROM ledger.event
    WHERE tag IN ('credit.issued.1', 'credit.spent.1')
      AND ledger.booking_of_credit(payload) = %(booking)s
), found AS MATERIALIZED (
    SELECT position FROM ledger.stream_event WHERE stream = %(booking)s
    UNION ALL
    SELECT position FROM ledger.stream_event WHERE stream = %(tax_documents)s
    UNION ALL
    SELECT position FROM ledger.stream_event
    WHERE stream > %(payments)s AND stream < %(behind_payments)s
    UNION ALL
    SELECT position FROM ledger.stream_event
    WHERE stream > %(claims)s AND stream < %(behind_claims)s
    UNION ALL
    SELECT e.position FROM streams CROSS JOIN LATERAL (
        SELECT position FROM ledger.stream_event WHERE stream = streams.stream OFFSET 0
    ) AS e
)
SELECT position FROM found
WHERE position > %(after)s AND position <= %(until)s ORDER BY position LIMIT %(limit)s
"""


class PostgresAuditedLog:
    """Implements AuditedLog."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def head(self) -> int:
        """See AuditedLog."""
        ((position,),) = await self._rows(_HEAD, {})
        return int(position)

    async def first(self) -> int:
        """See AuditedLog."""
        ((position,),) = await self._rows(_FIRST, {})
        return int(position)

    async def find(self, chosen: LogFilter, *, after: int, until: int, limit: int) -> LogPage:
        """See AuditedLog."""
        query, parameters = find_query(chosen, after=after, until=until, limit=limit)
        if query is _UNFILTERED:
            return await self._page(await self._rows(query, parameters), until=until, limit=limit)
        ((examined, last, positions),) = await self._rows(query, parameters)
        events = await self._events(positions[:limit])
        if len(positions) > limit:
            return LogPage(events, events[-1].position, has_more=True)
        if examined == EXAMINED_LIMIT and last < until:
            return LogPage(events, last, has_more=True)
        return LogPage(events, until, has_more=False)

    async def about_booking(
        self, booking_id: str, *, after: int, until: int, limit: int
    ) -> LogPage:
        """See AuditedLog."""
        query, parameters = booking_query(booking_id, after=after, until=until, limit=limit)
        return await self._page(await self._rows(query, parameters), until=until, limit=limit)

    async def _page(self, rows: Sequence[tuple[Any, ...]], *, until: int, limit: int) -> LogPage:
        """Return the events of the rows' positions; one more than `limit` says that more follow."""
        positions = [position for (position,) in rows[:limit]]
        events = await self._events(positions)
        live = {event.position for event in events}
        archived = [position for position in positions if position not in live]
        if len(rows) > limit:
            return LogPage(events, positions[-1], has_more=True, archived=archived)
        return LogPage(events, until, has_more=False, archived=archived)

    async def _events(self, positions: Sequence[int]) -> list[StoredLogEvent]:
        if not positions:
            return []
        rows = await self._rows(_BY_POSITION, {"positions": list(positions)})
        return [StoredLogEvent(*row) for row in rows]

    async def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), parameters)).fetchall()


def find_query(
    chosen: LogFilter, *, after: int, until: int, limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the query of a page and its parameters."""
    parameters: dict[str, Any] = {
        "stream": chosen.stream,
        "tag": chosen.tag,
        "actor": chosen.actor,
        "correlation_id": chosen.correlation_id,
        "after": after,
        "until": until,
        "limit": limit + 1,
        "examined": EXAMINED_LIMIT,
    }
    for column in _NARROWEST_FIRST:
        if parameters[column] is not None:
            examined = _BY_STREAM if column == "stream" else _BY_COLUMN.replace("{column}", column)
            return examined + _FILTERED, parameters
    return _UNFILTERED, parameters


def booking_query(
    booking_id: str, *, after: int, until: int, limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the query of a page about a booking and its parameters."""
    payments = ids.payments_prefix(booking_id)
    claims = f"{ids.StreamPrefix.CLAIM}-{ids.reference_of(booking_id)}-"
    return _ABOUT_BOOKING, {
        "booking": booking_id,
        "tax_documents": ids.tax_documents_stream(booking_id),
        "payments": payments,
        "behind_payments": _behind(payments),
        "claims": claims,
        "behind_claims": _behind(claims),
        "after": after,
        "until": until,
        "limit": limit + 1,
    }


def _behind(prefix: str) -> str:
    """Return the least text behind all that begin with the prefix, in the order of bytes."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
