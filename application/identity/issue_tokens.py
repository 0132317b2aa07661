"""The tokens of a session at its present generation."""

from application.identity.ports import Principal
from application.identity.session_ports import SessionPorts, SessionTokens, StoredSession


def tokens_of(stored: StoredSession, outside: SessionPorts) -> SessionTokens:
    """Return a fresh access token, and the refresh token of the session's generation."""
    session = stored.session
    access = outside.issuer.issue(
        Principal(session.user, stored.role, session.id, second_factor=stored.second_factor),
        until=session.expires_at,
    )
    return SessionTokens(
        session=session.id,
        access_token=access.access_token,
        expires_in=access.expires_in,
        refresh_token=outside.secrets.refresh_token(
            session.id, generation=session.generation, salt=stored.salt
        ),
        refresh_expires_in=int((session.refresh_expires_at - outside.now()).total_seconds()),
    )
