"""What Postgres stores about users beside the log."""

from collections.abc import Sequence
from typing import Any

from application.identity.ports import EmailLookup
from application.privacy import ports
from domain.kernel.sealed import Sealed
from infrastructure.identity import saved_passengers
from infrastructure.postgres.pool import Pool, raising_unavailable

LIMIT = 1_000


class PostgresAccounts:
    """`application.privacy.ports.Accounts`."""

    def __init__(self, pool: Pool, lookup: EmailLookup) -> None:
        self._pool = pool
        self._lookup = lookup

    async def find(self, user: str) -> ports.Account | None:
        """Return the user with this id."""
        rows = await self._rows(
            "SELECT id, role, subject, email, created_at, "
            "email_verified_at IS NOT NULL "
            "FROM identity.app_user WHERE id = %s",
            (user,),
        )
        if not rows:
            return None
        user_id, role, subject, email, *more = rows[0]
        return ports.Account(user_id, role, Sealed(subject, email), *more)

    async def with_address(self, email: str) -> str | None:
        """Return the id of the user who signs in with this address."""
        index = self._lookup.of(email)
        rows = await self._rows("SELECT id FROM identity.app_user WHERE email_index = %s", (index,))
        return rows[0][0] if rows else None

    async def mailed_addresses(self, user: str) -> Sequence[Sealed]:
        """Return the addresses to which links were mailed, and those that were replaced."""
        rows = await self._rows(
            "SELECT DISTINCT u.subject, box.address FROM identity.app_user AS u "
            "JOIN identity.mailed_link AS l "
            "ON l.user_id = u.id OR (l.user_id IS NULL AND l.subject = u.subject) "
            "CROSS JOIN LATERAL (VALUES (l.email), (l.replaced_email)) AS box (address) "
            "WHERE u.id = %s AND box.address IS NOT NULL "
            "UNION SELECT u.subject, n.email FROM identity.app_user AS u "
            "JOIN identity.account_notice AS n ON n.user_id = u.id WHERE u.id = %s",
            (user, user),
        )
        return [Sealed(*row) for row in rows]

    async def saved_passengers(self, user: str) -> Sequence[Sealed]:
        """Return the sealed details of passengers that a user has saved, the oldest first."""
        rows = await self._rows(saved_passengers.SELECT, (user,))
        return [Sealed(subject, box) for _, subject, box in rows]

    async def clients(self, user: str) -> Sequence[ports.ConnectedClient]:
        """Return the clients of third parties that a user let act for them."""
        rows = await self._rows(
            "SELECT c.id, c.name, k.scopes, k.given_at, k.revoked_at "
            "FROM identity.consent AS k JOIN identity.client AS c ON c.id = k.client_id "
            "WHERE k.user_id = %s ORDER BY k.given_at, c.id LIMIT %s",
            (user, LIMIT),
        )
        return [ports.ConnectedClient(*row) for row in rows]

    async def is_last_admin(self, user: str) -> bool:
        """Return whether the account is the last admin whose account is not closed."""
        rows = await self._rows(
            "SELECT FROM identity.app_user AS u "
            "WHERE u.id = %s AND u.role = 'admin' AND u.password_hash <> '' AND NOT EXISTS ("
            "SELECT FROM identity.app_user AS o "
            "WHERE o.role = 'admin' AND o.password_hash <> '' AND o.id <> u.id)",
            (user,),
        )
        return bool(rows)

    async def devices(self, user: str) -> Sequence[ports.Device]:
        """Return the sessions of a user, the last used first."""
        rows = await self._rows(
            "SELECT s.kind, u.subject, s.device, s.created_at, s.last_used_at, s.ended_at "
            "FROM identity.session AS s JOIN identity.app_user AS u ON u.id = s.user_id "
            "WHERE s.user_id = %s ORDER BY s.last_used_at DESC, s.id LIMIT %s",
            (user, LIMIT),
        )
        return [
            ports.Device(kind, None if name is None else Sealed(subject, name), *instants)
            for kind, subject, name, *instants in rows
        ]

    async def sign_ins(self, user: str) -> Sequence[ports.SignIn]:
        """Return the record of authentication of a user, the newest first."""
        rows = await self._rows(
            "SELECT happened, at FROM identity.auth_event WHERE user_id = %s "
            "ORDER BY id DESC LIMIT %s",
            (user, LIMIT),
        )
        return [ports.SignIn(*row) for row in rows]

    async def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall()
