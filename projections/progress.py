"""The progress of read models: for answers, health pages and clients that read own writes."""

import asyncio
import datetime as dt
from typing import Literal

import msgspec
from psycopg.rows import class_row

from application import read_positions
from application.ports import Unavailable
from application.queries import AsOf
from projections.projection import Connection, Pool
from projections.registry import ALL

POLL_SECONDS = 0.01
LAG_DIGITS = 3
# What a client is asked to wait for a read model that stopped: an operator must start it again.
STOPPED_RETRY_SECONDS = 30
# A read model follows the log within a second; this far behind, no process is running it.
STALLED_SECONDS = 60.0

State = Literal["up", "parked", "stalled", "stopped"]

_QUERY = """
SELECT c.projection, c.generation, c.position,
       greatest(head.position - c.position, 0) AS behind,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT e.recorded_at FROM ledger.event AS e WHERE e.position = c.position + 1
       )), 0), 0)::float8 AS lag_seconds,
       (SELECT count(*) FROM projections.parked_event AS p
        WHERE p.projection = c.projection AND p.generation = c.generation) AS parked,
       c.moved_at, c.stopped_cause
FROM projections.current_generation AS g
JOIN projections.checkpoint AS c ON c.projection = g.projection AND c.generation = g.generation
CROSS JOIN (SELECT coalesce(max(position), 0) AS position FROM ledger.event) AS head
"""
_ALL = _QUERY + "ORDER BY c.projection"
_ONE = _QUERY + "WHERE c.projection = %s"
# Positions have no gaps and the instant never decreases along them, so halving finds the last.
_POSITION_AT = """
WITH RECURSIVE search (low, high) AS (
    SELECT coalesce(min(position), 1) - 1, coalesce(max(position), 0) FROM ledger.event
    UNION ALL
    SELECT CASE WHEN e.recorded_at <= %(instant)s THEN m.middle ELSE s.low END,
           CASE WHEN e.recorded_at <= %(instant)s THEN s.high ELSE m.middle - 1 END
    FROM search AS s
    CROSS JOIN LATERAL (SELECT (s.low + s.high + 1) / 2 AS middle) AS m
    JOIN ledger.event AS e ON e.position = m.middle
    WHERE s.low < s.high
)
SELECT low FROM search WHERE low = high
"""


class Progress(msgspec.Struct, frozen=True):
    """The progress of the current generation of a read model.

    `position` is the last log position it contains. `behind` and `parked` count events,
    `lag_seconds` is the age of the oldest event that it does not contain yet.
    """

    projection: str
    generation: int
    position: int
    behind: int
    lag_seconds: float
    parked: int
    moved_at: dt.datetime
    stopped_cause: str | None

    @property
    def state(self) -> State:
        """Return the worst state that applies; `up` when the read model is current."""
        if self.stopped_cause is not None:
            return "stopped"
        if self.lag_seconds > STALLED_SECONDS:
            return "stalled"
        return "parked" if self.parked else "up"


class NoGeneration(Exception):
    """The projector has not made this read model yet."""


async def progress_of_all(pool: Pool) -> list[Progress]:
    """Return every read model that has a generation, by name."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Progress))
        await cursor.execute(_ALL.encode())
        return await cursor.fetchall()


async def progress_of(pool: Pool, projection: str) -> Progress:
    """Return the progress of one read model; raises NoGeneration.

    Ask before reading rows: what is read afterwards contains at least this position.
    """
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Progress))
        await cursor.execute(_ONE.encode(), (projection,))
        found = await cursor.fetchone()
    if found is None:
        raise NoGeneration(projection)
    return found


def read_progress(connection: Connection) -> list[Progress]:
    """Return the progress of all on a connection of the command line or the projector."""
    cursor = connection.cursor(row_factory=class_row(Progress))
    return cursor.execute(_ALL.encode()).fetchall()


async def position_at(pool: Pool, instant: dt.datetime) -> int:
    """Return the last position of the log that was recorded by the instant, 0 for none."""
    async with pool.connection() as connection:
        rows = await connection.execute(_POSITION_AT.encode(), {"instant": instant})
        found = await rows.fetchone()
    assert found is not None, "the search ends at one position"
    return int(found[0])


async def as_of(pool: Pool, projection: str) -> AsOf:
    """Return how far a read model is; ask before reading its rows.

    Raises Unavailable when the projector never made it, and for a ledger also when it has
    stopped or nobody runs it: no balance is shown rather than an old one.
    """
    try:
        found = await progress_of(pool, projection)
    except NoGeneration:
        raise _unusable(projection, "missing") from None
    if ALL[projection].stops_on_poison and found.state != "up":
        raise _unusable(projection, found.state)
    lag_seconds = max(found.lag_seconds, read_positions.lag_seconds())
    return AsOf(found.position, round(lag_seconds, LAG_DIGITS))


def _unusable(projection: str, state: str) -> Unavailable:
    return Unavailable(
        f"read model {projection} is {state}",
        retry_after_seconds=STOPPED_RETRY_SECONDS,
        details={"readModel": projection, "state": state},
    )


async def states(pool: Pool) -> dict[str, str]:
    """Return the state of each read model by name: up, parked, stalled, stopped or missing."""
    found = {each.projection: each.state for each in await progress_of_all(pool)}
    return {name: found.get(name, "missing") for name in sorted(ALL)}


def unknown() -> dict[str, str]:
    """Return what is known of the read models while the database does not say."""
    return dict.fromkeys(sorted(ALL), "unknown")


async def wait_until(pool: Pool, projection: str, position: int, *, timeout_seconds: float) -> None:
    """Return once readers see the log up to `position`; raises TimeoutError."""
    async with asyncio.timeout(timeout_seconds):
        while True:
            for progress in await progress_of_all(pool):
                if progress.projection == projection and progress.position >= position:
                    return
            await asyncio.sleep(POLL_SECONDS)
