"""Serials of tickets, drawn from a Postgres sequence in blocks and given out in this process."""

import psycopg
from psycopg_pool import PoolTimeout

from application import ports
from infrastructure.postgres.pool import Pool

# As the sequence's INCREMENT in migration 0001.
BLOCK_SIZE = 20


class PostgresTicketStock:
    """`application.ports.TicketStock`: a serial is given out once for ever; gaps are allowed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._left: list[int] = []

    async def draw(self, count: int) -> list[int]:
        """Fresh serials; raises Unavailable."""
        assert 0 < count <= BLOCK_SIZE
        if len(self._left) < count:
            try:
                async with self._pool.connection() as connection:
                    cursor = await connection.execute("SELECT nextval('ledger.ticket_serial')")
                    row = await cursor.fetchone()
            except (psycopg.OperationalError, PoolTimeout) as error:
                raise ports.Unavailable("database") from error
            assert row is not None
            self._left = list(range(row[0], row[0] + BLOCK_SIZE))
        drawn, self._left = self._left[:count], self._left[count:]
        return drawn
