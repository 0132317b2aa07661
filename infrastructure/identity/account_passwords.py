"""Passwords of accounts in Postgres: of many uses of one link at once, one sets the password.

The user's row is locked first, then links, then sessions, as everywhere.
"""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from application.identity import ports
from infrastructure.identity.sessions import END
from infrastructure.identity.user_directory import USER_COLUMNS, stored_user
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

# One statement for a known and an unknown address: both wait for one commit.
REQUEST_RESET = """
WITH owner AS (
    SELECT id FROM identity.app_user WHERE email_index = %(email_index)s FOR NO KEY UPDATE
), link AS (
    INSERT INTO identity.mailed_link
        (id, purpose, user_id, token_hash, salt, language, created_at, expires_at)
    SELECT %(id)s, %(purpose)s, owner.id, %(token_hash)s, %(salt)s, %(language)s,
        %(created_at)s, %(expires_at)s
    FROM owner
)
INSERT INTO identity.auth_event (happened, user_id, at, source)
VALUES ('reset_requested', (SELECT id FROM owner), %(created_at)s, %(source)s)
"""
SELECT_OWNER = f"""
SELECT {USER_COLUMNS} FROM identity.mailed_link AS l
JOIN identity.app_user AS u ON u.id = l.user_id
WHERE l.token_hash = %s AND l.purpose IN ('reset_password', 'secure_account')
    AND l.used_at IS NULL AND l.voided_at IS NULL AND %s < l.expires_at
"""  # noqa: S608 - constants
# The link came to the mailbox, so its owner is the account's.
RESET = """
WITH owner AS (
    SELECT u.id, u.email_verified_at IS NULL AS is_unproved
    FROM identity.app_user AS u JOIN identity.mailed_link AS l ON l.user_id = u.id
    WHERE l.token_hash = %(token_hash)s FOR NO KEY UPDATE OF u
), link AS (
    UPDATE identity.mailed_link AS l SET used_at = %(at)s FROM owner
    WHERE l.token_hash = %(token_hash)s AND l.purpose IN ('reset_password', 'secure_account')
        AND l.used_at IS NULL AND l.voided_at IS NULL AND %(at)s < l.expires_at
    RETURNING l.user_id, owner.is_unproved
)
UPDATE identity.app_user AS u
SET password_hash = %(password_hash)s, failed_logins = 0, failed_since = NULL,
    locked_until = NULL, email_verified_at = coalesce(u.email_verified_at, %(at)s)
FROM link WHERE u.id = link.user_id RETURNING u.id, link.is_unproved
"""
UNLOCK_PLACES = (
    "UPDATE identity.sign_in_place SET failed_logins = 0, failed_since = NULL, "
    "locked_until = NULL WHERE user_id = %s"
)
DELETE_FACTOR = "DELETE FROM identity.second_factor WHERE user_id = %s"
CHANGE = (
    "UPDATE identity.app_user SET password_hash = %s WHERE id = %s AND password_hash = %s "
    "RETURNING id"
)
VOID_LINKS = (
    "UPDATE identity.mailed_link SET voided_at = %s "
    "WHERE user_id = %s AND used_at IS NULL AND voided_at IS NULL"
)
INSERT_FACT = "INSERT INTO identity.auth_event (happened, user_id, at) VALUES (%s, %s, %s)"


class PostgresPasswords:
    """`application.identity.account_ports.Passwords`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def request_reset(
        self, email_index: bytes, link: ports.NewLink, *, source: bytes
    ) -> None:
        """Store the link if a user has this address, and record the request."""
        values = {
            "email_index": email_index,
            "source": source,
            "id": link.id,
            "purpose": link.purpose,
            "token_hash": link.token_hash,
            "salt": link.salt,
            "language": link.language,
            "created_at": link.created_at,
            "expires_at": link.expires_at,
        }
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(REQUEST_RESET, values)

    async def owner_of(self, token_hash: bytes, *, at: dt.datetime) -> ports.StoredUser | None:
        """Return the user whose password this link could reset at this instant."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_OWNER.encode(), (token_hash, at))
            row = await cursor.fetchone()
        return None if row is None else stored_user(row)

    async def reset(
        self, token_hash: bytes, password_hash: str, *, at: dt.datetime
    ) -> Sequence[str] | None:
        """Use the link, set the password, end all sessions and all locks."""
        values = {"token_hash": token_hash, "password_hash": password_hash, "at": at}
        async with self._transaction() as connection:
            row = await (await connection.execute(RESET, values)).fetchone()
            if row is None:
                return None
            await connection.execute(UNLOCK_PLACES, (row[0],))
            if row[1]:
                # A stranger may have registered the address, and enrolled a factor.
                await connection.execute(DELETE_FACTOR, (row[0],))
            return await _with_new_password(connection, row[0], "password_reset", at=at)

    async def change(
        self, user: ports.StoredUser, password_hash: str, *, but: str, at: dt.datetime
    ) -> Sequence[str] | None:
        """Set the password and end all sessions but one; None where it has changed meanwhile."""
        async with self._transaction() as connection:
            values = (password_hash, user.id, user.password_hash)
            if await (await connection.execute(CHANGE, values)).fetchone() is None:
                return None
            return await _with_new_password(connection, user.id, "password_changed", at=at, but=but)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[pools.Connection]:
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            yield connection


async def _with_new_password(
    connection: pools.Connection,
    user: str,
    fact: str,
    *,
    at: dt.datetime,
    but: str | None = None,
) -> list[str]:
    """End what the old password opened. The user's row is locked: no session begins meanwhile."""
    await connection.execute(VOID_LINKS, (at, user))
    await connection.execute(INSERT_FACT, (fact, user, at))
    values: dict[str, Any] = {
        "user": user,
        "reason": "password_changed",
        "only": None,
        "but": but,
    }
    cursor = await connection.execute(END, values)
    return [row[0] for row in await cursor.fetchall()]
