"""Users in Postgres. Rule: a lockout is read and changed under the lock of the user's row."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import psycopg_pool

from application.identity import ports
from application.ports import Unavailable
from domain.identity import lockout
from domain.identity.lockout import Attempts, Lockout
from domain.identity.roles import Role
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.privacy.consents import add_consent

INSERT_KEY = "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)"
INSERT_USER = (
    "INSERT INTO identity.app_user "
    "(id, email_index, subject, email, password_hash, role, created_at, email_verified_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
INSERT_VERIFICATION = (
    "INSERT INTO identity.mailed_link "
    "(id, purpose, user_id, token_hash, salt, language, created_at, expires_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
INSERT_FACT = "INSERT INTO identity.auth_event (happened, user_id, at) VALUES (%s, %s, %s)"
INSERT_ATTEMPT = (
    "INSERT INTO identity.auth_event (happened, user_id, at, reason) VALUES (%s, %s, %s, %s)"
)
USER_COLUMNS = (
    "u.id, u.role, u.password_hash, u.subject, u.email, EXISTS (SELECT FROM "
    "identity.second_factor AS f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL), "
    "u.email_verified_at IS NOT NULL"
)
SELECT_USER = f"SELECT {USER_COLUMNS} FROM identity.app_user AS u WHERE u.email_index = %s"  # noqa: S608 - constants
SELECT_BY_ID = f"SELECT {USER_COLUMNS} FROM identity.app_user AS u WHERE u.id = %s"  # noqa: S608 - constants
SELECT_ROLE = "SELECT role FROM identity.app_user WHERE id = %s"
SELECT_LEFT = "SELECT FROM identity.app_user WHERE id = %s AND password_hash = ''"
SELECT_STRANGERS = (
    "SELECT failed_logins, failed_since, locked_until, "
    "failed_codes, codes_failed_since, codes_locked_until FROM identity.app_user WHERE id = %s"
)
LOCK_STRANGERS = f"{SELECT_STRANGERS} FOR NO KEY UPDATE"
UPDATE_STRANGERS = (
    "UPDATE identity.app_user SET failed_logins = %s, failed_since = %s, locked_until = %s, "
    "failed_codes = %s, codes_failed_since = %s, codes_locked_until = %s WHERE id = %s"
)
SELECT_PLACE = (
    "SELECT failed_logins, failed_since, locked_until, signed_in_at FROM identity.sign_in_place "
    "WHERE user_id = %s AND place = %s"
)
UPSERT_PLACE = (
    "INSERT INTO identity.sign_in_place "
    "(user_id, place, failed_logins, failed_since, locked_until, signed_in_at) "
    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (user_id, place) DO UPDATE SET "
    "failed_logins = excluded.failed_logins, failed_since = excluded.failed_since, "
    "locked_until = excluded.locked_until, signed_in_at = excluded.signed_in_at"
)
# Places that count for nothing any more, so that strangers cannot fill the table.
DELETE_PLACES = (
    "DELETE FROM identity.sign_in_place WHERE user_id = %s "
    "AND (failed_since IS NULL OR failed_since < %s) "
    "AND (signed_in_at IS NULL OR signed_in_at <= %s)"
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
                        at if user.is_verified else None,
                    ),
                )
                await connection.execute(INSERT_FACT, ("registered", user.id, at))
                for fact in user.consents:
                    await add_consent(connection, user.id, fact)
                if user.verification is not None:
                    values = link_values(user.verification, user.id)
                    await connection.execute(INSERT_VERIFICATION, values)
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != "app_user_email":
                raise
            raise ports.EmailKnown from None

    async def find(self, email_index: bytes) -> ports.StoredUser | None:
        """Return the user with this address; None if there is none."""
        return await self._user(SELECT_USER, email_index)

    async def read(self, user_id: str) -> ports.StoredUser:
        """Return the user with this id."""
        user = await self._user(SELECT_BY_ID, user_id)
        assert user is not None, "who has signed in is a user"
        return user

    async def role_of(self, user_id: str) -> Role | None:
        """Return the role of the user with this id; None if there is none."""
        async with self._transaction() as connection:
            cursor = await connection.execute(SELECT_ROLE, (user_id,))
            row = await cursor.fetchone()
        return None if row is None else row[0]

    async def has_left(self, user_id: str) -> bool:
        """Return whether the account of this user was closed."""
        async with self._transaction() as connection:
            cursor = await connection.execute(SELECT_LEFT, (user_id,))
            return await cursor.fetchone() is not None

    async def attempts(self, user_id: str, place: ports.Place, *, at: dt.datetime) -> Attempts:
        """Return what is known of a place and a user at this instant."""
        async with self._transaction() as connection:
            return (await _attempts(connection, SELECT_STRANGERS, user_id, place, at))[0]

    async def change_attempts(
        self,
        user_id: str,
        place: ports.Place,
        change: Callable[[Attempts], tuple[Attempts, ports.AuthFact]],
        *,
        at: dt.datetime,
    ) -> ports.AuthFact:
        """Read, decide and write under the lock of the user's row; returns the recorded fact."""
        async with self._transaction() as connection:
            before, signed_in_at = await _attempts(connection, LOCK_STRANGERS, user_id, place, at)
            after, fact = change(before)
            if (after.strangers, after.codes) != (before.strangers, before.codes):
                counted = (*_columns(after.strangers), *_columns(after.codes))
                await connection.execute(UPDATE_STRANGERS, (*counted, user_id))
            if after.place != before.place or fact == "signed_in":
                seen = at if fact == "signed_in" else signed_in_at
                await _store_place(connection, user_id, place, after.place, seen, at)
            # The database has a letter written about a sign-in from a place that is not known.
            reason = "new_device" if fact == "signed_in" and not before.is_known else None
            await connection.execute(INSERT_ATTEMPT, (fact, user_id, at, reason))
        return fact

    async def record(self, fact: ports.AuthFact, *, user_id: str | None, at: dt.datetime) -> None:
        """Record a fact that changes nothing."""
        async with self._transaction() as connection:
            await connection.execute(INSERT_FACT, (fact, user_id, at))

    async def _user(self, query: str, key: bytes | str) -> ports.StoredUser | None:
        async with self._transaction() as connection:
            cursor = await connection.execute(query.encode(), (key,))
            row = await cursor.fetchone()
        return None if row is None else stored_user(row)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[pools.Connection]:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                yield connection
        except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
            raise Unavailable("the directory of users") from error


def link_values(link: ports.NewLink, user: str) -> tuple[Any, ...]:
    """Return the values of a row of a link that has no address of its own."""
    return (
        *(link.id, link.purpose, user, link.token_hash, link.salt, link.language),
        *(link.created_at, link.expires_at),
    )


def stored_user(row: tuple[Any, ...]) -> ports.StoredUser:
    """Return the user of a row of USER_COLUMNS."""
    user, role, password_hash, subject, email, *more = row
    return ports.StoredUser(user, role, password_hash, Sealed(subject, email), *more)


async def _attempts(
    connection: pools.Connection, query: str, user_id: str, place: ports.Place, at: dt.datetime
) -> tuple[Attempts, dt.datetime | None]:
    """Return what is known of a place and a user, and when the place last signed in."""
    row = await (await connection.execute(query.encode(), (user_id,))).fetchone()
    assert row is not None
    strangers, codes = Lockout(*row[:3]), Lockout(*row[3:])
    cursor = await connection.execute(SELECT_PLACE, (user_id, place.index))
    row = await cursor.fetchone() or (0, None, None, None)
    is_known = place.is_device or _is_recent(row[3], at)
    return Attempts(Lockout(*row[:3]), strangers, is_known, codes), row[3]


async def _store_place(
    connection: pools.Connection,
    user_id: str,
    place: ports.Place,
    state: Lockout,
    signed_in_at: dt.datetime | None,
    at: dt.datetime,
) -> None:
    counted_since = at - lockout.FAILURE_WINDOW - lockout.LOCK_DURATION
    known_since = at - lockout.KNOWN_PLACE_LIFETIME
    await connection.execute(DELETE_PLACES, (user_id, counted_since, known_since))
    await connection.execute(UPSERT_PLACE, (user_id, place.index, *_columns(state), signed_in_at))


def _columns(state: Lockout) -> tuple[int, dt.datetime | None, dt.datetime | None]:
    return state.failures, state.since, state.until


def _is_recent(signed_in_at: dt.datetime | None, at: dt.datetime) -> bool:
    return signed_in_at is not None and at < signed_in_at + lockout.KNOWN_PLACE_LIFETIME
