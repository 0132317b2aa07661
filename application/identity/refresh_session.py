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


async def refresh_session(
    command: RefreshSession, outside: ports.SessionPorts
) -> ports.SessionTokens:
    """Return the next tokens of the session.

    Raises RefreshTokenForged for a text that we did not make or made for somebody else, which
    changes nothing; ScopeRefused where more is asked for than was given, before it is spent;
    RefreshRefused when the session is over; Unavailable. A token that was spent before ends the
    session.
    """
    offered = outside.secrets.read(command.token)
    if offered is None:
        raise rejections.RefreshTokenForged
    for _ in range(ATTEMPTS):
        stored = await outside.sessions.find(offered.session)
        if stored is None or not outside.secrets.is_genuine(offered, salt=stored.salt):
            raise rejections.RefreshTokenForged
        if stored.session.client != command.client:
            raise rejections.RefreshTokenForged
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
