"""Consents and authorization codes in Postgres. A code is used, and its session opened, by one
statement: of many at once with one code, one opens a session."""

from collections.abc import Sequence
from typing import Any

from application.identity import client_ports as ports
from application.identity.session_ports import NewSession, StoredSession
from domain.identity.scopes import NAMES, Scope
from infrastructure.postgres import pool as pools
from infrastructure.postgres.pool import raising_unavailable

LISTED = 100
# What was consented to before and not revoked stays part of the consent: the client may still hold
# tokens for it.
# FOR SHARE: who disables the client, changes the user or ends the session comes before or after
# this. Each lock needs the one before it, so they are taken in one order: client, user, session.
GRANT = """
WITH client AS (
    SELECT id FROM identity.client WHERE id = %(client)s AND disabled_at IS NULL FOR SHARE
), owner AS (
    SELECT u.id FROM identity.app_user AS u, client WHERE u.id = %(user)s FOR SHARE OF u
), browser AS (
    SELECT s.id FROM identity.session AS s, owner
    WHERE s.id = %(granted_in)s AND s.user_id = owner.id AND s.client_id IS NULL
        AND s.ended_at IS NULL FOR SHARE OF s
), consented AS (
    INSERT INTO identity.consent AS c (user_id, client_id, scopes, given_at)
    SELECT %(user)s, client.id, %(scopes)s, %(at)s FROM client, browser
    ON CONFLICT (user_id, client_id) DO UPDATE
    SET scopes = CASE WHEN c.revoked_at IS NULL
            THEN ARRAY(SELECT unnest(c.scopes) UNION SELECT unnest(excluded.scopes))
            ELSE excluded.scopes END,
        given_at = excluded.given_at, revoked_at = NULL
    RETURNING client_id
), recorded AS (
    INSERT INTO identity.auth_event (happened, user_id, at, session, client, reason)
    SELECT 'consent_given', %(user)s, %(at)s, %(granted_in)s, client_id,
        array_to_string(%(scopes)s::text[], ' ') FROM consented
)
INSERT INTO identity.authorization_code (digest, client_id, user_id, granted_in, redirect_uri,
    scopes, challenge, created_at, expires_at)
SELECT %(digest)s, client_id, %(user)s, %(granted_in)s, %(redirect_uri)s,
    %(scopes)s, %(challenge)s, %(at)s, %(expires_at)s FROM consented
"""
SELECT_CODE = (
    "SELECT digest, client_id, user_id, redirect_uri, scopes, challenge, expires_at, session "
    "FROM identity.authorization_code WHERE digest = %s"
)
REDEEM = """
WITH client AS (
    SELECT id FROM identity.client WHERE id = %(client)s AND disabled_at IS NULL FOR SHARE
), owner AS (
    SELECT u.id, u.role FROM identity.app_user AS u, client WHERE u.id = %(user)s FOR SHARE OF u
), browser AS (
    SELECT s.id, s.second_factor FROM owner, identity.session AS s
    JOIN identity.authorization_code AS c ON c.digest = %(digest)s AND s.id = c.granted_in
    WHERE s.user_id = owner.id AND s.ended_at IS NULL FOR SHARE OF s
), consented AS (
    SELECT k.client_id FROM identity.consent AS k, browser
    WHERE k.user_id = %(user)s AND k.client_id = %(client)s AND k.revoked_at IS NULL
    FOR SHARE OF k
), code AS (
    UPDATE identity.authorization_code AS c SET used_at = %(at)s, session = %(id)s
    FROM client, owner, browser, consented
    WHERE c.digest = %(digest)s AND c.client_id = client.id AND c.user_id = owner.id
        AND c.used_at IS NULL AND c.voided_at IS NULL AND %(at)s < c.expires_at
    RETURNING c.user_id, c.client_id, c.scopes
), opened AS (
    INSERT INTO identity.session (id, user_id, kind, source, salt, created_at, last_used_at,
        expires_at, refresh_expires_at, client_id, scopes, second_factor)
    SELECT %(id)s, user_id, 'third_party', %(source)s, %(salt)s, %(at)s, %(at)s,
        %(expires_at)s, %(refresh_expires_at)s, client_id, scopes, browser.second_factor
    FROM code, browser
    RETURNING id, second_factor
)
SELECT owner.role, opened.second_factor FROM owner, opened
"""
END_ONE = (
    "UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'reuse' "
    "WHERE id = %s AND ended_at IS NULL RETURNING id"
)
INSERT_REUSE = (
    "INSERT INTO identity.auth_event (happened, user_id, at, source, session, client) "
    "VALUES ('code_reused', %s, clock_timestamp(), %s, %s, %s)"
)
SELECT_CONSENTS = (
    "SELECT c.client_id, k.name, c.scopes, c.given_at FROM identity.consent AS c "  # noqa: S608
    "JOIN identity.client AS k ON k.id = c.client_id "
    "WHERE c.user_id = %s AND c.revoked_at IS NULL AND k.disabled_at IS NULL "
    f"ORDER BY c.given_at DESC, c.client_id LIMIT {LISTED}"
)
LOCK_USER = "SELECT FROM identity.app_user WHERE id = %s FOR NO KEY UPDATE"
# The trigger ends the sessions.
REVOKE = """
WITH revoked AS (
    UPDATE identity.consent SET revoked_at = clock_timestamp()
    WHERE user_id = %(user)s AND client_id = %(client)s AND revoked_at IS NULL RETURNING client_id
)
INSERT INTO identity.auth_event (happened, user_id, at, client)
SELECT 'consent_revoked', %(user)s, clock_timestamp(), client_id FROM revoked
"""
SELECT_LIVE = (
    "SELECT id FROM identity.session WHERE client_id = %s AND user_id = %s AND ended_at IS NULL"
)


class PostgresAuthorizations:
    """`application.identity.client_ports.Authorizations`."""

    def __init__(self, pool: pools.Pool) -> None:
        self._pool = pool

    async def grant(self, code: ports.NewCode) -> bool:
        """Record the consent and the code."""
        values = {
            "digest": code.digest,
            "client": code.client,
            "user": code.user,
            "granted_in": code.granted_in,
            "redirect_uri": code.redirect_uri,
            "scopes": list(code.scopes),
            "challenge": code.challenge,
            "at": code.created_at,
            "expires_at": code.expires_at,
        }
        async with raising_unavailable(), self._pool.connection() as connection:
            return (await connection.execute(GRANT.encode(), values)).rowcount == 1

    async def find_code(self, digest: bytes) -> ports.StoredCode | None:
        """Return the code with this hash."""
        row = await self._one(SELECT_CODE, (digest,))
        if row is None:
            return None
        stored, client, user, redirect_uri, scopes, challenge, expires_at, session = row
        return ports.StoredCode(
            stored, client, user, redirect_uri, tuple(scopes), challenge, expires_at, session
        )

    async def redeem(self, digest: bytes, new: NewSession) -> StoredSession | None:
        """Use the code and return the session that it opened."""
        session = new.session
        row = await self._one(
            REDEEM,
            {
                "digest": digest,
                "client": session.client,
                "user": session.user,
                "id": session.id,
                "source": new.source,
                "salt": new.salt,
                "at": session.created_at,
                "expires_at": session.expires_at,
                "refresh_expires_at": session.refresh_expires_at,
            },
        )
        if row is None:
            return None
        return StoredSession(session, row[0], new.salt, None, second_factor=row[1])

    async def end_reused(self, code: ports.StoredCode, *, source: bytes) -> Sequence[str]:
        """End the session that the code opened, and record that it was presented again."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK_USER, (code.user,))
            cursor = await connection.execute(END_ONE, (code.session,))
            ended = [row[0] for row in await cursor.fetchall()]
            if ended:
                await connection.execute(
                    INSERT_REUSE, (code.user, source, code.session, code.client)
                )
            return ended

    async def consents_of(self, user: str) -> Sequence[ports.ClientConsent]:
        """Return what the user lets clients do."""
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(SELECT_CONSENTS.encode(), (user,))
            return [
                ports.ClientConsent(client, name, _in_order(scopes), given_at)
                for client, name, scopes, given_at in await cursor.fetchall()
            ]

    async def revoke_consent(self, user: str, client: str) -> Sequence[str] | None:
        """Revoke a consent and end its sessions; None without a consent."""
        async with (
            raising_unavailable(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK_USER, (user,))
            # No code opens a session in between: that needs the user's row, too.
            cursor = await connection.execute(SELECT_LIVE, (client, user))
            live = [row[0] for row in await cursor.fetchall()]
            values = {"user": user, "client": client}
            if (await connection.execute(REVOKE.encode(), values)).rowcount != 1:
                return None
            return live

    async def _one(self, query: str, values: Any) -> tuple[Any, ...] | None:
        async with raising_unavailable(), self._pool.connection() as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchone()


def _in_order(known: Sequence[Scope]) -> tuple[Scope, ...]:
    return tuple(each for each in NAMES if each in known)
