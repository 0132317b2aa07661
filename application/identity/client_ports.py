"""What clients of third parties need from outside, named by role."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from application.identity.ports import TokenInspector
from application.identity.session_ports import NewSession, SessionPorts, StoredSession
from domain.identity.clients import Client
from domain.identity.scopes import Scope

Refusal = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
    "access_denied",
]


class ClientRefused(Exception):
    """A request of a client breaks OAuth; `error` is the word of RFC 6749 (5.2, 4.1.2.1).

    `redirect_to` is the address that the browser is sent to with it, once it is known to be the
    client's: until then the user sees the error.
    """

    def __init__(self, error: Refusal, description: str, *, redirect_to: str | None = None) -> None:
        super().__init__(error)
        self.error: Refusal = error
        self.description = description
        self.redirect_to = redirect_to


class Authorization(msgspec.Struct, frozen=True):
    """What a client asks a user for: a sound request, from a client that we know."""

    client: Client
    redirect_uri: str
    scopes: tuple[Scope, ...]
    challenge: str
    state: str | None


class NewCode(msgspec.Struct, frozen=True):
    """A code to record, by the hash of its text, with the session in which the user consented."""

    digest: bytes
    client: str
    user: str
    granted_in: str
    redirect_uri: str
    scopes: tuple[Scope, ...]
    challenge: str
    created_at: dt.datetime
    expires_at: dt.datetime


class StoredCode(msgspec.Struct, frozen=True):
    """A recorded code; `session` is the one that it opened."""

    digest: bytes
    client: str
    user: str
    redirect_uri: str
    scopes: tuple[Scope, ...]
    challenge: str
    expires_at: dt.datetime
    session: str | None


class ClientConsent(msgspec.Struct, frozen=True):
    """What a user lets a client do."""

    client: str
    client_name: str
    scopes: tuple[Scope, ...]
    given_at: dt.datetime


class ClientRequest(msgspec.Struct, frozen=True):
    """A request of a client to one of our endpoints: the members of its form, and the header
    `Authorization` where there is one."""

    form: Mapping[str, str]
    authorization: str | None
    address: str


class CodePresented(msgspec.Struct, frozen=True):
    """A client that has proved who it is presents a code that is its own."""

    client: Client
    code: StoredCode


class RefreshPresented(msgspec.Struct, frozen=True):
    """A client presents a refresh token, and may ask for fewer scopes than it has."""

    client: Client
    token: str
    scopes: tuple[Scope, ...] | None


class CredentialsPresented(msgspec.Struct, frozen=True):
    """A service asks for a token of its own."""

    client: Client
    scopes: tuple[Scope, ...]


class TokenPresented(msgspec.Struct, frozen=True):
    """A client asks about a token, or gives it back."""

    client: Client
    token: str


class Clients(Protocol):
    """Registered clients. All methods raise Unavailable; `by` is the admin's id, None for the
    operator at the command line."""

    async def add(self, client: Client, *, by: str | None) -> None:
        """Record the client."""
        ...

    async def find(self, client_id: str) -> Client | None:
        """The client with this id, also one that is disabled."""
        ...

    async def all(self) -> Sequence[Client]:
        """All clients, the newest first, at most a thousand."""
        ...

    async def change_secret(self, client_id: str, secret_hash: bytes, *, by: str | None) -> bool:
        """Replace the secret; False where the client is disabled by now."""
        ...

    async def disable(self, client_id: str, *, by: str | None) -> Sequence[str] | None:
        """Disable the client and end its sessions; returns what ended, None where it was disabled
        before."""
        ...


class Authorizations(Protocol):
    """Consents and codes. All methods raise Unavailable."""

    async def grant(self, code: NewCode) -> bool:
        """Record the consent and the code; False where the client is disabled or the session of
        the user is over."""
        ...

    async def find_code(self, digest: bytes) -> StoredCode | None:
        """The code with this hash."""
        ...

    async def redeem(self, digest: bytes, new: NewSession) -> StoredSession | None:
        """Use the code and record the session, in one statement; returns it with the user's role,
        and with a second factor where the session of the consent has proved one.

        None, and nothing is recorded, unless the code is unused and valid, the client is not
        disabled, the consent not revoked and the session in which it was given not over.
        """
        ...

    async def end_reused(self, code: StoredCode, *, source: bytes) -> Sequence[str]:
        """End the session that the code opened, and record that it was presented again."""
        ...

    async def consents_of(self, user: str) -> Sequence[ClientConsent]:
        """What the user lets clients do, the newest first; at most a hundred."""
        ...

    async def revoke_consent(self, user: str, client: str) -> Sequence[str] | None:
        """Revoke a consent and end its sessions; returns what ended, None without a consent."""
        ...


class ClientSecrets(Protocol):
    """Makes what proves a client or a consent; only hashes are stored."""

    def new_secret(self) -> str:
        """A secret of a client, of 256 random bits."""
        ...

    def new_code(self) -> str:
        """An authorization code, of 256 random bits."""
        ...

    def digest(self, text: str) -> bytes:
        """What is stored of a secret or a code."""
        ...

    def consent_token(self, session: str, request: Mapping[str, str]) -> str:
        """What proves that the answer to a consent page is about this request of this session."""
        ...


class ClientProtocol(Protocol):
    """What OAuth requires of requests and answers. All methods but `addressed` raise
    ClientRefused."""

    def authorization(self, asked: Mapping[str, str], client: Client | None) -> Authorization:
        """What is asked of the user, by the client that is named; None for an unknown one."""
        ...

    def addressed(self, redirect_uri: str, answer: Mapping[str, str], *, state: str | None) -> str:
        """The address that answers the client through the user's browser, with our issuer."""
        ...

    def client_named(self, request: ClientRequest) -> str:
        """The id that the request claims."""
        ...

    def presented(
        self, request: ClientRequest, client: Client | None, code: StoredCode | None
    ) -> CodePresented | RefreshPresented | CredentialsPresented:
        """What the client presents to the token endpoint, having proved who it is."""
        ...

    def token_presented(
        self, request: ClientRequest, client: Client | None, *, needs_secret: bool
    ) -> TokenPresented:
        """What the client presents for introspection or revocation, having proved who it is; with
        `needs_secret` by a secret."""
        ...

    def metadata(self) -> Mapping[str, object]:
        """What clients need to know of us (RFC 8414)."""
        ...


class ClientPorts(msgspec.Struct, frozen=True):
    """What the use cases of clients need; `new_client_id` returns a fresh id at each call.

    `issuer` is our public address, `airline_name` what travellers know us by.
    """

    clients: Clients
    authorizations: Authorizations
    secrets: ClientSecrets
    protocol: ClientProtocol
    inspector: TokenInspector
    sessions: SessionPorts
    new_client_id: Callable[[], str]
    issuer: str
    airline_name: str
