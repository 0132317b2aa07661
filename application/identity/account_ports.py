"""What the use cases of an account need from outside: passwords, and links that are mailed."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from application.identity import ports
from application.identity.recovery_ports import FactorResets, Notices
from application.identity.second_factor_ports import OneTimeCodes, SecondFactors
from application.identity.session_ports import SessionPorts
from application.mail import Language
from application.ports import Clock, Vault, WrappedKey
from domain.identity.links import LinkPurpose
from domain.identity.roles import Role
from domain.kernel.sealed import Sealed

CommonPasswords = Callable[[str], bool]
"""Whether a text in lower case is a password that attackers try first."""


class MailedLink(msgspec.Struct, frozen=True):
    """A link whose letter is to be written: `address` is where it goes, sealed."""

    id: str
    purpose: LinkPurpose
    salt: bytes
    language: Language
    address: Sealed


class LinkSecrets(Protocol):
    """Makes the tokens of links; nothing of them is stored but a hash."""

    def token(self, link_id: str, *, salt: bytes) -> str:
        """The token of a link: always the same text."""
        ...

    def digest(self, token: str) -> bytes:
        """The hash that is stored of a token."""
        ...


class LinkPorts(msgspec.Struct, frozen=True):
    """What making a link needs; `new_id` returns a fresh id at each call, `random_bytes` that
    many."""

    secrets: LinkSecrets
    new_id: Callable[[], str]
    random_bytes: Callable[[int], bytes]
    now: Clock


class MailedLinks(Protocol):
    """Links that prove the ownership of a mailbox. All methods raise Unavailable."""

    async def to_send(self, link_id: str, *, at: dt.datetime) -> MailedLink | None:
        """The link whose letter is due; None where it is used, void or too old by now."""
        ...

    async def remove_old(self, *, limit: int) -> int:
        """Remove links and notices that expired 30 days ago, and challenges of sign-ins that
        expired a day ago, at most `limit` of each; returns the larger number."""
        ...


class Passwords(Protocol):
    """Passwords of accounts, changed and reset. All methods raise Unavailable.

    With a new password all links of the account are void; the ended sessions are recorded and
    every web process is notified.
    """

    async def request_reset(
        self, email_index: bytes, link: ports.NewLink, *, source: bytes
    ) -> None:
        """Store the link and have it mailed, if a user has this address; record the request.

        The fourth within an hour is recorded and not mailed.
        """
        ...

    async def owner_of(self, token_hash: bytes, *, at: dt.datetime) -> ports.StoredUser | None:
        """The user whose password this link could reset at this instant."""
        ...

    async def reset(
        self, token_hash: bytes, password_hash: str, *, at: dt.datetime
    ) -> Sequence[str] | None:
        """Use the link, set the password, end all sessions and all locks; returns the ended ones.

        None, and nothing happens, where the link was used, void or too old.
        """
        ...

    async def change(
        self, user: ports.StoredUser, password_hash: str, *, but: str, at: dt.datetime
    ) -> Sequence[str] | None:
        """Set the password and end all sessions but one; returns the ended ones.

        None, and nothing happens, where the password is another than that of `user` by now.
        """
        ...


class Emails(Protocol):
    """Addresses of accounts, verified and changed. All methods raise Unavailable."""

    async def request_verification(self, user: str, link: ports.NewLink) -> None:
        """Have the link mailed to the user's address and record that.

        Nothing happens where the address is verified, or three letters went within an hour.
        """
        ...

    async def request_change(
        self, user: str, link: ports.NewLink, *, email_index: bytes, email: Sealed
    ) -> None:
        """Have the link mailed to the new address, unless another account has it; record that."""
        ...

    async def owner_of(self, token_hash: bytes, *, at: dt.datetime) -> str | None:
        """The id of the user whose address this link could verify or change at this instant."""
        ...

    async def confirm(self, user: str, token_hash: bytes, *, at: dt.datetime) -> LinkPurpose | None:
        """Use a link of this user: the address that it was mailed to is the user's, and verified.

        Returns what it was for; the owners of both addresses get a notice. None, and nothing
        happens, where the link is of another user, used, void or too old, or another account has
        the address by now.
        """
        ...


class Invitation(msgspec.Struct, frozen=True):
    """Who is invited: the address, sealed under a fresh key, and the role; `invited_by` is the id
    of an admin, None for an operator."""

    link: ports.NewLink
    email_index: bytes
    email: Sealed
    key: WrappedKey
    role: Role
    invited_by: str | None


RoleOutcome = Literal["done", "not_admin", "unknown_user", "own_role", "unverified"]


class StaffAccounts(Protocol):
    """Accounts of staff. All methods raise Unavailable."""

    async def invite(self, invitation: Invitation) -> bool:
        """Store it, have its letter mailed and record it; False for the fourth in an hour."""
        ...

    async def invited(self, token_hash: bytes, *, at: dt.datetime) -> Sealed | None:
        """The address of an invitation that could be accepted at this instant."""
        ...

    async def accept(
        self,
        token_hash: bytes,
        user: str,
        password_hash: str,
        *,
        at: dt.datetime,
        correlation_id: str,
    ) -> Role | None:
        """Use the invitation: `user` is the id of a new account with this password.

        An account that has the address gets the password and the role instead, and its sessions
        end. None, and nothing happens, where the invitation was used, void or too old, or the
        admin is none any more.
        """
        ...

    async def change_role(
        self, by: str, email_index: bytes, role: Role, *, at: dt.datetime, correlation_id: str
    ) -> RoleOutcome:
        """Give the user the role, as an admin; the sessions of the user end. Record a refusal."""
        ...


class InvitationPorts(msgspec.Struct, frozen=True):
    """What inviting needs."""

    staff: StaffAccounts
    links: LinkPorts
    vault: Vault
    email_lookup: ports.EmailLookup


class AccountPorts(msgspec.Struct, frozen=True):
    """What the use cases of an account need. `second_factor_required` is whether roles that need a
    second factor can do nothing without one."""

    directory: ports.UserDirectory
    passwords: Passwords
    links: LinkPorts
    emails: Emails
    staff: StaffAccounts
    factors: SecondFactors
    notices: Notices
    resets: FactorResets
    codes: OneTimeCodes
    hasher: ports.PasswordHasher
    is_common: CommonPasswords
    email_lookup: ports.EmailLookup
    vault: Vault
    sessions: SessionPorts
    new_user_id: Callable[[], str]
    now: Clock
    second_factor_required: bool

    @property
    def inviting(self) -> InvitationPorts:
        """What inviting needs of it."""
        return InvitationPorts(self.staff, self.links, self.vault, self.email_lookup)
