"""Connections for reads and small tables: one bounded pool per process, in autocommit."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from application import ports
from infrastructure.event_store import arrays
from infrastructure.postgres.primary import (
    OldPrimary,
    PrimaryConnection,
    require_newest,
    require_newest_behind,
)

STATEMENT_TIMEOUT_MS = 5_000
WAIT_SECONDS = 3.0
# The pool doubles its pauses between tries up to this; a longer pause could outlast an outage.
RECONNECT_SECONDS = 5.0

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]


async def _configure(connection: Connection) -> None:
    arrays.register(connection.adapters)
    await connection.set_autocommit(True)
    await connection.execute("SET timezone = 'UTC'")
    await connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
    # Planning these small statements costs more than running them, so plans are kept. A plan made
    # while a table was short must not scan the table when it is long.
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute("SET enable_seqscan = off")


async def _check(connection: Connection) -> None:
    """Raise OperationalError for a connection that the server has ended, or to an old primary.

    An idle connection has nothing to read: the server is asked only when the socket has
    something to read, such as its end. Asking each time would double the round trips.
    """
    try:
        require_newest(connection)
    except OldPrimary:
        # The pool gives a connection that is open to the next who asks.
        await connection.close()
        raise
    readable, _, _ = select.select([connection.fileno()], [], [], 0)
    if readable:
        await AsyncConnectionPool.check_connection(connection)


async def _check_shared(connection: Connection) -> None:
    """Raise OperationalError as above; PgBouncer may have led an open connection elsewhere."""
    await _check(connection)
    try:
        await require_newest_behind(connection)
    except psycopg.Error:
        await connection.close()
        raise


async def _configure_shared(connection: Connection) -> None:
    """Configure a connection whose server session changes with each transaction.

    No statement is prepared and nothing is set, because the next user would have it.
    """
    arrays.register(connection.adapters)
    connection.prepare_threshold = None
    await connection.set_autocommit(True)


def make_pool(
    dsn: str,
    *,
    min_size: int = 1,
    max_size: int = 8,
    shares_sessions: bool = False,
    connection_class: type[Connection] = PrimaryConnection,
) -> Pool:
    """Return a pool that is not open yet: the caller opens it in its event loop and closes it.

    `shares_sessions` is for an address of PgBouncer in transaction mode, another `connection_class`
    for a server that need not be a primary.
    """
    return AsyncConnectionPool(
        dsn,
        connection_class=connection_class,
        min_size=min_size,
        max_size=max_size,
        timeout=WAIT_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        configure=_configure_shared if shares_sessions else _configure,
        check=_check_shared if shares_sessions else _check,
        open=False,
    )


@asynccontextmanager
async def raising_unavailable() -> AsyncIterator[None]:
    """Raise Unavailable where the database does not answer."""
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise ports.Unavailable("database") from error
