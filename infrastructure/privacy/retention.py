"""Stored bodies of webhooks, and the removal of what is older than its period.

Functions of the database know the periods and remove nothing younger.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from application.privacy.ports import StoredBody
from domain.kernel.sealed import Sealed
from infrastructure.postgres.pool import Pool, raising_unavailable
from infrastructure.privacy import periods

PAGE = (
    "SELECT id, received_at, subject, sealed_body FROM inbox.stripe_event "
    "WHERE octet_length(sealed_body) > 0 AND received_at >= %(since)s "
    "AND (received_at, id) > (%(at)s, %(id)s) ORDER BY received_at, id LIMIT %(limit)s"
)


class StoredWebhooks:
    """`application.privacy.ports.StoredBodies` and `Retention`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, *, since: dt.datetime, after: tuple[dt.datetime, str] | None, limit: int
    ) -> Sequence[StoredBody]:
        """Return bodies by arrival, from this instant or from the first after `after`."""
        at, last = after or (since, "")
        values = {"since": since, "at": at, "id": last, "limit": limit}
        return [
            StoredBody(event, received_at, Sealed(subject, body))
            for event, received_at, subject, body in await self._rows(PAGE, values)
        ]

    async def remove_bodies(self, *, limit: int) -> int:
        """Destroy the keys of old bodies, at most `limit`; returns how many."""
        return await self._count("SELECT privacy.remove_old_bodies(%(limit)s)", limit)

    async def remove_messages(self, *, limit: int) -> int:
        """Remove old messages among the `limit` oldest; returns how many."""
        return await self._count("SELECT privacy.remove_old_messages(%(limit)s)", limit)

    async def remove_flight_tasks(self, *, limit: int) -> int:
        """Remove follow-ups of flights that ended long ago, at most `limit`; returns how many."""
        return await self._count("SELECT privacy.remove_old_flight_tasks(%(limit)s)", limit)

    async def remove_texts(self, *, limit: int) -> int:
        """Remove old records of text messages, at most `limit`; returns how many."""
        return await self._count("SELECT operations.remove_old_texts(%(limit)s)", limit)

    async def chosen_days(self) -> Mapping[str, int]:
        """Return the periods that the airline has chosen, by store."""
        return {each.store: each.days for each in await periods.chosen(self._pool)}

    async def remove_bounces(self, *, limit: int) -> int:
        """Remove old records of letters that came back, at most `limit`; returns how many."""
        return await self._count("SELECT operations.remove_old_bounces(%(limit)s)", limit)

    async def _count(self, query: str, limit: int) -> int:
        return int((await self._rows(query, {"limit": limit}))[0][0])

    async def _rows(self, query: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall()
