"""The grants that we offer, as Authlib checks them: code with PKCE, refresh token, service.

Authlib is asked whether a request is sound, over what was read before: it reads and writes nothing,
and makes no token. There is no implicit and no password grant, and no other challenge than S256.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge

from application.identity.client_ports import StoredCode
from domain.identity import clients, scopes
from domain.identity.clients import Client

WITH_SECRET = ("client_secret_basic", "client_secret_post")
AUTHENTICATION = (*WITH_SECRET, "none")
# Whether TLS is used is a matter of AIS_PUBLIC_URL and the proxy; here it would be a guess.
_ADDRESS = "https://authorization.invalid/"
_is_challenge = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch


class KnownClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A registered client as Authlib asks about it."""

    def __init__(self, client: Client, digest: Callable[[str], bytes]) -> None:
        self.client = client
        self._digest = digest

    def get_client_id(self) -> str:
        """Return its id."""
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        """Every request names its address."""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether the browser may be sent there."""
        return clients.is_redirect_uri_of(self.client, redirect_uri)

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return what is asked for; None where that is nothing, unknown or too much."""
        asked = scopes.parsed(scope or "")
        if asked is None or not set(asked).issubset(self.client.scopes):
            return None
        return scopes.text_of(asked)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether this is the secret; the comparison takes the same time for each."""
        stored = self.client.secret_hash
        return stored is not None and hmac.compare_digest(self._digest(client_secret), stored)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """A client with a secret must prove that it has it."""
        return method in (WITH_SECRET if clients.has_secret(self.client.kind) else ("none",))

    def check_response_type(self, response_type: str) -> bool:
        """Services ask no user."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client gets tokens in this way."""
        return grant_type in self.client.grants


class Presented(OAuth2Request):  # type: ignore[misc]  # see above
    """A request as Authlib reads it."""

    def __init__(
        self, method: str, members: Mapping[str, str], authorization: str | None = None
    ) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        super().__init__(method, _ADDRESS, headers=headers)
        self.payload = BasicOAuth2Payload(dict(members))

    @property
    def args(self) -> Mapping[str, str]:
        """The members."""
        members: Mapping[str, str] = self.payload.data
        return members

    @property
    def form(self) -> Mapping[str, str]:
        """The members."""
        return self.args


class PresentedCode(NamedTuple):
    """A code as Authlib asks about it."""

    stored: StoredCode
    code_challenge: str
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Return the address that the code was sent to."""
        return self.stored.redirect_uri

    def get_scope(self) -> str:
        """Return what the user consented to."""
        return scopes.text_of(self.stored.scopes)


class PresentedToken(NamedTuple):
    """A refresh token whose session is read later."""

    text: str

    def check_client(self, _client: KnownClient) -> bool:
        """It is compared with the session, when that is read."""
        return True


class S256Challenge(CodeChallenge):  # type: ignore[misc]  # see above
    """PKCE (RFC 7636) by SHA-256, without exception."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Raises InvalidRequestError unless there is a challenge of this method."""
        members = grant.request.payload.data
        if members.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        if not _is_challenge(members.get("code_challenge", "")):
            raise InvalidRequestError("code_challenge must be a SHA-256 in base64url")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # see above
    """RFC 6749, 4.1."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTHENTICATION

    def query_authorization_code(self, _code: str, client: KnownClient) -> PresentedCode | None:
        """Return the code, if it was made for this client."""
        stored: StoredCode | None = self.server.code
        if stored is None or stored.client != client.client.id:
            return None
        return PresentedCode(stored, stored.challenge)


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # see above
    """RFC 6749, 6; whether the token is valid is decided with its session."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTHENTICATION

    def authenticate_refresh_token(self, refresh_token: str) -> PresentedToken:
        """Return the token as it was presented."""
        return PresentedToken(refresh_token)

    def _validate_token_scope(self, _token: PresentedToken) -> None:
        if self.request.payload.scope and scopes.parsed(self.request.payload.scope) is None:
            raise InvalidScopeError


class CredentialsGrant(ClientCredentialsGrant):  # type: ignore[misc]  # see above
    """RFC 6749, 4.4."""

    TOKEN_ENDPOINT_AUTH_METHODS = WITH_SECRET

    def validate_requested_scope(self) -> None:
        """Without a scope, all of the client's are given."""
        scope = self.request.payload.scope
        if scope and self.client.get_allowed_scope(scope) is None:
            raise InvalidScopeError


class TokenQuestion(RevocationEndpoint):  # type: ignore[misc]  # see above
    """RFC 7009, 2.1; the form of introspection (RFC 7662, 2.1) is the same."""

    def __init__(self, server: "KnownServer", *, needs_secret: bool) -> None:
        super().__init__(server)
        self.CLIENT_AUTH_METHODS = WITH_SECRET if needs_secret else AUTHENTICATION


class KnownServer(AuthorizationServer):  # type: ignore[misc]  # see above
    """One request's view of us: the client and the code that were read for it."""

    def __init__(self, client: KnownClient | None, code: StoredCode | None = None) -> None:
        super().__init__()
        self._known = client
        self.code = code
        self.register_grant(CodeGrant, [S256Challenge()])
        self.register_grant(RefreshGrant)
        self.register_grant(CredentialsGrant)

    def query_client(self, client_id: str) -> KnownClient | None:
        """Return the client that was read, if it is this one."""
        known = self._known
        return known if known is not None and known.client.id == client_id else None

    def create_oauth2_request(self, request: Presented) -> Presented:
        """Requests come as Authlib reads them."""
        return request

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""
