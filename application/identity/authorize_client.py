"""Ask a signed-in user whether a client may act for them, and give the client a code."""

from collections.abc import Mapping

from application.identity.client_ports import (
    Authorization,
    ClientPorts,
    ClientRefused,
    NewCode,
)
from application.identity.exchange_for_tokens import enabled_client
from application.identity.ports import Principal
from domain.identity import clients, rejections
from domain.identity.clients import CODE_LIFE


async def requested_authorization(asked: Mapping[str, str], outside: ClientPorts) -> Authorization:
    """Return what the client asks for; raises ClientRefused and Unavailable."""
    client_id = asked.get("client_id")
    client = None if client_id is None else await enabled_client(client_id, outside)
    return outside.protocol.authorization(asked, client)


def require_consenting(user: Principal) -> None:
    """Raises NotAllowed for staff: a client would see what they see of all travellers."""
    if user.client is not None or not clients.may_consent(user.role):
        raise rejections.NotAllowed


async def give_consent(authorization: Authorization, user: Principal, outside: ClientPorts) -> str:
    """Record the consent and return the address that takes the code to the client.

    Raises NotAllowed; ClientRefused where the client was disabled or the user signed out meanwhile;
    Unavailable.
    """
    require_consenting(user)
    code, now = outside.secrets.new_code(), outside.sessions.now()
    granted = await outside.authorizations.grant(
        NewCode(
            digest=outside.secrets.digest(code),
            client=authorization.client.id,
            user=user.user,
            granted_in=user.session,
            redirect_uri=authorization.redirect_uri,
            scopes=authorization.scopes,
            challenge=authorization.challenge,
            created_at=now,
            expires_at=now + CODE_LIFE,
        )
    )
    if not granted:
        raise ClientRefused("invalid_client", "the client is disabled, or the session is over")
    return outside.protocol.addressed(
        authorization.redirect_uri, {"code": code}, state=authorization.state
    )


def refuse_consent(authorization: Authorization, outside: ClientPorts) -> str:
    """Return the address that tells the client that the user refused."""
    return outside.protocol.addressed(
        authorization.redirect_uri, {"error": "access_denied"}, state=authorization.state
    )
