"""What identity needs from outside, named by role."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from application.mail import Language
from application.ports import WrappedKey
from domain.identity.links import LinkPurpose
from domain.identity.lockout import Attempts
from domain.identity.roles import Role
from domain.identity.scopes import Scope
from domain.kernel.sealed import Sealed
from domain.privacy.consents import Consent

AuthFact = Literal[
    "registered",
    "registered_again",
    "signed_in",
    "sign_in_refused",
    "locked",
    "password_confirmed",
    "password_refused",
    "link_refused",
    "second_factor_asked",
    "second_factor_proved",
    "second_factor_refused",
]
"""What the append-only record of authentication contains; no personal data."""

RefusedAccess = Literal[
    "token_refused",
    "permission_refused",
    "foreign_booking",
    "find_refused",
    "client_refused",
    "limit_reached",
]
"""Refused attempts that the same record contains: a token that is not ours, a role without the
permission or a client without the scope, another customer's booking, a reference and surname that
open none, a client that did not prove who it is, the first request that a spent window refuses."""


class Principal(msgspec.Struct, frozen=True):
    """The caller: the user's id and role, from a verified token, the session of the token, and
    whether that has proved a second factor.

    A guest has no account and no session, but `booking`: the only one that the token is for.
    `client` is the third party that calls, None for our own apps; its `scopes` bound what the role
    may do. A service acts for itself: user and session are the client's id.
    """

    user: str
    role: Role
    session: str = ""
    booking: str | None = None
    second_factor: bool = False
    client: str | None = None
    scopes: frozenset[Scope] | None = None

    @property
    def actor(self) -> str:
        """Return the actor as the log and the records store it: role and user id."""
        return f"{self.role}:{self.user}"

    @property
    def is_guest(self) -> bool:
        """Whether the caller has found a booking, and has no account."""
        return self.booking is not None

    @property
    def is_service(self) -> bool:
        """Whether the caller is a client that acts for itself."""
        return self.client is not None and self.user == self.client


class TokenRefused(Exception):
    """The access token is not one of ours, or not for us, or not valid yet."""


class TokenExpired(TokenRefused):
    """The access token was genuine and has expired."""


class IssuedToken(msgspec.Struct, frozen=True):
    """An access token and the seconds for which it is valid."""

    access_token: str
    expires_in: int


class InspectedToken(msgspec.Struct, frozen=True):
    """A genuine token that is valid by its own time: its holder and its end in Unix seconds."""

    principal: Principal
    expires_at: int


class Place(msgspec.Struct, frozen=True):
    """Where a sign-in comes from, as an index that cannot be read back.

    `is_device` is whether it is a device that has signed in to the account before.
    """

    index: bytes
    is_device: bool


class NewLink(msgspec.Struct, frozen=True):
    """A link to mail, in the language of the request. Of its token only the hash is stored; with
    the salt the letter is written."""

    id: str
    purpose: LinkPurpose
    token_hash: bytes
    salt: bytes
    language: Language
    created_at: dt.datetime
    expires_at: dt.datetime


class NewUser(msgspec.Struct, frozen=True):
    """A user to record, with the key of the data subject that seals the address.

    `is_verified` is whether the address is known to be the user's; else `verification` is mailed.
    """

    id: str
    email_index: bytes
    email: Sealed
    key: WrappedKey
    password_hash: str
    role: Role
    is_verified: bool = False
    verification: NewLink | None = None
    consents: tuple[Consent, ...] = ()


class StoredUser(msgspec.Struct, frozen=True):
    """What signing in reads of a user."""

    id: str
    role: Role
    password_hash: str
    email: Sealed
    has_second_factor: bool = False
    is_verified: bool = False


class EmailKnown(Exception):
    """The address belongs to a user already."""


class UserDirectory(Protocol):
    """Users, and the record of authentication. All methods raise Unavailable."""

    async def add(self, user: NewUser, *, at: dt.datetime) -> None:
        """Record the user, the key, the consents and the fact `registered`; raises EmailKnown."""
        ...

    async def find(self, email_index: bytes) -> StoredUser | None:
        """The user with this address."""
        ...

    async def role_of(self, user_id: str) -> Role | None:
        """The role of the user with this id."""
        ...

    async def has_left(self, user_id: str) -> bool:
        """Whether the account of this user was closed, as the first step of its erasure."""
        ...

    async def read(self, user_id: str) -> StoredUser:
        """The user with this id, who has signed in."""
        ...

    async def attempts(self, user_id: str, place: Place, *, at: dt.datetime) -> Attempts:
        """What is known of a place and a user at this instant."""
        ...

    async def change_attempts(
        self,
        user_id: str,
        place: Place,
        change: Callable[[Attempts], tuple[Attempts, AuthFact]],
        *,
        at: dt.datetime,
    ) -> AuthFact:
        """Change what is known of a place and a user, under the user's lock, and record the fact;
        returns that fact.
        """
        ...

    async def record(self, fact: AuthFact, *, user_id: str | None, at: dt.datetime) -> None:
        """Record a fact that changes nothing."""
        ...


class SignInPlaces(Protocol):
    """Places by index, and the tokens by which devices are known."""

    def of_address(self, address: str) -> Place:
        """The place of a network address."""
        ...

    def of_device(self, user_id: str, token: str) -> Place | None:
        """The place of a device that signed in to this account; None for any other token."""
        ...

    def new_device_token(self, user_id: str) -> str:
        """A token for a device that has signed in."""
        ...


class SecurityRecord(Protocol):
    """Records refused attempts without keeping the answer waiting."""

    def note(
        self,
        happened: RefusedAccess,
        *,
        user_id: str | None,
        route: str,
        address: str,
        correlation_id: str,
    ) -> None:
        """Record the attempt soon; the address is stored as an index."""
        ...


class PasswordHasher(Protocol):
    """Slow, salted, off the event loop. Raises Unavailable when too many wait already."""

    async def hash(self, password: str) -> str:
        """A salted hash in its own notation."""
        ...

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the hash is of this password; False for None, after the same time."""
        ...


class EmailLookup(Protocol):
    """Finds an address without storing it."""

    def of(self, address: str) -> bytes:
        """The index of the normalised address."""
        ...


class TokenIssuer(Protocol):
    """Makes access tokens."""

    def issue(self, principal: Principal, *, until: dt.datetime | None = None) -> IssuedToken:
        """A fresh token for the principal, valid for 15 minutes and not beyond `until`."""
        ...


class TokenVerifier(Protocol):
    """Verifies access tokens."""

    def verify(self, token: bytes) -> Principal:
        """Return the holder of the token; raises TokenRefused or TokenExpired."""
        ...

    def public_keys(self) -> Mapping[str, object]:
        """Return the JWK set (RFC 7517) that verifies our tokens."""
        ...


class TokenInspector(Protocol):
    """Reads access tokens for those who may ask about them."""

    def inspect(self, token: bytes) -> InspectedToken | None:
        """What a token says; None where it is not ours or has expired."""
        ...
