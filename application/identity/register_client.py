"""Register a client of a third party, as an admin or the operator."""

import msgspec

from application.identity.client_ports import ClientPorts
from domain.identity import clients
from domain.identity.clients import Client, Kind, ServiceRole
from domain.identity.scopes import Scope


class RegisterClient(msgspec.Struct, frozen=True):
    """What an admin knows of a client; `by` is the admin's user id."""

    name: str
    kind: Kind
    scopes: tuple[Scope, ...]
    redirect_uris: tuple[str, ...] = ()
    role: ServiceRole | None = None
    by: str | None = None


class RegisteredClient(msgspec.Struct, frozen=True):
    """The client, and its secret: shown this once, None for a native app."""

    client: Client
    secret: str | None


async def register_client(command: RegisterClient, outside: ClientPorts) -> RegisteredClient:
    """Record the client; raises InvalidClient and Unavailable."""
    secret = outside.secrets.new_secret() if clients.has_secret(command.kind) else None
    client = Client(
        id=outside.new_client_id(),
        name=command.name,
        kind=command.kind,
        redirect_uris=tuple(dict.fromkeys(command.redirect_uris)),
        scopes=tuple(dict.fromkeys(command.scopes)),
        role=command.role,
        secret_hash=None if secret is None else outside.secrets.digest(secret),
        created_at=outside.sessions.now(),
    )
    clients.require_valid(client)
    await outside.clients.add(client, by=command.by)
    return RegisteredClient(client, secret)
