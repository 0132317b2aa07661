"""Give a client tokens for a code, for a refresh token, or for itself (RFC 6749, 4.1, 4.4, 6)."""

import msgspec

from application.identity import client_ports as ports
from application.identity.client_ports import ClientPorts, ClientRefused
from application.identity.issue_tokens import tokens_of
from application.identity.ports import Principal
from application.identity.refresh_session import RefreshSession, refresh_session
from application.identity.session_ports import (
    SALT_BYTES,
    NewSession,
    SessionTokens,
)
from domain.identity import rejections, sessions
from domain.identity.clients import Client
from domain.identity.scopes import Scope


class ClientTokens(msgspec.Struct, frozen=True):
    """What a client gets; a service gets no refresh token."""

    access_token: str
    expires_in: int
    scopes: tuple[Scope, ...]
    refresh_token: str | None = None


async def exchange_for_tokens(request: ports.ClientRequest, outside: ClientPorts) -> ClientTokens:
    """Return the tokens; raises ClientRefused and Unavailable.

    A code that was used before ends the session that it opened, when the client that it was made
    for presents it.
    """
    client = await enabled_client(outside.protocol.client_named(request), outside)
    text = request.form.get("code")
    code = None
    if text is not None:
        code = await outside.authorizations.find_code(outside.secrets.digest(text))
    match outside.protocol.presented(request, client, code):
        case ports.CodePresented() as presented:
            return await _redeemed(presented, request.address, outside)
        case ports.RefreshPresented() as presented:
            return await _refreshed(presented, request.address, outside)
        case ports.CredentialsPresented() as presented:
            return _of_service(presented, outside)


async def enabled_client(client_id: str, outside: ClientPorts) -> Client | None:
    """Return the client with this id; None where it is unknown or disabled."""
    client = await outside.clients.find(client_id)
    return None if client is None or client.disabled_at is not None else client


async def _redeemed(
    presented: ports.CodePresented, address: str, outside: ClientPorts
) -> ClientTokens:
    code, own = presented.code, outside.sessions
    source = own.places.of_address(address).index
    if code.session is not None:
        own.ended.note(await outside.authorizations.end_reused(code, source=source))
        raise _invalid_code()
    new = NewSession(
        session=sessions.opened(
            own.new_session_id(),
            code.user,
            "third_party",
            at=own.now(),
            client=code.client,
            scopes=code.scopes,
        ),
        salt=own.random_bytes(SALT_BYTES),
        device=None,
        source=source,
    )
    opened = await outside.authorizations.redeem(code.digest, new)
    if opened is None:
        # Of several at once with one code, one was first: the others end what it opened.
        used = await outside.authorizations.find_code(code.digest)
        if used is not None and used.session is not None:
            own.ended.note(await outside.authorizations.end_reused(used, source=source))
        raise _invalid_code()
    return _client_tokens(tokens_of(opened, own))


async def _refreshed(
    presented: ports.RefreshPresented, address: str, outside: ClientPorts
) -> ClientTokens:
    command = RefreshSession(presented.token, address, presented.client.id, presented.scopes)
    try:
        tokens = await refresh_session(command, outside.sessions)
    except rejections.ScopeRefused:
        raise ClientRefused("invalid_scope", "the scope is wider than the consent") from None
    except rejections.RefreshRefused:
        raise ClientRefused("invalid_grant", "the refresh token is not valid any more") from None
    return _client_tokens(tokens)


def _of_service(presented: ports.CredentialsPresented, outside: ClientPorts) -> ClientTokens:
    client = presented.client
    assert client.role is not None
    principal = Principal(
        client.id,
        client.role,
        client.id,
        client=client.id,
        scopes=frozenset(presented.scopes),
    )
    issued = outside.sessions.issuer.issue(principal)
    return ClientTokens(issued.access_token, issued.expires_in, presented.scopes)


def _client_tokens(tokens: SessionTokens) -> ClientTokens:
    return ClientTokens(tokens.access_token, tokens.expires_in, tokens.scopes, tokens.refresh_token)


def _invalid_code() -> ClientRefused:
    return ClientRefused("invalid_grant", "the code is not valid, or was used before")
