"""Replace the secret of a client: the old one is refused at once."""

from application.identity.client_ports import ClientPorts
from domain.identity import clients, rejections


async def change_client_secret(client_id: str, outside: ClientPorts, *, by: str | None) -> str:
    """Return the new secret, which is shown this once.

    Raises ClientUnknown, InvalidClient for a native app, ClientDisabled, Unavailable. Tokens that
    the client has stay valid: `disable_client` ends those.
    """
    client = await outside.clients.find(client_id)
    if client is None:
        raise rejections.ClientUnknown
    if not clients.has_secret(client.kind):
        raise rejections.InvalidClient(field="clientId", reason="has_no_secret")
    secret = outside.secrets.new_secret()
    if not await outside.clients.change_secret(client_id, outside.secrets.digest(secret), by=by):
        raise rejections.ClientDisabled
    return secret
