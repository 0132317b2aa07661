"""Addresses of accounts in Postgres. The application may change none: a function of the database
uses the link and sets the address.
"""

import datetime as dt

import psycopg

from application.identity import ports
from domain.identity.links import LinkPurpose
from domain.kernel.sealed import Sealed
from infrastructure.identity.user_directory import INSERT_VERIFICATION, link_values
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

# Void from the start where another account has the address: it makes older links void as every link
# does, so that these do not reveal which it was.
INSERT_CHANGE = """
INSERT INTO identity.mailed_link (id, purpose, user_id, token_hash, salt, language, created_at,
    expires_at, email_index, subject, email, voided_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
    (SELECT %s FROM identity.app_user WHERE email_index = %s))
"""
SELECT_OWNER = (
    "SELECT user_id FROM identity.mailed_link WHERE token_hash = %s "
    "AND purpose IN ('verify_email', 'change_email') "
    "AND used_at IS NULL AND voided_at IS NULL AND %s < expires_at"
)
CONFIRM = "SELECT identity.confirm_email(%s, %s, %s)"
INSERT_FACT = "INSERT INTO identity.auth_event (happened, user_id, at) VALUES (%s, %s, %s)"


class PostgresEmails:
    """`application.identity.account_ports.Emails`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def request_verification(self, user: str, link: ports.NewLink) -> None:
        """Have the link mailed to the user's address, and record that."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(INSERT_VERIFICATION, link_values(link, user))
            await connection.execute(INSERT_FACT, ("verification_requested", user, link.created_at))

    async def request_change(
        self, user: str, link: ports.NewLink, *, email_index: bytes, email: Sealed
    ) -> None:
        """Have the link mailed to the new address, unless another account has it."""
        own = (email_index, email.subject, email.box)
        values = (*link_values(link, user), *own, link.created_at, email_index)
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(INSERT_CHANGE, values)
            await connection.execute(INSERT_FACT, ("email_change_requested", user, link.created_at))

    async def owner_of(self, token_hash: bytes, *, at: dt.datetime) -> str | None:
        """Return the id of the user whose address this link could verify or change."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_OWNER, (token_hash, at))
            row = await cursor.fetchone()
        return None if row is None else str(row[0])

    async def confirm(self, user: str, token_hash: bytes, *, at: dt.datetime) -> LinkPurpose | None:
        """Use a link of this user; returns what it was for."""
        try:
            async with raising_unavailable(), self._pool.connection() as connection:
                cursor = await connection.execute(CONFIRM, (user, token_hash, at))
                row = await cursor.fetchone()
        except psycopg.errors.UniqueViolation:
            # Another account has the address by now.
            return None
        assert row is not None
        purpose: LinkPurpose | None = row[0]
        return purpose
