"""Routes of clients of third parties for admins, and of consents for users."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from application.identity.change_client_secret import change_client_secret
from application.identity.disable_client import disable_client
from application.identity.register_client import RegisterClient, register_client
from application.identity.revoke_consent import revoke_consent
from domain.identity.clients import Client, Grant, Kind, ServiceRole
from domain.identity.scopes import Scope
from interfaces.http import auth
from interfaces.http.sign_in import SessionsEndedResponse
from interfaces.http.strict_request import StrictRequest

NameText = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$(?!\n)")]
UriText = Annotated[str, msgspec.Meta(max_length=512, pattern=r"^[\x21-\x7e]+$(?!\n)")]


class ClientRegistrationRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A client to register: `web` keeps a secret on its server, `native` runs on the user's device
    and keeps none, `service` acts for itself with a role and no user.

    Browsers are sent to exactly these addresses: https, or for `native` also http on 127.0.0.1 or
    [::1], where any port will do.
    """

    name: NameText
    kind: Kind
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=20)]
    redirect_uris: Annotated[list[UriText], msgspec.Meta(max_length=10)] = []
    role: ServiceRole | None = None


class ClientResponse(msgspec.Struct, rename="camel"):
    """A registered client. `grants` are the ways in which it gets tokens."""

    id: str
    name: str
    kind: Kind
    redirect_uris: list[str]
    grants: list[Grant]
    scopes: list[Scope]
    role: ServiceRole | None
    created_at: dt.datetime
    disabled_at: dt.datetime | None


class RegisteredClientResponse(msgspec.Struct, rename="camel"):
    """A new client, and its secret, which nobody is shown again; null for `native`."""

    client: ClientResponse
    client_secret: str | None


class ClientSecretResponse(msgspec.Struct, rename="camel"):
    """The new secret, which nobody is shown again; the old one is refused from now on."""

    client_secret: str


class ClientsResponse(msgspec.Struct, rename="camel"):
    """At most a thousand, the newest first."""

    clients: list[ClientResponse]


class ClientConsentResponse(msgspec.Struct, rename="camel"):
    """What the caller lets a client do."""

    client_id: str
    client_name: str
    scopes: list[Scope]
    given_at: dt.datetime


class ClientConsentsResponse(msgspec.Struct, rename="camel"):
    """At most a hundred, the newest first."""

    consents: list[ClientConsentResponse]


@post(
    "/api/admin/clients",
    operation_id="registerClient",
    status_code=201,
    **auth.signed_in("manage_clients"),
)
async def register(
    request: StrictRequest, data: JSONBody[ClientRegistrationRequest]
) -> RegisteredClientResponse:
    """Register a client of a third party."""
    command = RegisterClient(
        name=data.name,
        kind=data.kind,
        scopes=tuple(data.scopes),
        redirect_uris=tuple(data.redirect_uris),
        role=data.role,
        by=request.principal.user,
    )
    registered = await register_client(command, request.ports.clients)
    return RegisteredClientResponse(_answered(registered.client), registered.secret)


@get("/api/admin/clients", operation_id="listClients", **auth.signed_in("manage_clients"))
async def clients(request: StrictRequest) -> ClientsResponse:
    """All clients, disabled ones too."""
    found = await request.ports.clients.clients.all()
    return ClientsResponse([_answered(each) for each in found])


@post(
    "/api/admin/clients/{client_id:str}/secret",
    operation_id="changeClientSecret",
    status_code=200,
    **auth.signed_in("manage_clients"),
)
async def change_secret(request: StrictRequest, client_id: FromPath[str]) -> ClientSecretResponse:
    """Replace the secret of a client."""
    by = request.principal.user
    return ClientSecretResponse(await change_client_secret(client_id, request.ports.clients, by=by))


@post(
    "/api/admin/clients/{client_id:str}/disable",
    operation_id="disableClient",
    status_code=200,
    **auth.signed_in("manage_clients"),
)
async def disable(request: StrictRequest, client_id: FromPath[str]) -> SessionsEndedResponse:
    """Disable a client for good: all its tokens end at once."""
    by = request.principal.user
    return SessionsEndedResponse(await disable_client(client_id, request.ports.clients, by=by))


@get("/api/auth/consents", operation_id="listClientConsents", **auth.signed_in(None))
async def consents(request: StrictRequest) -> ClientConsentsResponse:
    """What the caller lets clients of third parties do."""
    found = await request.ports.clients.authorizations.consents_of(request.principal.user)
    return ClientConsentsResponse(
        [
            ClientConsentResponse(each.client, each.client_name, list(each.scopes), each.given_at)
            for each in found
        ]
    )


@delete(
    "/api/auth/consents/{client_id:str}",
    operation_id="revokeClientConsent",
    status_code=200,
    **auth.signed_in(None),
)
async def revoke(request: StrictRequest, client_id: FromPath[str]) -> SessionsEndedResponse:
    """Take a consent back: the client's tokens for the caller end at once."""
    return SessionsEndedResponse(
        await revoke_consent(request.principal.user, client_id, request.ports.clients)
    )


def _answered(client: Client) -> ClientResponse:
    return ClientResponse(
        id=client.id,
        name=client.name,
        kind=client.kind,
        redirect_uris=list(client.redirect_uris),
        grants=list(client.grants),
        scopes=list(client.scopes),
        role=client.role,
        created_at=client.created_at,
        disabled_at=client.disabled_at,
    )


ROUTES = (register, clients, change_secret, disable, consents, revoke)
