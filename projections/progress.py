"""How far read models are: for metrics, health pages and readers that wait for their own write."""

import asyncio
import datetime as dt

import msgspec
from psycopg.rows import class_row

from projections.projection import Connection, Pool

POLL_SECONDS = 0.01

_QUERY = (
    "SELECT c.projection, c.generation, c.position, "
    "greatest(head.position - c.position, 0) AS behind, "
    "(SELECT count(*) FROM projections.parked_event AS p "
    " WHERE p.projection = c.projection AND p.generation = c.generation) AS parked, c.moved_at "
    "FROM projections.current_generation AS g JOIN projections.checkpoint AS c "
    "  ON c.projection = g.projection AND c.generation = g.generation "
    "CROSS JOIN (SELECT coalesce(max(position), 0) AS position FROM ledger.event) AS head "
    "ORDER BY c.projection"
)


class Lag(msgspec.Struct, frozen=True):
    """Where the current generation of a read model stands: `behind` and `parked` are events."""

    projection: str
    generation: int
    position: int
    behind: int
    parked: int
    moved_at: dt.datetime


async def lags(pool: Pool) -> list[Lag]:
    """Every read model that has a generation, by name."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Lag))
        await cursor.execute(_QUERY.encode())
        return await cursor.fetchall()


def read_lags(connection: Connection) -> list[Lag]:
    """The same on a connection of the command line or the projector."""
    cursor = connection.cursor(row_factory=class_row(Lag))
    return cursor.execute(_QUERY.encode()).fetchall()


async def wait_until(pool: Pool, projection: str, position: int, *, timeout_seconds: float) -> None:
    """Return once readers see the log up to `position`; raises TimeoutError."""
    async with asyncio.timeout(timeout_seconds):
        while True:
            for lag in await lags(pool):
                if lag.projection == projection and lag.position >= position:
                    return
            await asyncio.sleep(POLL_SECONDS)
