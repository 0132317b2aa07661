"""What sessions need from outside, named by role."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from application.identity.ports import SignInPlaces, TokenIssuer
from application.ports import Clock, Vault
from domain.identity.roles import Role
from domain.identity.scopes import Scope
from domain.identity.sessions import EndReason, Kind, Session
from domain.kernel.sealed import Sealed

SALT_BYTES = 16
SessionKind = Kind


class NewSession(msgspec.Struct, frozen=True):
    """A session to record: the salt of its refresh tokens, the name of the device sealed under the
    user's key (None where it has none), the network address as an index, and whether a second
    factor was proved."""

    session: Session
    salt: bytes
    device: Sealed | None
    source: bytes
    second_factor: bool = False


class StoredSession(msgspec.Struct, frozen=True):
    """A session, the role of its user at this moment, and what NewSession has."""

    session: Session
    role: Role
    salt: bytes
    device: Sealed | None
    second_factor: bool = False


class OfferedToken(msgspec.Struct, frozen=True):
    """What a text in the form of a refresh token claims to be."""

    session: str
    generation: int
    mac: bytes


class SessionTokens(msgspec.Struct, frozen=True):
    """What a device gets: both tokens, the seconds for which each is valid, and the scopes of a
    third party's."""

    session: str
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    scopes: tuple[Scope, ...] = ()


class Sessions(Protocol):
    """Sessions of all users. All methods raise Unavailable."""

    async def open(self, new: NewSession, *, password_hash: str) -> Role | None:
        """Record the session; returns the user's role.

        None, and nothing is recorded, where the user has another password by now than the one of
        this hash, or a second factor that was not proved.
        """
        ...

    async def find(self, session_id: str) -> StoredSession | None:
        """The session with this id, also one that is over."""
        ...

    async def rotate(
        self, session_id: str, *, generation: int, at: dt.datetime
    ) -> StoredSession | None:
        """Make the generation after this one; None unless it is current and the session lives."""
        ...

    async def live_of(self, user: str, *, at: dt.datetime) -> Sequence[StoredSession]:
        """The devices of a user whose sessions are not over, the last used first; at most a
        hundred. Sessions of third parties are listed as consents."""
        ...

    async def end(
        self, user: str, reason: EndReason, *, only: str | None = None, but: str | None = None
    ) -> Sequence[str]:
        """End the sessions of a user: all, only one, or all but one; returns their ids.

        Each end is recorded and every web process is notified.
        """
        ...

    async def end_reused(self, session: Session, *, source: bytes) -> Sequence[str]:
        """End a session of which a spent token was presented, and record that."""
        ...

    async def expire(self, *, at: dt.datetime, limit: int) -> int:
        """End sessions whose time is over, at most `limit`; returns how many."""
        ...

    async def remove_old(self, *, limit: int) -> int:
        """Remove sessions that ended 90 days ago, at most `limit`; returns how many."""
        ...


class SessionSecrets(Protocol):
    """Makes and checks what proves a session; nothing of it is stored."""

    def refresh_token(self, session: str, *, generation: int, salt: bytes) -> str:
        """The refresh token of a generation: always the same text."""
        ...

    def read(self, token: str) -> OfferedToken | None:
        """What the text claims to be; None where it has not the form of a refresh token."""
        ...

    def is_genuine(self, offered: OfferedToken, *, salt: bytes) -> bool:
        """Whether we made this token."""
        ...

    def csrf_token(self, session: str) -> str:
        """What a page of ours sends with each request that changes something."""
        ...


class EndedSessions(Protocol):
    """Which sessions ended lately: access tokens outlive their session by a quarter of an hour."""

    def known(self, session: str) -> bool | None:
        """Whether the session has ended; None when this process does not know at present."""
        ...

    async def has_ended(self, session: str) -> bool:
        """The same from the database; also true of an unknown session. Raises Unavailable."""
        ...

    def note(self, sessions: Sequence[str]) -> None:
        """Remember sessions that this process has ended."""
        ...


class SessionPorts(msgspec.Struct, frozen=True):
    """What the use cases of sessions need; `new_session_id` returns a fresh id at each call,
    `random_bytes` that many."""

    sessions: Sessions
    secrets: SessionSecrets
    ended: EndedSessions
    issuer: TokenIssuer
    places: SignInPlaces
    vault: Vault
    new_session_id: Callable[[], str]
    random_bytes: Callable[[int], bytes]
    now: Clock
