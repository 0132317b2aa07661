"""Tasks and webhooks about one booking, for those who explain it at the shell."""

from collections.abc import Sequence
from typing import Any

from application.audit.ports import BookingTask, StoredWebhook
from infrastructure.postgres.pool import Pool, raising_unavailable

# Every row is looked at: retention keeps the table short, and a person asks rarely. Ids of the
# booking, its payments and claims all contain the reference behind a dash.
_TASKS = """
SELECT id, topic, created_at, sent_at, failed_at FROM ledger.outbox
WHERE body::text ~ ('-' || %s || '\\M') ORDER BY id LIMIT %s
"""
_WEBHOOKS = """
SELECT id, type, object, state, reason, received_at, finished_at FROM inbox.stripe_event
WHERE object = ANY (%s) ORDER BY received_at, id LIMIT %s
"""


class PostgresBookingWork:
    """Implements BookingWork."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def tasks_about(self, reference: str, *, limit: int) -> Sequence[BookingTask]:
        """See BookingWork; `reference` consists of letters and digits."""
        assert reference.isalnum()
        return [BookingTask(*row) for row in await self._rows(_TASKS, (reference, limit))]

    async def webhooks_about(
        self, objects: Sequence[str], *, limit: int
    ) -> Sequence[StoredWebhook]:
        """See BookingWork."""
        rows = await self._rows(_WEBHOOKS, (list(objects), limit))
        return [StoredWebhook(*row) for row in rows]

    async def _rows(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), parameters)).fetchall()
