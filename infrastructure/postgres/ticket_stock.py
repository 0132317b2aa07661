"""Serials of tickets, drawn from a Postgres sequence in blocks and issued by this process."""

from infrastructure.postgres.pool import Pool, raising_unavailable

# Equal to the sequence's INCREMENT in migration 0001.
BLOCK_SIZE = 20
# More than the passengers and extras of any booking.
DRAW_LIMIT = 500


class PostgresTicketStock:
    """`application.ports.TicketStock`: a serial is issued only once; gaps are allowed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._left: list[int] = []

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

    async def _fetch(self, blocks: int) -> list[int]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT nextval('ledger.ticket_serial') FROM generate_series(1, %s)", (blocks,)
            )
            rows = await cursor.fetchall()
        return [serial for (first,) in rows for serial in range(first, first + BLOCK_SIZE)]
