"""Consents in Postgres. Rule: facts of a user are read and added under the lock of the user's
row, so that two requests at once do not record the same fact."""

from collections.abc import Callable, Sequence

from domain.privacy.consents import Consent
from infrastructure.postgres.pool import Connection, Pool, raising_unavailable

SELECT = "SELECT purpose, version, given, at FROM privacy.consent WHERE user_id = %s ORDER BY id"
INSERT = (
    "INSERT INTO privacy.consent (user_id, purpose, version, given, at) VALUES (%s, %s, %s, %s, %s)"
)
LOCK_USER = "SELECT FROM identity.app_user WHERE id = %s FOR NO KEY UPDATE"


class PostgresConsents:
    """`application.privacy.ports.Consents`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, user: str) -> Sequence[Consent]:
        """Return the facts of a user, the oldest first."""
        async with raising_unavailable(), self._pool.connection() as connection:
            return await _facts(connection, user)

    async def change(
        self, user: str, decide: Callable[[Sequence[Consent]], Consent | None]
    ) -> Sequence[Consent]:
        """Record what `decide` makes of the facts; returns all of them."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK_USER, (user,))
            known = await _facts(connection, user)
            new = decide(known)
            if new is None:
                return known
            await add_consent(connection, user, new)
            return [*known, new]


async def add_consent(connection: Connection, user: str, fact: Consent) -> None:
    """Record the fact in the transaction of this connection."""
    values = (user, fact.purpose, fact.version, fact.given, fact.at)
    await connection.execute(INSERT, values)


async def _facts(connection: Connection, user: str) -> list[Consent]:
    cursor = await connection.execute(SELECT, (user,))
    return [Consent(*row) for row in await cursor.fetchall()]
