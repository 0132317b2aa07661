"""Sessions in Postgres. A refresh is one statement: of many at once with one token, one rotates.

Triggers of the database record each end and notify the channel of sessions.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg

from application.identity import session_ports as ports
from domain.identity import sessions
from domain.identity.roles import Role
from domain.identity.sessions import EndReason, Session
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

LISTED = 100
# FOR SHARE: a change of the role, of the password or of the second factor comes before or after
# this, so that it ends this session too. A trigger requires a factor that is in force.
INSERT = """
WITH owner AS (
    SELECT id, role FROM identity.app_user
    WHERE id = %(user)s AND password_hash = %(hash)s FOR SHARE
), added AS (
    INSERT INTO identity.session (id, user_id, kind, device, source, salt, second_factor,
        created_at, last_used_at, expires_at, refresh_expires_at)
    SELECT %(id)s, owner.id, %(kind)s, %(device)s, %(source)s, %(salt)s, %(second_factor)s,
        %(at)s, %(at)s, %(expires_at)s, %(refresh_expires_at)s
    FROM owner RETURNING id
)
SELECT owner.role FROM owner, added
"""
COLUMNS = (
    "s.id, s.user_id, s.kind, s.created_at, s.last_used_at, s.expires_at, s.refresh_expires_at, "
    "s.generation, s.rotated_at, s.ended_at IS NOT NULL, s.client_id, s.scopes, "
    "u.role, s.salt, u.subject, s.device, s.second_factor"
)
SELECT_ONE = (
    f"SELECT {COLUMNS} FROM identity.session AS s "  # noqa: S608 - constants
    "JOIN identity.app_user AS u ON u.id = s.user_id WHERE s.id = %s"
)
SELECT_LIVE = (
    f"SELECT {COLUMNS} FROM identity.session AS s "  # noqa: S608 - constants
    "JOIN identity.app_user AS u ON u.id = s.user_id "
    "WHERE s.user_id = %s AND s.client_id IS NULL "
    "AND s.ended_at IS NULL AND %s < s.refresh_expires_at "
    f"ORDER BY s.last_used_at DESC, s.id LIMIT {LISTED}"
)
ROTATE = f"""
UPDATE identity.session AS s
SET generation = s.generation + 1, rotated_at = %(at)s,
    last_used_at = greatest(s.last_used_at, %(at)s),
    refresh_expires_at = least(s.expires_at, %(refresh_expires_at)s)
FROM identity.app_user AS u
WHERE s.id = %(id)s AND s.generation = %(generation)s AND s.ended_at IS NULL
    AND %(at)s < s.refresh_expires_at AND u.id = s.user_id
RETURNING {COLUMNS}
"""  # noqa: S608 - constants
LOCK_USER = "SELECT FROM identity.app_user WHERE id = %s FOR NO KEY UPDATE"
# The trigger sets the instant. Codes of clients are sessions to be: they end with all sessions,
# also those that were granted in the one that goes on.
END = """
WITH voided AS (
    UPDATE identity.authorization_code SET voided_at = clock_timestamp()
    WHERE %(only)s::text IS NULL AND user_id = %(user)s AND used_at IS NULL AND voided_at IS NULL
)
UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = %(reason)s
WHERE user_id = %(user)s AND ended_at IS NULL
    AND (%(only)s::text IS NULL OR id = %(only)s)
    AND (%(but)s::text IS NULL OR id <> %(but)s)
RETURNING id
"""
INSERT_REUSE = (
    "INSERT INTO identity.auth_event (happened, user_id, at, source, session) "
    "VALUES ('reuse_detected', %s, clock_timestamp(), %s, %s)"
)
# An array: a plan could run a mere IN (SELECT ... LIMIT) again for each row.
EXPIRE = (
    "UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'expired' "
    "WHERE ended_at IS NULL AND id = ANY(ARRAY(SELECT id FROM identity.session "
    "WHERE ended_at IS NULL AND refresh_expires_at <= %s LIMIT %s FOR UPDATE SKIP LOCKED))"
)


class PostgresSessions:
    """`application.identity.session_ports.Sessions`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def open(self, new: ports.NewSession, *, password_hash: str) -> Role | None:
        """Record the session; returns the user's role, None where a proof has changed meanwhile."""
        session = new.session
        row = await self._one(
            INSERT,
            {
                "id": session.id,
                "user": session.user,
                "hash": password_hash,
                "kind": session.kind,
                "device": None if new.device is None else new.device.box,
                "source": new.source,
                "salt": new.salt,
                "second_factor": new.second_factor,
                "at": session.created_at,
                "expires_at": session.expires_at,
                "refresh_expires_at": session.refresh_expires_at,
            },
        )
        return None if row is None else row[0]

    async def find(self, session_id: str) -> ports.StoredSession | None:
        """Return the session with this id, also one that is over."""
        row = await self._one(SELECT_ONE, (session_id,))
        return None if row is None else _stored(row)

    async def rotate(
        self, session_id: str, *, generation: int, at: dt.datetime
    ) -> ports.StoredSession | None:
        """Make the next generation in one statement; None unless this one is current."""
        row = await self._one(
            ROTATE,
            {
                "id": session_id,
                "generation": generation,
                "at": at,
                "refresh_expires_at": at + sessions.REFRESH_LIFE,
            },
        )
        return None if row is None else _stored(row)

    async def live_of(self, user: str, *, at: dt.datetime) -> Sequence[ports.StoredSession]:
        """Return the sessions of a user that are not over, the last used first."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_LIVE, (user, at))
            return [_stored(row) for row in await cursor.fetchall()]

    async def end(
        self, user: str, reason: EndReason, *, only: str | None = None, but: str | None = None
    ) -> Sequence[str]:
        """End the sessions of a user: all, only one, or all but one; returns their ids."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            return await _ended(connection, user, reason, only=only, but=but)

    async def end_reused(self, session: Session, *, source: bytes) -> Sequence[str]:
        """End a session of which a spent token was presented, and record that."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            ended = await _ended(connection, session.user, "reuse", only=session.id)
            if ended:
                await connection.execute(INSERT_REUSE, (session.user, source, session.id))
            return ended

    async def expire(self, *, at: dt.datetime, limit: int) -> int:
        """End sessions whose time is over, at most `limit`; returns how many."""
        async with raising_unavailable(), self._pool.connection() as connection:
            return (await connection.execute(EXPIRE, (at, limit))).rowcount

    async def remove_old(self, *, limit: int) -> int:
        """Remove sessions that ended 90 days ago, at most `limit`; returns how many."""
        row = await self._one("SELECT identity.remove_old_sessions(%s)", (limit,))
        assert row is not None
        return int(row[0])

    async def _one(self, query: str, values: Any) -> tuple[Any, ...] | None:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchone()


async def _ended(
    connection: psycopg.AsyncConnection[tuple[Any, ...]],
    user: str,
    reason: EndReason,
    *,
    only: str | None = None,
    but: str | None = None,
) -> list[str]:
    """Under the user's lock: two that end all sessions would else wait for each other's rows."""
    await connection.execute(LOCK_USER, (user,))
    values = {"user": user, "reason": reason, "only": only, "but": but}
    cursor = await connection.execute(END, values)
    return [row[0] for row in await cursor.fetchall()]


def _stored(row: tuple[Any, ...]) -> ports.StoredSession:
    *session, client, scopes, role, salt, subject, device, second_factor = row
    own = Session(*session)
    return ports.StoredSession(
        msgspec.structs.replace(own, client=client, scopes=tuple(scopes or ())),
        role,
        salt,
        None if device is None else Sealed(subject, device),
        second_factor,
    )
