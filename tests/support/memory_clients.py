"""Clients of third parties in memory, for the edge alone."""

import itertools
from collections.abc import Sequence
from typing import Any

from application.identity import client_ports as ports
from application.identity.ports import TokenInspector
from application.identity.session_ports import SessionPorts
from domain.identity.clients import Client
from infrastructure.identity.client_secrets import KeyedClientSecrets
from infrastructure.oauth.protocol import AuthlibProtocol
from infrastructure.sealing import master_key

ISSUER = "https://airline.example"


class MemoryClients:
    """`application.identity.client_ports.Clients`, as far as the edge alone needs it."""

    def __init__(self) -> None:
        self.stored: dict[str, Client] = {}

    async def add(self, client: Client, *, by: str | None) -> None:
        """As the port says."""
        assert by is not None
        self.stored[client.id] = client

    async def find(self, client_id: str) -> Client | None:
        """As the port says."""
        return self.stored.get(client_id)

    async def all(self) -> Sequence[Client]:
        """As the port says."""
        return list(self.stored.values())


class MemoryAuthorizations:
    """`application.identity.client_ports.Authorizations`, likewise; `granted` are the codes."""

    def __init__(self) -> None:
        self.granted: list[ports.NewCode] = []

    async def grant(self, code: ports.NewCode) -> bool:
        """As the port says."""
        self.granted.append(code)
        return True

    async def consents_of(self, user: str) -> Sequence[ports.ClientConsent]:
        """Nobody asks about one that was given."""
        assert user
        return []

    async def revoke_consent(self, user: str, client: str) -> None:
        """None was given."""
        assert user
        assert client

    async def find_code(self, digest: bytes) -> ports.StoredCode | None:
        """No code was used yet, and none is ever found."""
        assert digest


def client_ports(sessions: SessionPorts, inspector: TokenInspector) -> ports.ClientPorts:
    """Ports of clients in memory."""
    secrets = KeyedClientSecrets(master_key.parse(master_key.generated()))
    numbers = itertools.count(1)
    clients: Any = MemoryClients()
    authorizations: Any = MemoryAuthorizations()
    return ports.ClientPorts(
        clients=clients,
        authorizations=authorizations,
        secrets=secrets,
        protocol=AuthlibProtocol(issuer=ISSUER, digest=secrets.digest),
        inspector=inspector,
        sessions=sessions,
        new_client_id=lambda: f"client_{next(numbers):024x}",
        issuer=ISSUER,
        airline_name="Rimal Air",
    )
