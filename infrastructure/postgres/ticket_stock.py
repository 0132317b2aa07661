"""Serials of tickets, drawn from a Postgres sequence in blocks and given out in this process."""

import psycopg
from psycopg_pool import PoolTimeout

from application import ports
from infrastructure.postgres.pool import Pool

# As the sequence's INCREMENT in migration 0001.
BLOCK_SIZE = 20
# More than a booking can have of passengers and extras together.
DRAW_LIMIT = 500


class PostgresTicketStock:
    """`application.ports.TicketStock`: a serial is given out once for ever; gaps are allowed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._left: list[int] = []

    async def draw(self, count: int) -> list[int]:
        """Fresh serials, not always in a row; raises Unavailable."""
        assert 0 < count <= DRAW_LIMIT
        # Taken before anything is waited for, so that nobody else takes the same.
        drawn, self._left = self._left[:count], self._left[count:]
        missing = count - len(drawn)
        if missing:
            fresh = await self._fetch(-(-missing // BLOCK_SIZE))
            drawn += fresh[:missing]
            self._left += fresh[missing:]
        return drawn

    async def _fetch(self, blocks: int) -> list[int]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(
                    "SELECT nextval('ledger.ticket_serial') FROM generate_series(1, %s)", (blocks,)
                )
                rows = await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise ports.Unavailable("database") from error
        return [serial for (first,) in rows for serial in range(first, first + BLOCK_SIZE)]
