"""A database without room: the process changes nothing until a probe can write again.

An append that fails for want of room (SQLSTATE 53100) is refused and was rolled back; trying each
command anew would only fill the log of errors. Reading needs no room.
"""

import asyncio
import contextlib
import logging

import psycopg

from application import ports
from application.modes.current_modes import CurrentModes
from domain.modes.modes import ModeOn
from infrastructure.postgres.pool import Pool, raising_unavailable

logger = logging.getLogger(__name__)

PROBE_SECONDS = 2.0
# Writes a row that needs pages of its own, and removes it.
PROBE = "SELECT operations.probe_room()"


class FullDisk:
    """Begins the mode `read_only` of `current`, and ends it."""

    def __init__(self, pool: Pool, current: CurrentModes, clock: ports.Clock) -> None:
        self._pool = pool
        self._current = current
        self._clock = clock
        self._probing: asyncio.Task[None] | None = None

    def notice(self) -> None:
        """Change nothing from now on, until a probe has written."""
        if self._current.of("read_only") is not None:
            return
        logger.critical("the database has no room: this process changes nothing until it has")
        mode = ModeOn("read_only", self._clock(), "system", "the database has no room", None)
        self._current.begin(mode)
        self._probing = asyncio.get_running_loop().create_task(self._probe_until_written())

    async def close(self) -> None:
        """Stop probing."""
        if self._probing is not None:
            self._probing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._probing

    async def _probe_until_written(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            try:
                async with raising_unavailable(), self._pool.connection() as connection:
                    await connection.execute(PROBE)
            # Whatever the probe met, another one has to follow: only a probe ends the mode.
            except (ports.Unavailable, psycopg.Error) as error:
                logger.warning("the database cannot be written: %s", type(error).__name__)
                continue
            logger.warning("the database has room again")
            self._current.end("read_only")
            return
