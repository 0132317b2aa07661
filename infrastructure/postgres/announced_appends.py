"""Announced appends: one connection of a web process listens for all who follow the log.

It is opened for the first follower. While it is broken followers read after each pause instead.
"""

import asyncio
import contextlib
import logging

import psycopg

from application.coordination import Channel
from infrastructure.postgres import primary

logger = logging.getLogger(__name__)

# The server may be gone without a word: it is asked as often as this.
HEARTBEAT_SECONDS = 5.0
ANSWER_SECONDS = 2.0
PAUSE_SECONDS = 0.5
# Appends within it are announced together: followers read the log at most so often.
GATHER_SECONDS = 0.05


class PostgresAnnouncedAppends:
    """Implements AnnouncedAppends."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._announced = 0
        self._ending = False
        self._moved = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    @property
    def announced(self) -> int:
        """See AnnouncedAppends."""
        return self._announced

    @property
    def ending(self) -> bool:
        """See AnnouncedAppends."""
        return self._ending

    async def wait(self, seen: int, seconds: float) -> None:
        """See AnnouncedAppends."""
        if self._ending or self._announced > seen:
            return
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self._listen_always())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    def end(self) -> None:
        """See AnnouncedAppends."""
        self._ending = True
        self._wake()

    async def close(self) -> None:
        """End the followers and the connection."""
        self.end()
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening

    def _announce(self) -> None:
        self._announced += 1
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _listen_always(self) -> None:
        while True:
            try:
                async with await primary.connect_to_listen(self._dsn) as connection:
                    await self._listen(connection)
            except (psycopg.Error, TimeoutError) as error:
                logger.warning("appends are not announced: %s", type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.execute(f"LISTEN {Channel.LOG}".encode())
        # What was appended before this connection listened was announced to nobody here.
        self._announce()
        while True:
            async for _ in connection.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                self._announce()
                await asyncio.sleep(GATHER_SECONDS)
            primary.require_newest(connection)
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.execute("SELECT 1")
