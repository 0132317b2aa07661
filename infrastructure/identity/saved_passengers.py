"""Saved passengers in Postgres. They are counted under the lock of the user's row, so that two
requests at once do not exceed the limit."""

from collections.abc import Callable, Sequence
from typing import Any

from application.booking.saved_passengers import StoredPassenger
from domain.kernel.sealed import Sealed
from infrastructure.postgres.pool import Pool, raising_unavailable

SELECT = (
    "SELECT p.id, u.subject, p.details FROM identity.saved_passenger AS p "
    "JOIN identity.app_user AS u ON u.id = p.user_id WHERE p.user_id = %s "
    "ORDER BY p.created_at, p.id"
)
SELECT_ADDRESS = "SELECT subject, email FROM identity.app_user WHERE id = %s"
LOCK_USER = "SELECT FROM identity.app_user WHERE id = %s FOR NO KEY UPDATE"
COUNT = "SELECT count(*) FROM identity.saved_passenger WHERE user_id = %s"
INSERT = "INSERT INTO identity.saved_passenger (id, user_id, details) VALUES (%s, %s, %s)"
UPDATE = (
    "UPDATE identity.saved_passenger SET details = %s WHERE id = %s AND user_id = %s RETURNING id"
)
DELETE = "DELETE FROM identity.saved_passenger WHERE id = %s AND user_id = %s RETURNING id"


class PostgresSavedPassengers:
    """`application.booking.saved_passengers.SavedPassengers`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, user: str) -> Sequence[StoredPassenger]:
        """Return those of a user, the oldest first."""
        return [
            StoredPassenger(passenger, Sealed(subject, box))
            for passenger, subject, box in await self._rows(SELECT, (user,))
        ]

    async def address_of(self, user: str) -> Sealed:
        """Return the sealed address of a user."""
        ((subject, email),) = await self._rows(SELECT_ADDRESS, (user,))
        return Sealed(subject, email)

    async def add(
        self, user: str, passenger: StoredPassenger, require_place: Callable[[int], None]
    ) -> None:
        """Store one more, after `require_place` of their count."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK_USER, (user,))
            row = await (await connection.execute(COUNT, (user,))).fetchone()
            assert row is not None
            require_place(row[0])
            await connection.execute(INSERT, (passenger.id, user, passenger.details.box))

    async def replace(self, user: str, passenger: StoredPassenger) -> bool:
        """Store other details; False where the user has no such passenger."""
        return bool(await self._rows(UPDATE, (passenger.details.box, passenger.id, user)))

    async def remove(self, user: str, passenger_id: str) -> bool:
        """Remove one; False where the user has no such passenger."""
        return bool(await self._rows(DELETE, (passenger_id, user)))

    async def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall()
