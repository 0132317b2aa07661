"""Sessions that ended lately, in the memory of each web process, followed by NOTIFY.

Access tokens are valid for a quarter of an hour; a request with one of an ended session is refused
by a look into a set. While the connection that listens does not answer, the database is asked for
each request instead: a process that cannot know refuses rather than guesses.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

import psycopg

from application.coordination import Channel
from infrastructure.postgres import pool as pools
from infrastructure.postgres import primary
from infrastructure.postgres.pool import raising_unavailable

logger = logging.getLogger(__name__)

# Longer than an access token lives by the clock of a process that was put back by an hour.
KEPT_SECONDS = 2 * 3600.0
# Beyond it, sessions that are not in memory are asked for.
LIMIT = 200_000
HEARTBEAT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
# What is known counts for so long after the listening connection was last asked.
KNOWN_SECONDS = 5.0
PAUSE_SECONDS = 0.5

# From the record: an erasure deletes the sessions themselves. A service has no session: its tokens
# name the client instead.
SELECT_ENDED = (
    "SELECT id FROM (SELECT session AS id, at FROM identity.auth_event "
    "WHERE happened = 'session_ended' "
    "UNION ALL SELECT id, disabled_at FROM identity.client) AS over "
    "WHERE at > clock_timestamp() - %s * interval '1 second' ORDER BY at LIMIT %s"
)
SELECT_ONE = (
    "SELECT FROM identity.session WHERE id = %(id)s AND ended_at IS NULL "
    "UNION ALL SELECT FROM identity.client WHERE id = %(id)s AND disabled_at IS NULL"
)


class PostgresEndedSessions:
    """`application.identity.session_ports.EndedSessions`; `monotonic` gives seconds."""

    def __init__(self, dsn: str, pool: pools.Pool, *, monotonic: Callable[[], float]) -> None:
        self._dsn = dsn
        self._pool = pool
        self._monotonic = monotonic
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._known_until = 0.0
        self._is_whole = True
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen; until that succeeds the database is asked."""
        self._following = asyncio.get_running_loop().create_task(self._follow())

    async def close(self) -> None:
        """Stop listening."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    def known(self, session: str) -> bool | None:
        """Return whether the session has ended; None when this process does not know at present."""
        if session in self._ended:
            return True
        if self._is_whole and self._monotonic() < self._known_until:
            return False
        return None

    async def has_ended(self, session: str) -> bool:
        """Return the same from the database; raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_ONE, {"id": session})
            return await cursor.fetchone() is None

    def note(self, sessions: Sequence[str]) -> None:
        """Remember sessions that have ended."""
        now = self._monotonic()
        self._ended.update(dict.fromkeys(sessions, now))
        while self._ended:
            oldest, at = next(iter(self._ended.items()))
            if now - at <= KEPT_SECONDS and len(self._ended) <= LIMIT:
                return
            if now - at <= KEPT_SECONDS:
                self._is_whole = False
            del self._ended[oldest]

    async def _follow(self) -> None:
        while True:
            try:
                async with await primary.connect_to_listen(self._dsn) as connection:
                    await self._listen(connection)
            except (psycopg.Error, TimeoutError) as error:
                logger.warning("ended sessions are asked for: %s", type(error).__name__)
            self._known_until = 0.0
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Listen first, then read what ended before: nothing is missed between the two."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.execute(f"LISTEN {Channel.SESSION}".encode())
            cursor = await connection.execute(SELECT_ENDED, (KEPT_SECONDS, LIMIT + 1))
            found = [str(row[0]) for row in await cursor.fetchall()]
        self._is_whole = True
        self.note(found)
        while True:
            primary.require_newest(connection)
            asked_at = self._monotonic()
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.execute("SELECT 1")
            self._known_until = asked_at + KNOWN_SECONDS
            async for notice in connection.notifies(timeout=HEARTBEAT_SECONDS):
                self.note([notice.payload])
