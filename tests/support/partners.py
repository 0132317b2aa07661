"""Clients of third parties over the use cases, as their own servers would call us."""

import base64
import hashlib
import urllib.parse
from collections.abc import Awaitable, Mapping

import pytest

from application.identity.authorize_client import give_consent, requested_authorization
from application.identity.client_ports import ClientRefused, ClientRequest
from application.identity.exchange_for_tokens import ClientTokens, exchange_for_tokens
from application.identity.introspect_token import ValidToken, introspect_token
from application.identity.ports import Principal
from application.identity.register_client import (
    RegisterClient,
    RegisteredClient,
    register_client,
)
from application.identity.revoke_token import revoke_token
from tests.support import identity as identities
from tests.support.identity import ISSUER, Identity

EMAIL, PASSWORD = "noura@example.com", "correct horse battery"
CALLBACK = "https://partner.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
WEB = RegisterClient("Trip Planner", "web", ("bookings:read", "bookings:write"), (CALLBACK,))
NATIVE = RegisterClient("Pocket", "native", ("bookings:read",), ("http://127.0.0.1/cb",))
SERVICE = RegisterClient("Books", "service", ("ledger:read",), role="auditor")
RESOURCE = RegisterClient("Gateway", "service", ("tokens:introspect",), role="auditor")


class Partner:
    """A registered client, as its own server would call us."""

    def __init__(self, identity: Identity, registered: RegisteredClient) -> None:
        self.identity = identity
        self.ports = identity.clients
        self.client, self.secret = registered.client, registered.secret

    def request(self, form: Mapping[str, str]) -> ClientRequest:
        """A form with what proves the client."""
        members = {**form, "client_id": self.client.id}
        if self.secret is not None:
            members["client_secret"] = self.secret
        return ClientRequest(members, None, identities.HOME)

    async def code(self, user: Principal, scope: str = "bookings:read") -> str:
        """The code that the user's consent gives."""
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect_uris[0],
            "scope": scope,
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        authorization = await requested_authorization(asked, self.ports)
        address = await give_consent(authorization, user, self.ports)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        assert (query["state"], query["iss"]) == ("s", ISSUER)
        return query["code"]

    async def exchange(self, code: str, **changes: str) -> ClientTokens:
        """The tokens of a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uris[0],
            "code_verifier": VERIFIER,
            **changes,
        }
        return await exchange_for_tokens(self.request(form), self.ports)

    async def refresh(self, token: str, **more: str) -> ClientTokens:
        """The next tokens."""
        form = {"grant_type": "refresh_token", "refresh_token": token, **more}
        return await exchange_for_tokens(self.request(form), self.ports)

    async def introspect(self, token: str) -> ValidToken | None:
        """What the token gives, as far as this client may know."""
        return await introspect_token(self.request({"token": token}), self.ports)

    async def revoke(self, token: str) -> None:
        """Give a token back."""
        await revoke_token(self.request({"token": token}), self.ports)


async def partner(identity: Identity, command: RegisterClient = WEB) -> Partner:
    """A client that is registered now."""
    return Partner(identity, await register_client(command, identity.clients))


async def user_of(identity: Identity) -> Principal:
    """A signed-in user."""
    signed_in = await identity.signed_in(EMAIL, PASSWORD)
    return identity.tokens.verify(signed_in.tokens.access_token.encode())


async def is_over(identity: Identity, tokens: ClientTokens) -> bool:
    """Whether the session of the tokens has ended."""
    holder = identity.tokens.verify(tokens.access_token.encode())
    return await identity.ended.has_ended(holder.session)


async def refused(call: Awaitable[object], error: str) -> None:
    """Require that the client is refused with this word."""
    with pytest.raises(ClientRefused) as refusal:
        await call
    assert refusal.value.error == error
