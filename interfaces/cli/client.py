"""`ais client`: software of third parties that may call the API."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from cyclopts import App, Parameter

from application.identity.change_client_secret import change_client_secret
from application.identity.client_ports import ClientPorts
from application.identity.disable_client import disable_client
from application.identity.register_client import RegisterClient, register_client
from application.ports import Unavailable
from domain.identity.clients import NAME_LENGTH, Client, Kind, ServiceRole
from domain.identity.scopes import Scope
from domain.kernel.rejections import Rejection
from interfaces import composition, identity_composition
from interfaces.cli import running
from interfaces.web import report

client = App(name="client", help="Register clients of third parties, or disable them.")

Scopes = Annotated[list[Scope], Parameter(name="--scope", negative="")]
Uris = Annotated[list[str] | None, Parameter(name="--redirect-uri", negative="")]
AsRole = Annotated[ServiceRole | None, Parameter(name="--role")]


@client.command(name="register")
def register(
    name: str, kind: Kind, /, *, scopes: Scopes, uris: Uris = None, role: AsRole = None
) -> int:
    """Register a client; its secret is shown this once. Exit codes: 0 done, 1 refused, 2 a wrong
    call or setting.

    Parameters
    ----------
    name
        What users read when they are asked for their consent.
    kind
        `web` keeps a secret on its server, `native` runs on the user's device, `service` acts for
        itself.
    scopes
        What the client may ask for; repeat it for several.
    uris
        Where browsers are sent with a code; repeat it for several. None for a service.
    role
        What a service may do at most.
    """
    if not 0 < len(name) <= NAME_LENGTH:
        print(f"ais client register: a name has 1 to {NAME_LENGTH} characters", file=sys.stderr)
        return running.USAGE_EXIT
    command = RegisterClient(name, kind, tuple(scopes), tuple(uris or ()), role)

    async def registered(ports: ClientPorts) -> dict[str, Any]:
        found = await register_client(command, ports)
        return {**_shown(found.client), "secret": found.secret}

    return _done("register", registered)


@client.command(name="list")
def listed() -> int:
    """List all clients, disabled ones too. Exit codes: 0 done, 1 refused, 2 a wrong setting."""

    async def found(ports: ClientPorts) -> dict[str, Any]:
        return {"clients": [_shown(each) for each in await ports.clients.all()]}

    return _done("list", found)


@client.command(name="secret")
def secret(client_id: str, /) -> int:
    """Replace the secret of a client; the old one is refused at once.

    Exit codes: 0 done, 1 refused, 2 a wrong call or setting.
    """

    async def changed(ports: ClientPorts) -> dict[str, Any]:
        fresh = await change_client_secret(client_id, ports, by=None)
        return {"id": client_id, "secret": fresh}

    return _done("secret", changed)


@client.command(name="disable")
def disable(client_id: str, /) -> int:
    """Disable a client for good; all its tokens end at once. Exit codes: 0 done, 1 refused, 2 a
    wrong call or setting."""

    async def disabled(ports: ClientPorts) -> dict[str, Any]:
        return {"id": client_id, "ended": await disable_client(client_id, ports, by=None)}

    return _done("disable", disabled)


def _shown(found: Client) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "kind": found.kind,
        "scopes": list(found.scopes),
        "redirectUris": list(found.redirect_uris),
        "role": found.role,
        "disabled": found.disabled_at is not None,
    }


def _done(verb: str, use_case: Callable[[ClientPorts], Awaitable[dict[str, Any]]]) -> int:
    settings = running.configured()

    async def run() -> dict[str, Any]:
        async with (
            composition.open_core(settings, report=report) as core,
            identity_composition.open_identity(core) as identity,
        ):
            return await use_case(identity.clients)

    try:
        print(json.dumps(asyncio.run(run()), indent=2, ensure_ascii=False))
    except (Rejection, Unavailable) as error:
        details = getattr(error, "parameters", {})
        shown = " ".join(f"{name}={value}" for name, value in details.items())
        print(f"ais client {verb}: {type(error).__name__} {shown}".rstrip(), file=sys.stderr)
        return 1
    return 0
