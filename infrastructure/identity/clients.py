"""Clients of third parties in Postgres. Triggers end the sessions of a client that is disabled."""

from collections.abc import Sequence
from typing import Any

from domain.identity.clients import Client
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

LISTED = 1_000
# Who works at the command line.
OPERATOR = "operator"
COLUMNS = "id, name, kind, redirect_uris, scopes, role, secret_hash, created_at, disabled_at"
INSERT = (
    f"WITH added AS (INSERT INTO identity.client ({COLUMNS}) "  # noqa: S608 - constants
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id, created_at) "
    "INSERT INTO identity.auth_event (happened, user_id, actor, at, client) "
    "SELECT 'client_registered', %s, %s, created_at, id FROM added"
)
SELECT_ONE = f"SELECT {COLUMNS} FROM identity.client WHERE id = %s"  # noqa: S608 - constants
SELECT_ALL = (
    f"SELECT {COLUMNS} FROM identity.client "  # noqa: S608 - constants
    f"ORDER BY created_at DESC, id LIMIT {LISTED}"
)
CHANGE = """
WITH changed AS (
    UPDATE identity.client SET secret_hash = %(hash)s
    WHERE id = %(id)s AND disabled_at IS NULL AND secret_hash IS NOT NULL RETURNING id
)
INSERT INTO identity.auth_event (happened, user_id, actor, at, client)
SELECT 'client_secret_changed', %(by)s, %(actor)s, clock_timestamp(), id FROM changed
"""
# The trigger sets the instant and ends the sessions; their ids are read after that. A client is
# disabled once, so none ended earlier for this reason.
DISABLE = """
WITH changed AS (
    UPDATE identity.client SET disabled_at = clock_timestamp()
    WHERE id = %(id)s AND disabled_at IS NULL RETURNING id
)
INSERT INTO identity.auth_event (happened, user_id, actor, at, client)
SELECT 'client_disabled', %(by)s, %(actor)s, clock_timestamp(), id FROM changed
"""
SELECT_ENDED = (
    "SELECT id FROM identity.session WHERE client_id = %s AND ended_because = 'client_disabled'"
)


class PostgresClients:
    """`application.identity.client_ports.Clients`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def add(self, client: Client, *, by: str | None) -> None:
        """Record the client."""
        values = (
            *(client.id, client.name, client.kind),
            *(list(client.redirect_uris), list(client.scopes)),
            *(client.role, client.secret_hash, client.created_at, client.disabled_at),
            *(by, by or OPERATOR),
        )
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(INSERT.encode(), values)

    async def find(self, client_id: str) -> Client | None:
        """Return the client with this id, also one that is disabled."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_ONE.encode(), (client_id,))
            row = await cursor.fetchone()
            return None if row is None else _client(row)

    async def all(self) -> Sequence[Client]:
        """Return all clients, the newest first."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_ALL.encode())
            return [_client(row) for row in await cursor.fetchall()]

    async def change_secret(self, client_id: str, secret_hash: bytes, *, by: str | None) -> bool:
        """Replace the secret; False where the client is disabled by now."""
        values = {"id": client_id, "hash": secret_hash, "by": by, "actor": by or OPERATOR}
        async with raising_unavailable(), self._pool.connection() as connection:
            return (await connection.execute(CHANGE.encode(), values)).rowcount == 1

    async def disable(self, client_id: str, *, by: str | None) -> Sequence[str] | None:
        """Disable the client and end its sessions; None where it was disabled before."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            values = {"id": client_id, "by": by, "actor": by or OPERATOR}
            if (await connection.execute(DISABLE.encode(), values)).rowcount != 1:
                return None
            cursor = await connection.execute(SELECT_ENDED.encode(), (client_id,))
            return [client_id, *(row[0] for row in await cursor.fetchall())]


def _client(row: tuple[Any, ...]) -> Client:
    client_id, name, kind, uris, scopes, *rest = row
    return Client(client_id, name, kind, tuple(uris), tuple(scopes), *rest)
