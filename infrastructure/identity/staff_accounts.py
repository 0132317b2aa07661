"""Invitations and roles in Postgres. The application may change no role: two functions of the
database do, and check who asks.
"""

import datetime as dt

import psycopg

from application.identity import account_ports as ports
from domain.identity.roles import Role
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

INSERT_KEY = "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)"
INSERT_LINK = """
INSERT INTO identity.mailed_link (id, purpose, token_hash, salt, language, created_at, expires_at,
    email_index, subject, email, role, invited_by)
VALUES (%(id)s, 'invitation', %(token_hash)s, %(salt)s, %(language)s, %(created_at)s,
    %(expires_at)s, %(email_index)s, %(subject)s, %(email)s, %(role)s, %(invited_by)s)
RETURNING id
"""
INSERT_FACT = (
    "INSERT INTO identity.auth_event (happened, user_id, at, reason, actor) "
    "VALUES (%s, %s, %s, %s, %s)"
)
SELECT_INVITED = (
    "SELECT subject, email FROM identity.mailed_link WHERE token_hash = %s "
    "AND purpose = 'invitation' AND used_at IS NULL AND voided_at IS NULL AND %s < expires_at"
)
ACCEPT = "SELECT identity.accept_invitation(%s, %s, %s, %s, %s)"
# The last admin was invited to another role: the database refuses that.
LAST_ADMIN = "AIS02"
CHANGE_ROLE = "SELECT identity.change_role(%s, %s, %s, %s)"
OPERATOR = "operator"


class PostgresStaffAccounts:
    """`application.identity.account_ports.StaffAccounts`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def invite(self, invitation: ports.Invitation) -> bool:
        """Store it, have its letter mailed and record it; False for the fourth in an hour."""
        link = invitation.link
        values = {
            "id": link.id,
            "token_hash": link.token_hash,
            "salt": link.salt,
            "language": link.language,
            "created_at": link.created_at,
            "expires_at": link.expires_at,
            "email_index": invitation.email_index,
            "subject": invitation.email.subject,
            "email": invitation.email.box,
            "role": invitation.role,
            "invited_by": invitation.invited_by,
        }
        actor = invitation.invited_by or OPERATOR
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            if await (await connection.execute(INSERT_LINK, values)).fetchone() is None:
                return False
            key = invitation.key
            await connection.execute(INSERT_KEY, (key.subject, key.wrapped))
            fact = ("invited", None, link.created_at, invitation.role, actor)
            await connection.execute(INSERT_FACT, fact)
            return True

    async def invited(self, token_hash: bytes, *, at: dt.datetime) -> Sealed | None:
        """Return the address of an invitation that could be accepted at this instant."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_INVITED, (token_hash, at))
            row = await cursor.fetchone()
        return None if row is None else Sealed(row[0], row[1])

    async def accept(
        self,
        token_hash: bytes,
        user: str,
        password_hash: str,
        *,
        at: dt.datetime,
        correlation_id: str,
    ) -> Role | None:
        """Use the invitation in one statement of the database; returns the role."""
        async with raising_unavailable(), self._pool.connection() as connection:
            try:
                values = (token_hash, user, password_hash, at, correlation_id)
                cursor = await connection.execute(ACCEPT, values)
            except psycopg.DatabaseError as error:
                if error.sqlstate != LAST_ADMIN:
                    raise
                return None
            row = await cursor.fetchone()
            assert row is not None
            if row[0] is None:
                return None
            cursor = await connection.execute(
                "SELECT role FROM identity.app_user WHERE id = %s", (row[0],)
            )
            found = await cursor.fetchone()
        assert found is not None
        role: Role = found[0]
        return role

    async def change_role(
        self, by: str, email_index: bytes, role: Role, *, at: dt.datetime, correlation_id: str
    ) -> ports.RoleOutcome:
        """Give the user the role, as an admin; record a refusal."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(CHANGE_ROLE, (by, email_index, role, correlation_id))
            row = await cursor.fetchone()
            assert row is not None
            outcome: ports.RoleOutcome = row[0]
            if outcome != "done":
                await connection.execute(INSERT_FACT, ("role_refused", None, at, outcome, by))
        return outcome
