"""What the use cases of privacy need from outside, named by role."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from application.commands.bus import CommandBus
from application.ports import Clock, Vault
from application.queries import AsOf
from domain.identity.roles import Role
from domain.kernel.sealed import Sealed
from domain.privacy.consents import Consent
from domain.privacy.events import ErasureReason

StreamsOf = Callable[[str], Awaitable[tuple[Sequence[str], AsOf]]]
"""All bookings or attached ones, or all travel credits and gift cards, of an account, by id."""


class Account(msgspec.Struct, frozen=True):
    """A user as the directory has it; `email` does not open once the user was erased."""

    id: str
    role: Role
    email: Sealed
    created_at: dt.datetime
    is_verified: bool


class ConnectedClient(msgspec.Struct, frozen=True):
    """A client of a third party, and what the user let it do; `revoked_at` is None as long as it
    may."""

    id: str
    name: str
    scopes: Sequence[str]
    given_at: dt.datetime
    revoked_at: dt.datetime | None


class Device(msgspec.Struct, frozen=True):
    """A session of a user: its sealed name, if it has one, and when it was used."""

    kind: str
    name: Sealed | None
    created_at: dt.datetime
    last_used_at: dt.datetime
    ended_at: dt.datetime | None


class SignIn(msgspec.Struct, frozen=True):
    """A line of the record of authentication that names a user."""

    happened: str
    at: dt.datetime


class Accounts(Protocol):
    """What the product stores about users beside the log. All methods raise Unavailable."""

    async def find(self, user: str) -> Account | None:
        """The user with this id."""
        ...

    async def with_address(self, email: str) -> str | None:
        """The id of the user who signs in with this address."""
        ...

    async def mailed_addresses(self, user: str) -> Sequence[Sealed]:
        """The addresses to which links of the account were mailed, and those that were replaced."""
        ...

    async def saved_passengers(self, user: str) -> Sequence[Sealed]:
        """The sealed details of passengers that a user has saved, the oldest first."""
        ...

    async def clients(self, user: str) -> Sequence[ConnectedClient]:
        """The clients of third parties that a user let act for them, the first one first."""
        ...

    async def is_last_admin(self, user: str) -> bool:
        """Whether the account is the last admin whose account is not closed."""
        ...

    async def devices(self, user: str) -> Sequence[Device]:
        """The sessions of a user, the last used first, at most a thousand."""
        ...

    async def sign_ins(self, user: str) -> Sequence[SignIn]:
        """The record of authentication of a user, the newest first, at most a thousand."""
        ...


class Consents(Protocol):
    """Consents of users, append-only. All methods raise Unavailable."""

    async def of(self, user: str) -> Sequence[Consent]:
        """The facts of a user, the oldest first."""
        ...

    async def change(
        self, user: str, decide: Callable[[Sequence[Consent]], Consent | None]
    ) -> Sequence[Consent]:
        """Record what `decide` makes of the facts, under the user's lock; returns all of them."""
        ...


Step = Literal["waiting", "closed", "erased", "reported"]


class Erasure(msgspec.Struct, frozen=True):
    """An erasure that was not withdrawn, with the instants of its steps."""

    id: str
    person: str
    reason: ErasureReason
    requested_by: str
    requested_at: dt.datetime
    closed_at: dt.datetime | None = None
    erased_at: dt.datetime | None = None
    key_count: int | None = None
    reported_at: dt.datetime | None = None

    @property
    def step(self) -> Step:
        """The last step that was done."""
        if self.reported_at is not None:
            return "reported"
        if self.erased_at is not None:
            return "erased"
        return "waiting" if self.closed_at is None else "closed"


class Erasures(Protocol):
    """Erasures under way and done. All methods raise Unavailable."""

    async def request(self, person: str, *, reason: ErasureReason, by: str) -> None:
        """Record the intention, once for each person."""
        ...

    async def of(self, person: str) -> Erasure | None:
        """The erasure of a person, unless it was withdrawn."""
        ...

    async def find(self, erasure_id: str) -> Erasure | None:
        """The erasure with this id, unless it was withdrawn."""
        ...

    async def unfinished(self, *, minute: int, after: str, limit: int) -> Sequence[str]:
        """Ids of erasures to go on with, in their order, from the first after `after`.

        Those that wait for something that is open come once an hour each, spread over its minutes.
        """
        ...

    async def withdraw(self, person: str, *, by: str) -> bool:
        """Withdraw an erasure that has not begun; returns whether there was one."""
        ...

    async def close_account(self, erasure_id: str) -> None:
        """Let nobody sign in any more and end all sessions; a repeat has no effect."""
        ...

    async def destroy_keys(
        self, erasure_id: str, *, subjects: Sequence[str], stripe_events: Sequence[str]
    ) -> int | None:
        """Destroy these keys and those of the stored webhooks; returns how many.

        None, and nothing is destroyed, where the account was closed a moment ago.
        """
        ...

    async def report(self, erasure_id: str) -> None:
        """Record that the log has the event."""
        ...


class StoredBody(msgspec.Struct, frozen=True):
    """The sealed body of a webhook."""

    id: str
    received_at: dt.datetime
    body: Sealed


class StoredBodies(Protocol):
    """Bodies of webhooks that are still stored. Raises Unavailable."""

    async def page(
        self, *, since: dt.datetime, after: tuple[dt.datetime, str] | None, limit: int
    ) -> Sequence[StoredBody]:
        """Bodies by arrival, from this instant or from the first after `after`."""
        ...


class Retention(Protocol):
    """Removes what is older than its period. All methods raise Unavailable."""

    async def chosen_days(self) -> Mapping[str, int]:
        """The periods that the airline has chosen, by store."""
        ...

    async def remove_bodies(self, *, limit: int) -> int:
        """Destroy the keys of old bodies of webhooks, at most `limit`; returns how many."""
        ...

    async def remove_messages(self, *, limit: int) -> int:
        """Remove old messages among the `limit` oldest; returns how many."""
        ...

    async def remove_texts(self, *, limit: int) -> int:
        """Remove old records of text messages, at most `limit`; returns how many."""
        ...

    async def remove_flight_tasks(self, *, limit: int) -> int:
        """Remove follow-ups of flights that ended long ago, at most `limit`; returns how many."""
        ...

    async def remove_bounces(self, *, limit: int) -> int:
        """Remove old records of letters that came back, at most `limit`; returns how many."""
        ...


class Mailbox(Protocol):
    """The copies of letters that the product keeps; none where a provider sends them."""

    async def remove_letters_to(self, addresses: Sequence[str]) -> int:
        """Remove the letters to these addresses; returns how many. Raises Unavailable."""
        ...

    async def remove_letters_before(self, instant: dt.datetime) -> int:
        """Remove older letters; returns how many. Raises Unavailable."""
        ...


class TextFolder(Protocol):
    """The copies of text messages that the product keeps; they have no number."""

    async def remove_before(self, instant: dt.datetime) -> int:
        """Remove older messages; returns how many. Raises Unavailable."""
        ...


class ExportPrinter(Protocol):
    """Prints a person's data."""

    def pdf(self, title: str, data: Any) -> bytes:
        """Return the JSON value as a PDF of A4 pages."""
        ...


class PrivacyPorts(msgspec.Struct, frozen=True):
    """What the use cases of privacy need; `printer` only where a user asks, `texts`
    only where text messages are files.

    `forget_keys` drops keys that this process has opened and that were destroyed.
    """

    bus: CommandBus
    vault: Vault
    accounts: Accounts
    consents: Consents
    erasures: Erasures
    bodies: StoredBodies
    retention: Retention
    mailbox: Mailbox
    bookings_of: StreamsOf
    attached_to: StreamsOf
    credits_of: StreamsOf
    clock: Clock
    forget_keys: Callable[[Sequence[str]], None]
    printer: ExportPrinter | None = None
    texts: TextFolder | None = None
