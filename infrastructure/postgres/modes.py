"""Modes in Postgres: the table of those that are on, and how a process follows it.

A change and its record in `audit.action` are one transaction.
"""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from application.coordination import Channel
from application.modes.current_modes import CurrentModes
from domain.modes.modes import ModeOn, SwitchedMode
from infrastructure.postgres import primary
from infrastructure.postgres.pool import Connection, Pool, raising_unavailable

logger = logging.getLogger(__name__)

# Without a notice it is read again after this time: a lost connection is noticed by that.
HEARTBEAT_SECONDS = 5.0
ANSWER_SECONDS = 3.0
PAUSE_SECONDS = 0.5
# What was read longer ago may have been changed since: several failed tries to connect take less.
KNOWN_SECONDS = 30.0

SELECT = "SELECT name, since, actor, reason, until FROM operations.mode ORDER BY name"
START = """
INSERT INTO operations.mode AS known (name, since, actor, reason, until)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE
SET actor = excluded.actor, reason = excluded.reason, until = excluded.until
RETURNING name, since, actor, reason, until
"""
END = "DELETE FROM operations.mode WHERE name = %s RETURNING reason"
RECORD = """
INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
VALUES (clock_timestamp(), %s, %s, %s, %s, %s)
"""


class PostgresModes:
    """`application.modes.ports.Modes`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def all(self) -> Sequence[ModeOn]:
        """See Modes."""
        async with raising_unavailable(), self._pool.connection() as connection:
            return await _read(connection)

    async def start(self, mode: ModeOn, *, correlation_id: str) -> ModeOn:
        """See Modes."""
        until = None if mode.until is None else mode.until.isoformat()
        change = {"reason": mode.reason, "until": until}
        row = (mode.mode, mode.since, mode.actor, mode.reason, mode.until)
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            found = await (await connection.execute(START, row)).fetchone()
            record = (mode.actor, "mode.started", mode.mode, Jsonb(change), correlation_id)
            await connection.execute(RECORD, record)
        assert found is not None
        return _mode(found)

    async def end(self, mode: SwitchedMode, *, actor: str, correlation_id: str) -> bool:
        """See Modes."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            if await (await connection.execute(END, (mode,))).fetchone() is None:
                return False
            record = (actor, "mode.ended", mode, Jsonb({}), correlation_id)
            await connection.execute(RECORD, record)
            return True


class FollowedModes:
    """Keeps `current` as the database has it, by a connection of its own that listens.

    While the database does not answer, the modes stay as they were last read: a process that lost
    its connection during maintenance does not begin to write. Before the first read, and
    KNOWN_SECONDS after the last, nothing is changed: other connections may go on, and maintenance
    may have begun.
    """

    def __init__(self, dsn: str, current: CurrentModes) -> None:
        self._dsn = dsn
        self._current = current
        self._has_read = asyncio.Event()
        # By the clock of the event loop.
        self._known_until = 0.0
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the modes, then follow them; goes on without, if the database does not answer."""
        self._forget()
        self._following = asyncio.get_running_loop().create_task(self._follow())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._has_read.wait()

    async def close(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    async def _follow(self) -> None:
        while True:
            try:
                async with await primary.connect_to_listen(self._dsn) as connection:
                    await self._listen(connection)
            except (psycopg.Error, TimeoutError) as error:
                logger.warning("modes cannot be read: %s", type(error).__name__)
                if asyncio.get_running_loop().time() > self._known_until:
                    self._forget()
            await asyncio.sleep(PAUSE_SECONDS)

    def _forget(self) -> None:
        reason = "the modes cannot be read"
        unknown = ModeOn("read_only", dt.datetime.now(dt.UTC), "system", reason, None)
        self._current.forget(unknown)

    async def _listen(self, connection: Connection) -> None:
        """Listen first, then read: no change is missed between the two."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.execute(f"LISTEN {Channel.MODE}".encode())
        while True:
            # A primary that was left still answers; the modes are switched on the newest one.
            primary.require_newest(connection)
            async with asyncio.timeout(ANSWER_SECONDS):
                found = await _read(connection)
            self._current.replace({each.mode: each for each in found})
            self._known_until = asyncio.get_running_loop().time() + KNOWN_SECONDS
            self._has_read.set()
            async for _ in connection.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                pass


async def _read(connection: Connection) -> list[ModeOn]:
    return [_mode(row) for row in await (await connection.execute(SELECT)).fetchall()]


def _mode(row: Sequence[Any]) -> ModeOn:
    name, since, actor, reason, until = row
    return ModeOn(name, since, actor, reason, until)
