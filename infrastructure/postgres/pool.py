"""Connections for reads and small tables: one bounded pool per process, in autocommit."""

from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from infrastructure.event_store import arrays

STATEMENT_TIMEOUT_MS = 5_000
WAIT_SECONDS = 3.0
# The pool doubles its pauses between tries up to this; a long one would outlast an outage.
RECONNECT_SECONDS = 5.0

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]


async def _configure(connection: Connection) -> None:
    arrays.register(connection.adapters)
    await connection.set_autocommit(True)
    await connection.execute("SET timezone = 'UTC'")
    await connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")


def make_pool(dsn: str, *, min_size: int = 1, max_size: int = 8) -> Pool:
    """A closed pool: the caller opens it in its event loop and closes it."""
    return AsyncConnectionPool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        timeout=WAIT_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        configure=_configure,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
