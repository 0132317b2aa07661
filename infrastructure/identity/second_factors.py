"""Second factors in Postgres: a time step, a recovery code and a challenge are used by one UPDATE.

Of many uses at once one succeeds. The user's row is locked before sessions end.
"""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from application.identity import second_factor_ports as ports
from domain.identity.second_factor import CHALLENGE_TRIES
from domain.kernel.sealed import Sealed
from infrastructure.identity.sessions import END, LOCK_USER
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

BEGIN = """
INSERT INTO identity.second_factor AS f (user_id, secret, created_at) VALUES (%s, %s, %s)
ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
WHERE f.confirmed_at IS NULL RETURNING user_id
"""
SELECT_FACTOR = """
SELECT u.subject, f.secret, f.confirmed_at IS NOT NULL FROM identity.second_factor AS f
JOIN identity.app_user AS u ON u.id = f.user_id WHERE f.user_id = %s
"""
SELECT_IN_FORCE = (
    "SELECT FROM identity.second_factor WHERE user_id = %s AND confirmed_at IS NOT NULL"
)
CONFIRM = """
UPDATE identity.second_factor SET confirmed_at = %(at)s, last_step = %(step)s
WHERE user_id = %(user)s AND confirmed_at IS NULL AND last_step < %(step)s RETURNING user_id
"""
PROVE_SESSION = (
    "UPDATE identity.session SET second_factor = true "
    "WHERE id = %s AND user_id = %s AND ended_at IS NULL"
)
SPEND_STEP = """
UPDATE identity.second_factor SET last_step = %(step)s
WHERE user_id = %(user)s AND confirmed_at IS NOT NULL AND last_step < %(step)s RETURNING user_id
"""
SPEND_CODE = """
WITH spent AS (
    UPDATE identity.recovery_code SET used_at = %(at)s
    WHERE user_id = %(user)s AND code_hash = %(code_hash)s AND used_at IS NULL RETURNING user_id
)
INSERT INTO identity.auth_event (happened, user_id, at)
SELECT 'recovery_code_used', spent.user_id, %(at)s FROM spent RETURNING user_id
"""
DELETE_CODES = "DELETE FROM identity.recovery_code WHERE user_id = %s"
INSERT_CODE = "INSERT INTO identity.recovery_code (user_id, code_hash) VALUES (%s, %s)"
COUNT_CODES = "SELECT count(*) FROM identity.recovery_code WHERE user_id = %s AND used_at IS NULL"
DELETE_FACTOR = "DELETE FROM identity.second_factor WHERE user_id = %s"
INSERT_FACT = "INSERT INTO identity.auth_event (happened, user_id, at) VALUES (%s, %s, %s)"
INSERT_CHALLENGE = """
INSERT INTO identity.sign_in_challenge (token_hash, user_id, bound_to, kind, created_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
TRY_CHALLENGE = """
UPDATE identity.sign_in_challenge SET tries = tries + 1
WHERE token_hash = %s AND used_at IS NULL AND tries < %s AND %s < expires_at
RETURNING user_id, bound_to, kind
"""
FINISH_CHALLENGE = """
UPDATE identity.sign_in_challenge SET used_at = %s WHERE token_hash = %s AND used_at IS NULL
RETURNING user_id
"""


class PostgresSecondFactors:
    """`application.identity.second_factor_ports.SecondFactors`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def begin(self, user: str, secret: Sealed, *, at: dt.datetime) -> bool:
        """Store a secret to be confirmed; False where one is in force."""
        return await self._one(BEGIN, (user, secret.box, at)) is not None

    async def find(self, user: str) -> ports.StoredFactor | None:
        """Return the factor of a user, also one that is not confirmed yet."""
        row = await self._one(SELECT_FACTOR, (user,))
        return None if row is None else ports.StoredFactor(Sealed(row[0], row[1]), row[2])

    async def confirm(
        self,
        user: str,
        session: str,
        *,
        step: int,
        code_hashes: Sequence[bytes],
        at: dt.datetime,
    ) -> Sequence[str] | None:
        """Put the factor in force; end all sessions but the one that has proved it."""
        async with self._transaction() as connection:
            await connection.execute(LOCK_USER, (user,))
            values = {"user": user, "step": step, "at": at}
            if await (await connection.execute(CONFIRM, values)).fetchone() is None:
                return None
            await _replace_codes(connection, user, code_hashes)
            await connection.execute(PROVE_SESSION, (session, user))
            await connection.execute(INSERT_FACT, ("second_factor_enrolled", user, at))
            return await _ended(connection, user, but=session)

    async def spend_step(self, user: str, step: int) -> bool:
        """Use a time step in one statement; False where it or a later one was used."""
        return await self._one(SPEND_STEP, {"user": user, "step": step}) is not None

    async def spend_code(self, user: str, code_hash: bytes, *, at: dt.datetime) -> bool:
        """Use a recovery code in one statement, and record that."""
        values = {"user": user, "code_hash": code_hash, "at": at}
        return await self._one(SPEND_CODE, values) is not None

    async def replace_codes(
        self, user: str, code_hashes: Sequence[bytes], *, at: dt.datetime
    ) -> bool:
        """Have these recovery codes in place of all earlier ones, and record that."""
        async with self._transaction() as connection:
            await connection.execute(LOCK_USER, (user,))
            if await (await connection.execute(SELECT_IN_FORCE, (user,))).fetchone() is None:
                return False
            await _replace_codes(connection, user, code_hashes)
            await connection.execute(INSERT_FACT, ("recovery_codes_renewed", user, at))
            return True

    async def remove(self, user: str, *, but: str, at: dt.datetime) -> Sequence[str]:
        """Remove the factor and its codes; all sessions but one end, and are returned."""
        async with self._transaction() as connection:
            await connection.execute(LOCK_USER, (user,))
            await connection.execute(DELETE_FACTOR, (user,))
            await connection.execute(INSERT_FACT, ("second_factor_removed", user, at))
            return await _ended(connection, user, but=but)

    async def codes_left(self, user: str) -> int:
        """Return how many recovery codes were not used yet."""
        row = await self._one(COUNT_CODES, (user,))
        assert row is not None
        return int(row[0])

    async def open_challenge(self, new: ports.NewChallenge) -> None:
        """Store the challenge."""
        async with raising_unavailable(), self._pool.connection() as connection:
            await connection.execute(
                INSERT_CHALLENGE,
                (
                    new.token_hash,
                    new.user,
                    new.bound_to,
                    new.kind,
                    new.created_at,
                    new.expires_at,
                ),
            )

    async def try_challenge(self, token_hash: bytes, *, at: dt.datetime) -> ports.Challenge | None:
        """Spend one try in one statement; None where there is none left."""
        row = await self._one(TRY_CHALLENGE, (token_hash, CHALLENGE_TRIES, at))
        return None if row is None else ports.Challenge(row[0], row[1], row[2])

    async def finish_challenge(self, token_hash: bytes, *, at: dt.datetime) -> bool:
        """Use the challenge in one statement; False where it was used."""
        return await self._one(FINISH_CHALLENGE, (at, token_hash)) is not None

    async def _one(self, query: str, values: Any) -> tuple[Any, ...] | None:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchone()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[pools.Connection]:
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            yield connection


async def _replace_codes(
    connection: pools.Connection, user: str, code_hashes: Sequence[bytes]
) -> None:
    await connection.execute(DELETE_CODES, (user,))
    await connection.cursor().executemany(INSERT_CODE, [(user, each) for each in code_hashes])


async def _ended(connection: pools.Connection, user: str, *, but: str) -> list[str]:
    values = {"user": user, "reason": "second_factor_changed", "only": None, "but": but}
    cursor = await connection.execute(END, values)
    return [row[0] for row in await cursor.fetchall()]
