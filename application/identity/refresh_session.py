"""Exchange a refresh token for new tokens: once, or within the grace the same again (D4)."""

import msgspec

from application.identity import session_ports as ports
from application.identity.issue_tokens import tokens_of
from application.ports import Unavailable
from domain.identity import rejections, sessions
from domain.identity.scopes import Scope

# After a lost race the stored session is another one, and it is judged again.
ATTEMPTS = 3


class RefreshSession(msgspec.Struct, frozen=True):
    """A refresh token as it was sent, and from which network address.

    `client` is the third party that sent it and has proved who it is, `scopes` what it asks for.
    """

    token: str
    address: str
    client: str | None = None
    scopes: tuple[Scope, ...] | None = None


class GenuineToken(msgspec.Struct, frozen=True):
    """A refresh token that we made, current or spent, and its session, which may be over."""

    offered: ports.OfferedToken
    stored: ports.StoredSession


async def genuine_token(token: str, outside: ports.SessionPorts) -> GenuineToken | None:
    """Return what the text is as a refresh token; None where we did not make it.

    Raises Unavailable.
    """
    offered = outside.secrets.read(token)
    stored = None if offered is None else await outside.sessions.find(offered.session)
    if offered is None or stored is None:
        return None
    is_genuine = outside.secrets.is_genuine(offered, salt=stored.salt)
    return GenuineToken(offered, stored) if is_genuine else None


async def refresh_session(
    command: RefreshSession, outside: ports.SessionPorts
) -> ports.SessionTokens:
    """Return the next tokens of the session.

    Raises RefreshTokenForged for a text that we did not make or made for somebody else, which
    changes nothing; ScopeRefused where more is asked for than was given, before it is spent;
    RefreshRefused when the session is over; Unavailable. A token that was spent before ends the
    session.
    """
    for _ in range(ATTEMPTS):
        found = await genuine_token(command.token, outside)
        if found is None or found.stored.session.client != command.client:
            raise rejections.RefreshTokenForged
        offered, stored = found.offered, found.stored
        if not set(command.scopes or ()).issubset(stored.session.scopes):
            raise rejections.ScopeRefused
        now = outside.now()
        match sessions.refresh_outcome(stored.session, generation=offered.generation, now=now):
            case "rotate":
                rotated = await outside.sessions.rotate(
                    offered.session, generation=offered.generation, at=now
                )
                if rotated is not None:
                    return tokens_of(rotated, outside, scopes=command.scopes)
            case "repeat":
                return tokens_of(stored, outside, scopes=command.scopes)
            case "reuse":
                source = outside.places.of_address(command.address).index
                outside.ended.note(await outside.sessions.end_reused(stored.session, source=source))
                raise rejections.RefreshRefused
            case "refuse":
                raise rejections.RefreshRefused
    raise Unavailable("the session: it changed while it was refreshed")
