"""Letters about accounts in Postgres. The database enqueues them, and a function of it secures an
account: the application may change neither an address nor a notice.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from application.identity import ports as identity
from application.identity import recovery_ports as ports
from application.identity.account_notices import NoticeKind
from domain.identity.second_factor import RESET_WAIT
from domain.identity.standing import Standing
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

WORKS = "n.used_at IS NULL AND n.voided_at IS NULL AND %s < n.expires_at"
SELECT_DUE = (
    "SELECT n.id, n.kind, n.salt, u.language, u.subject, n.email, n.created_at "  # noqa: S608 - constants
    "FROM identity.account_notice AS n JOIN identity.app_user AS u ON u.id = n.user_id "
    f"WHERE n.id = %s AND {WORKS}"
)
# The same each time: a letter that is written again has the same link.
STORE_HASH = (
    "UPDATE identity.account_notice AS n SET token_hash = %s "  # noqa: S608 - constants
    f"WHERE n.id = %s AND {WORKS} RETURNING n.id"
)
SELECT_OWNER = (
    "SELECT n.user_id FROM identity.account_notice AS n "  # noqa: S608 - constants
    f"WHERE n.token_hash = %s AND (%s::text IS NULL OR n.kind = %s) AND {WORKS}"
)
SECURE = "SELECT identity.secure_account(%s, %s, %s, %s, %s, %s, %s)"
SELECT_LINK = "SELECT FROM identity.mailed_link WHERE id = %s"
SELECT_STANDING = """
SELECT u.email_verified_at IS NOT NULL,
    EXISTS (SELECT FROM identity.second_factor AS f
        WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL),
    u.locked_until,
    (SELECT r.confirmed_at FROM identity.second_factor_reset AS r
        WHERE r.user_id = u.id AND r.done_at IS NULL AND r.cancelled_at IS NULL),
    (SELECT max(l.expires_at) FROM identity.mailed_link AS l
        WHERE l.user_id IS NULL AND l.email_index = u.email_index
        AND l.used_at IS NULL AND l.voided_at IS NULL AND %(at)s < l.expires_at),
    EXISTS (SELECT FROM privacy.erasure AS e WHERE e.person = u.id AND e.withdrawn_at IS NULL)
FROM identity.app_user AS u WHERE u.id = %(user)s
"""


class PostgresNotices:
    """`application.identity.recovery_ports.Notices`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def to_send(
        self, notice_id: int, digest: Callable[[int, bytes], bytes], *, at: dt.datetime
    ) -> ports.Notice | None:
        """Return the notice whose letter is due, once the hash of its token is stored."""
        row = await self._one(SELECT_DUE, (notice_id, at))
        if row is None:
            return None
        found, kind, salt, language, subject, email, created_at = row
        if await self._one(STORE_HASH, (digest(found, salt), found, at)) is None:
            return None
        return ports.Notice(found, kind, salt, language, Sealed(subject, email), created_at)

    async def owner_of(
        self, token_hash: bytes, *, at: dt.datetime, kind: NoticeKind | None = None
    ) -> str | None:
        """Return the id of the user whose account this link could secure at this instant."""
        row = await self._one(SELECT_OWNER, (token_hash, kind, kind, at))
        return None if row is None else str(row[0])

    async def secure(
        self, token_hash: bytes, password_hash: str, link: identity.NewLink, *, at: dt.datetime
    ) -> ports.Secured | None:
        """Use the link in one statement of the database; None where it is over."""
        made = (link.id, link.token_hash, link.salt, link.expires_at)
        row = await self._one(SECURE, (token_hash, password_hash, at, *made))
        assert row is not None
        if row[0] is None:
            return None
        return ports.Secured(row[0], await self._one(SELECT_LINK, (link.id,)) is not None)

    async def standing(self, user: str, *, at: dt.datetime) -> Standing:
        """Return what the account of a user waits for."""
        row = await self._one(SELECT_STANDING, {"user": user, "at": at})
        assert row is not None, "who has signed in is a user"
        is_verified, has_factor, locked_until, confirmed_at, invited_until, is_leaving = row
        return Standing(
            is_verified=is_verified,
            has_second_factor=has_factor,
            locked_until=locked_until,
            resets_at=None if confirmed_at is None else confirmed_at + RESET_WAIT,
            invited_until=invited_until,
            erasure_requested=is_leaving,
        )

    async def _one(self, query: str, values: Any) -> tuple[Any, ...] | None:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchone()
