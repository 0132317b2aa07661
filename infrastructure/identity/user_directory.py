"""Users in Postgres. Rule: a lockout is read and changed under the lock of the user's row."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable

import psycopg
import psycopg_pool

from application.identity import ports
from application.ports import Unavailable
from domain.identity.lockout import Lockout
from infrastructure.postgres import pool as pools

INSERT_KEY = "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)"
INSERT_USER = (
    "INSERT INTO identity.app_user "
    "(id, email_index, subject, email, password_hash, role, created_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
INSERT_FACT = "INSERT INTO identity.auth_event (happened, user_id, at) VALUES (%s, %s, %s)"
SELECT_USER = "SELECT id, role, password_hash FROM identity.app_user WHERE email_index = %s"
SELECT_LOCKOUT = (
    "SELECT failed_logins, failed_since, locked_until FROM identity.app_user "
    "WHERE id = %s FOR NO KEY UPDATE"
)
UPDATE_LOCKOUT = (
    "UPDATE identity.app_user SET failed_logins = %s, failed_since = %s, locked_until = %s "
    "WHERE id = %s"
)


class PostgresUserDirectory:
    """`application.identity.ports.UserDirectory`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def add(self, user: ports.NewUser, *, at: dt.datetime) -> None:
        """Record the user, the key and the fact in one transaction; raises EmailKnown."""
        try:
            async with self._transaction() as connection:
                await connection.execute(INSERT_KEY, (user.key.subject, user.key.wrapped))
                await connection.execute(
                    INSERT_USER,
                    (
                        user.id,
                        user.email_index,
                        user.email.subject,
                        user.email.box,
                        user.password_hash,
                        user.role,
                        at,
                    ),
                )
                await connection.execute(INSERT_FACT, ("registered", user.id, at))
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != "app_user_email":
                raise
            raise ports.EmailKnown from None

    async def find(self, email_index: bytes) -> ports.StoredUser | None:
        """Return the user with this address; None if there is none."""
        async with self._transaction() as connection:
            cursor = await connection.execute(SELECT_USER, (email_index,))
            row = await cursor.fetchone()
        return None if row is None else ports.StoredUser(row[0], row[1], row[2])

    async def change_lockout(
        self,
        user_id: str,
        change: Callable[[Lockout], tuple[Lockout, ports.AuthFact]],
        *,
        at: dt.datetime,
    ) -> ports.AuthFact:
        """Read, decide and write under the row's lock; returns the recorded fact."""
        async with self._transaction() as connection:
            cursor = await connection.execute(SELECT_LOCKOUT, (user_id,))
            row = await cursor.fetchone()
            assert row is not None
            before = Lockout(row[0], row[1], row[2])
            after, fact = change(before)
            if after != before:
                await connection.execute(
                    UPDATE_LOCKOUT, (after.failures, after.since, after.until, user_id)
                )
            await connection.execute(INSERT_FACT, (fact, user_id, at))
        return fact

    async def record(self, fact: ports.AuthFact, *, user_id: str | None, at: dt.datetime) -> None:
        """Record a fact that changes nothing."""
        async with self._transaction() as connection:
            await connection.execute(INSERT_FACT, (fact, user_id, at))

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[pools.Connection]:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                yield connection
        except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
            raise Unavailable("the directory of users") from error
