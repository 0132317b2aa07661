"""End the session of a token that a client gives back (RFC 7009)."""

from application.identity import client_ports as ports
from application.identity.client_ports import ClientPorts, ClientRefused
from application.identity.end_sessions import end_sessions
from application.identity.exchange_for_tokens import enabled_client
from application.identity.refresh_session import genuine_token


async def revoke_token(request: ports.ClientRequest, outside: ClientPorts) -> None:
    """End the session of the token, whichever of its tokens it is; a token that is not the client's
    changes nothing, and the answer is the same.

    Raises ClientRefused, also for a token of a service, which has no session; Unavailable.
    """
    client = await enabled_client(outside.protocol.client_named(request), outside)
    presented = outside.protocol.token_presented(request, client, needs_secret=False)
    inspected = outside.inspector.inspect(presented.token.encode())
    if inspected is not None:
        principal = inspected.principal
        if principal.client != presented.client.id:
            return
        if principal.session == principal.client:
            raise ClientRefused(
                "unsupported_token_type",
                "an access token of a service is not revoked: it expires soon",
            )
        await end_sessions(principal.user, "revoked", outside.sessions, only=principal.session)
        return
    found = await genuine_token(presented.token, outside.sessions)
    if found is not None and found.stored.session.client == presented.client.id:
        session = found.stored.session
        await end_sessions(session.user, "revoked", outside.sessions, only=session.id)
