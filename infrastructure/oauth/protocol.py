"""What OAuth requires of requests and answers, over Authlib: `ClientProtocol` of `client_ports`.

Whatever Authlib raises becomes ClientRefused with a word of RFC 6749 and one of our own texts, and
none of its objects leaves this package.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import get_args

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.util import extract_basic_authorization

from application.identity import client_ports as ports
from application.identity.client_ports import ClientRefused, Refusal, StoredCode
from domain.identity import scopes
from domain.identity.clients import Client
from infrastructure.oauth.grants import (
    AUTHENTICATION,
    WITH_SECRET,
    KnownClient,
    KnownServer,
    Presented,
    TokenQuestion,
)

STATE_LENGTH = 1024
# RFC 9101 would put the request into a signed object: it must not be overlooked.
REQUEST_OBJECTS = ("request", "request_uri")
DESCRIPTIONS: Mapping[Refusal, str] = {
    "invalid_request": "a member of the request is missing or not as it must be",
    "invalid_client": "the client is unknown, disabled, or did not prove who it is",
    "invalid_grant": "the code or token is not valid, or was made for something else",
    "invalid_scope": "a scope is missing, unknown, or not one of the client's",
    "unauthorized_client": "the client does not get tokens in this way",
    "unsupported_grant_type": "grants are authorization_code, refresh_token, client_credentials",
    "unsupported_response_type": "the only response type is code",
    "unsupported_token_type": "tokens are access_token and refresh_token",
    "access_denied": "the user refused",
}


class AuthlibProtocol:
    """`application.identity.client_ports.ClientProtocol`; `issuer` is our public address,
    `digest` what is stored of a secret."""

    def __init__(self, *, issuer: str, digest: Callable[[str], bytes]) -> None:
        self._issuer = issuer
        self._digest = digest

    def authorization(self, asked: Mapping[str, str], client: Client | None) -> ports.Authorization:
        """Return what is asked of the user; an error is redirected once the address is proven."""
        state = asked.get("state")
        if len(state or "") > STATE_LENGTH or any(each in asked for each in REQUEST_OBJECTS):
            raise _refused("invalid_request")
        with self._closed(state):
            grant = self._server(client).get_consent_grant(Presented("GET", asked))
            found = scopes.parsed(grant.request.scope)
            assert client is not None
            assert found is not None
            return ports.Authorization(
                client, grant.redirect_uri, found, asked["code_challenge"], state
            )

    def addressed(self, redirect_uri: str, answer: Mapping[str, str], *, state: str | None) -> str:
        """Return the address that answers the client, with our issuer (RFC 9207)."""
        members = {**answer, "iss": self._issuer}
        if state is not None:
            members["state"] = state
        address: str = add_params_to_uri(redirect_uri, list(members.items()))
        return address

    def client_named(self, request: ports.ClientRequest) -> str:
        """Return the id that the request claims, in one of the ways and in no two that differ."""
        named = request.form.get("client_id")
        if request.authorization is None:
            if named is None:
                raise _refused("invalid_client")
            return named
        with self._closed(None):
            basic, _ = extract_basic_authorization({"Authorization": request.authorization})
        if not basic or not basic.isprintable():
            raise _refused("invalid_client")
        if named not in (None, basic) or "client_secret" in request.form:
            raise _refused("invalid_request")
        claimed: str = basic
        return claimed

    def presented(
        self, request: ports.ClientRequest, client: Client | None, code: StoredCode | None
    ) -> ports.CodePresented | ports.RefreshPresented | ports.CredentialsPresented:
        """Return what the client presents, having proved who it is."""
        asked = Presented("POST", request.form, request.authorization)
        with self._closed(None):
            grant = self._server(client, code).get_token_grant(asked)
            grant.validate_token_request()
        assert client is not None
        scope = request.form.get("scope") or None
        chosen = None if scope is None else scopes.parsed(scope)
        match grant.GRANT_TYPE:
            case "authorization_code":
                assert code is not None
                return ports.CodePresented(client, code)
            case "refresh_token":
                return ports.RefreshPresented(client, request.form["refresh_token"], chosen)
            case _:
                return ports.CredentialsPresented(client, chosen or client.scopes)

    def token_presented(
        self, request: ports.ClientRequest, client: Client | None, *, needs_secret: bool
    ) -> ports.TokenPresented:
        """Return what the client presents, having proved who it is."""
        asked = Presented("POST", request.form, request.authorization)
        with self._closed(None):
            question = TokenQuestion(self._server(client), needs_secret=needs_secret)
            question.authenticate_endpoint_client(asked)
            question.check_params(asked, client)
        assert client is not None
        return ports.TokenPresented(client, request.form["token"])

    def metadata(self) -> Mapping[str, object]:
        """Return what clients need to know of us (RFC 8414, RFC 9207)."""
        return {
            "issuer": self._issuer,
            "authorization_endpoint": f"{self._issuer}/oauth/authorize",
            "token_endpoint": f"{self._issuer}/oauth/token",
            "introspection_endpoint": f"{self._issuer}/oauth/introspect",
            "revocation_endpoint": f"{self._issuer}/oauth/revoke",
            "jwks_uri": f"{self._issuer}/.well-known/jwks.json",
            "scopes_supported": list(scopes.NAMES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
            ],
            "token_endpoint_auth_methods_supported": list(AUTHENTICATION),
            "introspection_endpoint_auth_methods_supported": list(WITH_SECRET),
            "revocation_endpoint_auth_methods_supported": list(AUTHENTICATION),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _server(self, client: Client | None, code: StoredCode | None = None) -> KnownServer:
        known = None if client is None else KnownClient(client, self._digest)
        return KnownServer(known, code)

    @contextlib.contextmanager
    def _closed(self, state: str | None) -> Iterator[None]:
        try:
            yield
        except OAuth2Error as error:
            word: Refusal = error.error if error.error in get_args(Refusal) else "invalid_request"
            raise self._redirected(word, error.redirect_uri, state) from None
        except ValueError:
            # Authlib cannot say an error that contains what the client wrote.
            raise _refused("invalid_request") from None

    def _redirected(
        self, word: Refusal, redirect_uri: str | None, state: str | None
    ) -> ClientRefused:
        if not redirect_uri:
            return _refused(word)
        answer = {"error": word, "error_description": DESCRIPTIONS[word]}
        return ClientRefused(
            word,
            DESCRIPTIONS[word],
            redirect_to=self.addressed(redirect_uri, answer, state=state),
        )


def _refused(word: Refusal) -> ClientRefused:
    return ClientRefused(word, DESCRIPTIONS[word])
