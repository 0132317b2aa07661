"""The tokens of a session at its present generation."""

from application.identity.ports import Principal
from application.identity.session_ports import SessionPorts, SessionTokens, StoredSession
from domain.identity.scopes import Scope


def tokens_of(
    stored: StoredSession, outside: SessionPorts, *, scopes: tuple[Scope, ...] | None = None
) -> SessionTokens:
    """Return a fresh access token, and the refresh token of the session's generation.

    `scopes` are fewer than those of a third party's session, where it asks for fewer.
    """
    session = stored.session
    granted = session.scopes if scopes is None else scopes
    assert set(granted).issubset(session.scopes)
    principal = Principal(
        session.user,
        stored.role,
        session.id,
        second_factor=stored.second_factor,
        client=session.client,
        scopes=None if session.client is None else frozenset(granted),
    )
    access = outside.issuer.issue(principal, until=session.expires_at)
    return SessionTokens(
        session=session.id,
        access_token=access.access_token,
        expires_in=access.expires_in,
        refresh_token=outside.secrets.refresh_token(
            session.id, generation=session.generation, salt=stored.salt
        ),
        refresh_expires_in=int((session.refresh_expires_at - outside.now()).total_seconds()),
        scopes=granted,
    )
