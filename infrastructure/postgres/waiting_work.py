"""How much work waits in the tables: for metrics. Each figure is read by an index, and quickly."""

import msgspec
from psycopg.rows import class_row

from infrastructure.postgres.pool import Pool, raising_unavailable

_QUERY = """
SELECT o.waiting AS outbox_waiting, o.age AS outbox_age,
       (SELECT count(*) FROM ledger.outbox WHERE failed_at IS NOT NULL) AS outbox_failed,
       i.waiting AS inbox_waiting, i.age AS inbox_age,
       (SELECT count(*) FROM inbox.stripe_event WHERE state = 'parked') AS inbox_parked,
       (SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()) AS lock_waits
FROM (
    SELECT count(*) AS waiting,
           coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
    FROM ledger.outbox WHERE sent_at IS NULL
) AS o
CROSS JOIN (
    SELECT count(*) AS waiting,
           coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8 AS age
    FROM inbox.stripe_event WHERE state = 'new'
) AS i
"""


class WaitingWork(msgspec.Struct, frozen=True):
    """Counts, and the ages of the oldest in seconds; an age is 0 where nothing waits.

    `lock_waits` are the connections of this login that wait for a lock of the database.
    """

    outbox_waiting: int
    outbox_age: float
    outbox_failed: int
    inbox_waiting: int
    inbox_age: float
    inbox_parked: int
    lock_waits: int


async def waiting_work(pool: Pool) -> WaitingWork:
    """Return what waits now; raises Unavailable."""
    async with raising_unavailable(), pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(WaitingWork))
        await cursor.execute(_QUERY.encode())
        found = await cursor.fetchone()
    assert found is not None
    return found
