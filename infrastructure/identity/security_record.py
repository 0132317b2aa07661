"""Refused attempts, written to the append-only record soon after the answer.

An answer that waited for the record would show by its duration that a booking exists.
"""

import asyncio
import datetime as dt
import itertools
import logging
from collections import deque

import psycopg
import psycopg_pool

from application.identity import ports
from application.ports import Clock
from infrastructure.postgres import pool as pools

logger = logging.getLogger(__name__)
# What waits to be written; beyond that the oldest are lost, and the log says so.
WAITING_LIMIT = 2_000
BATCH = 100
# A token may name a user that this directory does not have.
INSERT = (
    "INSERT INTO identity.auth_event (happened, user_id, at, route, source, correlation_id) "
    "VALUES (%s, (SELECT id FROM identity.app_user WHERE id = %s), %s, %s, %s, %s)"
)

_Row = tuple[str, str | None, dt.datetime, str, bytes, str]


class PostgresSecurityRecord:
    """`application.identity.ports.SecurityRecord`; `close` writes what still waits."""

    def __init__(self, pool: pools.Pool, places: ports.SignInPlaces, *, now: Clock) -> None:
        self._pool = pool
        self._places = places
        self._now = now
        self._waiting: deque[_Row] = deque(maxlen=WAITING_LIMIT)
        self._writing: asyncio.Task[None] | None = None

    def note(
        self,
        happened: ports.RefusedAccess,
        *,
        user_id: str | None,
        route: str,
        address: str,
        correlation_id: str,
    ) -> None:
        """Record the attempt soon."""
        if len(self._waiting) == WAITING_LIMIT:
            logger.warning("a refused attempt was not recorded: too many wait")
        source = self._places.of_address(address).index
        self._waiting.append((happened, user_id, self._now(), route, source, correlation_id))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Write what still waits."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            rows = list(itertools.islice(self._waiting, BATCH))
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    await connection.cursor().executemany(INSERT, rows)
            except (psycopg.Error, psycopg_pool.PoolTimeout) as error:
                # The next refused attempt tries again.
                logger.warning("refused attempts wait to be recorded: %s", type(error).__name__)
                return
            for _ in rows:
                self._waiting.popleft()
