"""The answers to what happened with an event of Stripe, from the inbox and the log."""

from collections.abc import Sequence
from typing import Any

from application.payment.read_events import Effect, EventQuestion, StoredEvent
from infrastructure.postgres.pool import Pool, raising_unavailable

_COLUMNS = (
    "SELECT id, type, object, state, reason, received_at, tries, waits, due_at, finished_at "
    "FROM inbox.stripe_event "
)
_CHOSEN = """
WHERE (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(type)s::text IS NULL OR type = %(type)s)
  AND (%(object)s::text IS NULL OR object = %(object)s)
  AND (%(before)s::text IS NULL OR (received_at, id) < (
      SELECT received_at, id FROM inbox.stripe_event WHERE id = %(before)s))
ORDER BY received_at DESC, id DESC LIMIT %(limit)s
"""
_CORRELATED = """
SELECT position, stream, version, tag, recorded_at, causation_id::text FROM ledger.event
WHERE correlation_id = %s AND starts_with(correlation_id, 'evt_') ORDER BY position
"""


class StripeEventAnswers:
    """Implements StoredEventReader."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, asked: EventQuestion) -> Sequence[StoredEvent]:
        """Return the events, newest first, at most the limit."""
        parameters = {name: getattr(asked, name) for name in asked.__struct_fields__}
        return [StoredEvent(*row) for row in await self._rows(_COLUMNS + _CHOSEN, parameters)]

    async def read(self, event_id: str) -> StoredEvent | None:
        """Return the event of this id."""
        rows = await self._rows(_COLUMNS + "WHERE id = %(id)s", {"id": event_id})
        return StoredEvent(*rows[0]) if rows else None

    async def correlated(self, event_id: str) -> Sequence[Effect]:
        """Return the events of the log that have this correlation id, in the order of the log."""
        return [Effect(*row) for row in await self._rows(_CORRELATED, (event_id,))]

    async def _rows(
        self, query: str, parameters: dict[str, object] | tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), parameters)).fetchall()
