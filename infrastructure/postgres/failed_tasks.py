"""Tasks of the outbox that failed for good."""

from collections.abc import Sequence

from application.failed_tasks import FailedTask
from infrastructure.postgres.pool import Pool, raising_unavailable


class OutboxFailedTasks:
    """`application.failed_tasks.FailedTasks` of processes that carry out tasks from the outbox."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def oldest(self, *, limit: int) -> Sequence[FailedTask]:
        """Return the oldest first; raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT id::text, topic, body, failed_at FROM ledger.outbox "
                "WHERE failed_at IS NOT NULL ORDER BY id LIMIT %s",
                (limit,),
            )
            return [FailedTask(*row) for row in await cursor.fetchall()]

    async def try_again(self, tasks: Sequence[FailedTask]) -> int:
        """Make them unsent; returns how many were failed still. Raises Unavailable."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(
                "UPDATE ledger.outbox SET sent_at = NULL, failed_at = NULL "
                "WHERE failed_at IS NOT NULL AND id = ANY (%s::bigint[])",
                ([int(each.id) for each in tasks],),
            )
            return cursor.rowcount
