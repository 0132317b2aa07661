"""Serials of tickets, drawn from a Postgres sequence in blocks and issued by this process."""

import asyncio
import logging
from collections import OrderedDict

import psycopg

from application.ports import Unavailable
from infrastructure.postgres.pool import Pool, raising_unavailable

# Equal to the sequence's INCREMENT in migration 0001.
BLOCK_SIZE = 20
# More than the passengers and extras of any booking.
DRAW_LIMIT = 500
# What a process holds ahead: at most this many are lost when it ends.
HELD_BLOCKS = 50
REFILL_BELOW = HELD_BLOCKS * BLOCK_SIZE // 2
# Decisions under way, which may be made again and then take the same serials.
KEYS_LIMIT = 1_000

logger = logging.getLogger(__name__)


class PostgresTicketStock:
    """`application.ports.TicketStock`: a serial is issued only once; gaps are allowed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._left: list[int] = []
        self._taken: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._refill: asyncio.Task[None] | None = None

    async def draw(self, count: int) -> list[int]:
        """Return new serials, not always consecutive; raises Unavailable."""
        assert 0 < count <= DRAW_LIMIT
        # Taken before the first await, so that no other caller gets the same serials.
        drawn, self._left = self._left[:count], self._left[count:]
        missing = count - len(drawn)
        if missing:
            fresh = await self._fetch(-(-missing // BLOCK_SIZE))
            drawn += fresh[:missing]
            self._left += fresh[missing:]
        return drawn

    def take(self, count: int, *, key: str) -> tuple[int, ...] | None:
        """Return serials that are held already; None when there are too few, until a refill."""
        taken = self._taken.get(key, ())
        if len(taken) != count:
            if len(self._left) - count < REFILL_BELOW:
                self.refill()
            if len(self._left) < count:
                return None
            taken, self._left = tuple(self._left[:count]), self._left[count:]
            self._taken[key] = taken
            if len(self._taken) > KEYS_LIMIT:
                self._taken.popitem(last=False)
        return taken

    def refill(self) -> None:
        """Begin to fetch serials ahead, unless that is under way."""
        if self._refill is None or self._refill.done():
            self._refill = asyncio.get_running_loop().create_task(self._fetch_ahead())

    async def close(self) -> None:
        """End a refill that is under way."""
        if self._refill is not None:
            self._refill.cancel()
            await asyncio.wait([self._refill])

    async def _fetch_ahead(self) -> None:
        try:
            fresh = await self._fetch(HELD_BLOCKS)
            # Only now: `self._left` is another list than before the await where serials were taken
            # meanwhile, and what was taken must not come back.
            self._left += fresh
        except (Unavailable, psycopg.Error) as error:
            # The next one to take serials asks again.
            logger.warning("no serials of tickets ahead: %s", type(error).__name__)

    async def _fetch(self, blocks: int) -> list[int]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT nextval('ledger.ticket_serial') FROM generate_series(1, %s)", (blocks,)
            )
            rows = await cursor.fetchall()
        return [serial for (first,) in rows for serial in range(first, first + BLOCK_SIZE)]
