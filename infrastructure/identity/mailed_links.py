"""Mailed links in Postgres, for the worker that writes their letters."""

import datetime as dt

from application.identity import account_ports
from domain.kernel.sealed import Sealed
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

SELECT_TO_SEND = (
    "SELECT l.id, l.purpose, l.salt, l.language, coalesce(l.subject, u.subject), "
    "coalesce(l.email, u.email) "
    "FROM identity.mailed_link AS l LEFT JOIN identity.app_user AS u ON u.id = l.user_id "
    "WHERE l.id = %s AND l.used_at IS NULL AND l.voided_at IS NULL AND %s < l.expires_at"
)


class PostgresMailedLinks:
    """`application.identity.account_ports.MailedLinks`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def to_send(self, link_id: str, *, at: dt.datetime) -> account_ports.MailedLink | None:
        """Return the link whose letter is due; None where it is over by now."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_TO_SEND, (link_id, at))
            row = await cursor.fetchone()
        if row is None:
            return None
        found, purpose, salt, language, subject, email = row
        return account_ports.MailedLink(found, purpose, salt, language, Sealed(subject, email))

    async def remove_old(self, *, limit: int) -> int:
        """Remove old links and challenges, at most `limit` of each; returns the larger number."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT greatest(identity.remove_old_links(%s), "
                "identity.remove_old_challenges(%s))",
                (limit, limit),
            )
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])
