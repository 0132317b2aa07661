"""What regaining an account needs from outside: letters about it, and resets of second factors."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from application.identity.account_notices import NoticeKind
from application.identity.ports import NewLink
from application.mail import Language
from domain.identity.roles import Role
from domain.identity.second_factor import ResetPath
from domain.identity.standing import Standing
from domain.kernel.sealed import Sealed


class Notice(msgspec.Struct, frozen=True):
    """A letter that is due about an account: `address` is where it goes, sealed; with the salt the
    token of its link is made."""

    id: int
    kind: NoticeKind
    salt: bytes
    language: Language
    address: Sealed
    created_at: dt.datetime


class Secured(msgspec.Struct, frozen=True):
    """An account was secured: the ended sessions, and whether the new link works."""

    ended: Sequence[str]
    has_link: bool


class Notices(Protocol):
    """Letters about accounts, which the database enqueues. All methods raise Unavailable."""

    async def to_send(
        self, notice_id: int, digest: Callable[[int, bytes], bytes], *, at: dt.datetime
    ) -> Notice | None:
        """The notice whose letter is due, with the hash of its token stored; None where its link
        was used, void or too old. `digest` returns the hash for the id and the salt."""
        ...

    async def owner_of(
        self, token_hash: bytes, *, at: dt.datetime, kind: NoticeKind | None = None
    ) -> str | None:
        """The id of the user whose account this link could secure at this instant."""
        ...

    async def secure(
        self, token_hash: bytes, password_hash: str, link: NewLink, *, at: dt.datetime
    ) -> Secured | None:
        """Use the link: end all sessions, set the password, void what is under way, and have
        `link` mailed. None, and nothing happens, where it was used, void or too old."""
        ...

    async def standing(self, user: str, *, at: dt.datetime) -> Standing:
        """What the account of a user waits for."""
        ...


class NewReset(msgspec.Struct, frozen=True):
    """A reset that is asked for; of a customer's factor `link` is mailed. `ends_at` is the end of
    the time for an approval or a confirmation."""

    id: str
    email_index: bytes
    requested_by: str
    requested_at: dt.datetime
    ends_at: dt.datetime
    link: NewLink
    correlation_id: str


class WaitingReset(msgspec.Struct, frozen=True):
    """A reset that waits for an approval, a confirmation or the end of its day."""

    id: str
    user: str
    email: Sealed
    role: Role
    path: ResetPath
    requested_by: str
    requested_at: dt.datetime
    expires_at: dt.datetime
    confirmed_at: dt.datetime | None


ResetOutcome = (
    ResetPath
    | Literal["unknown_user", "own_factor", "not_allowed", "no_second_factor", "asked_too_often"]
)
ApprovalOutcome = Literal["done", "unknown", "own_request", "own_factor", "not_allowed"]


class FactorResets(Protocol):
    """Resets of second factors by staff. All methods raise Unavailable."""

    async def request(self, new: NewReset) -> ResetOutcome:
        """Record the request, and reset at once where that is the path; or why not."""
        ...

    async def approve(
        self, reset_id: str, *, by: str, at: dt.datetime, correlation_id: str
    ) -> ApprovalOutcome:
        """Reset the factor, as another admin than the one who asked."""
        ...

    async def confirm(self, token_hash: bytes, *, at: dt.datetime) -> bool:
        """Use the mailed link: the day of waiting begins; False where it was used or is void."""
        ...

    async def cancel(self, reset_id: str, *, by: str, at: dt.datetime, correlation_id: str) -> bool:
        """Cancel a reset that waits; False where there is none for this caller."""
        ...

    async def waiting(self, *, at: dt.datetime) -> Sequence[WaitingReset]:
        """The resets that wait, the oldest first, at most a hundred."""
        ...

    async def carry_out(self, *, at: dt.datetime, limit: int) -> int:
        """Remove the factors whose day of waiting is over, at most `limit`; returns how many."""
        ...
