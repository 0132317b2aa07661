"""Tell a client whether a token is valid: its own, or any with `tokens:introspect` (RFC 7662)."""

import msgspec

from application.identity import client_ports as ports
from application.identity.client_ports import ClientPorts
from application.identity.exchange_for_tokens import enabled_client
from application.identity.refresh_session import genuine_token
from domain.identity import sessions
from domain.identity.clients import Client
from domain.identity.scopes import Scope


class ValidToken(msgspec.Struct, frozen=True):
    """A token that is valid now: for which client, for whom, with which scopes (None: those of the
    role), until when in Unix seconds."""

    client: str | None
    subject: str
    scopes: frozenset[Scope] | None
    expires_at: int
    is_refresh_token: bool = False


async def introspect_token(request: ports.ClientRequest, outside: ClientPorts) -> ValidToken | None:
    """Return what the token gives; None where it gives nothing, or is not the client's to ask.

    Raises ClientRefused and Unavailable.
    """
    client = await enabled_client(outside.protocol.client_named(request), outside)
    presented = outside.protocol.token_presented(request, client, needs_secret=True)
    found = await _access_token(presented.token, outside)
    if found is None:
        found = await _refresh_token(presented.token, outside)
    return found if found is not None and _may_ask(presented.client, found) else None


async def _access_token(token: str, outside: ClientPorts) -> ValidToken | None:
    inspected = outside.inspector.inspect(token.encode())
    if inspected is None:
        return None
    principal = inspected.principal
    if await outside.sessions.ended.has_ended(principal.session):
        return None
    return ValidToken(principal.client, principal.user, principal.scopes, inspected.expires_at)


async def _refresh_token(token: str, outside: ClientPorts) -> ValidToken | None:
    found = await genuine_token(token, outside.sessions)
    if found is None:
        return None
    session = found.stored.session
    is_current = found.offered.generation == session.generation
    if not is_current or not sessions.is_live(session, now=outside.sessions.now()):
        return None
    return ValidToken(
        session.client,
        session.user,
        None if session.client is None else frozenset(session.scopes),
        int(session.refresh_expires_at.timestamp()),
        is_refresh_token=True,
    )


def _may_ask(client: Client, found: ValidToken) -> bool:
    return found.client == client.id or "tokens:introspect" in client.scopes
