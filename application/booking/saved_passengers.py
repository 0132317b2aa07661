"""Passengers that an account saves for its bookings: list, save, replace and remove them, and book
them.

They are sealed under the account's key, shown to that account alone, and removed with it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from application.booking.people import sealed_beside
from application.ports import Clock, Vault
from domain.booking import rejections, saved_passengers
from domain.booking.saved_passengers import PassengerDetails, SavedDocument
from domain.identity.rejections import CredentialsRefused
from domain.kernel.sealed import Sealed

Document = SavedDocument
Details = PassengerDetails

_encode = msgspec.json.Encoder(order="deterministic").encode


class StoredPassenger(msgspec.Struct, frozen=True):
    """A row: `details` are PassengerDetails, sealed."""

    id: str
    details: Sealed


class SavedPassenger(msgspec.Struct, frozen=True):
    """A saved passenger, opened."""

    id: str
    details: PassengerDetails


class SavedPassengers(Protocol):
    """Saved passengers of accounts. All methods raise Unavailable."""

    async def of(self, user: str) -> Sequence[StoredPassenger]:
        """Those of a user, the oldest first."""
        ...

    async def address_of(self, user: str) -> Sealed:
        """The sealed address of a user: the box beside which their passengers are sealed."""
        ...

    async def add(
        self, user: str, passenger: StoredPassenger, require_place: Callable[[int], None]
    ) -> None:
        """Store one more, after `require_place` of their count, under the user's lock."""
        ...

    async def replace(self, user: str, passenger: StoredPassenger) -> bool:
        """Store other details; False where the user has no such passenger."""
        ...

    async def remove(self, user: str, passenger_id: str) -> bool:
        """Remove one; False where the user has no such passenger."""
        ...


class SavedPassengerPorts(msgspec.Struct, frozen=True):
    """What saving passengers needs; `new_id` returns a fresh id at each call."""

    passengers: SavedPassengers
    vault: Vault
    new_id: Callable[[], str]
    clock: Clock


async def list_passengers(ports: SavedPassengerPorts, user: str) -> list[SavedPassenger]:
    """Return the saved passengers of a user, the oldest first. Raises Unavailable."""
    stored = await ports.passengers.of(user)
    opened = await ports.vault.open_all([each.details for each in stored])
    return [
        SavedPassenger(each.id, msgspec.json.decode(text, type=PassengerDetails))
        for each, text in zip(stored, opened, strict=True)
        if text is not None
    ]


async def save_passenger(
    ports: SavedPassengerPorts, user: str, details: PassengerDetails
) -> SavedPassenger:
    """Save one more; the same details again are the passenger that is saved already.

    Rejects what `saved_passengers.checked` does, and SavedPassengerRefused where there are too
    many; raises Unavailable.
    """
    details = saved_passengers.checked(details, today=ports.clock().date())
    for known in await list_passengers(ports, user):
        if known.details == details:
            return known
    saved = SavedPassenger(ports.new_id(), details)
    row = await _sealed(ports, user, saved)
    await ports.passengers.add(user, row, saved_passengers.require_place)
    return saved


async def replace_passenger(
    ports: SavedPassengerPorts, user: str, passenger_id: str, details: PassengerDetails
) -> SavedPassenger:
    """Replace all details; a repeat has no effect.

    Rejects what `saved_passengers.checked` does, and SavedPassengerUnknown; raises Unavailable.
    """
    details = saved_passengers.checked(details, today=ports.clock().date())
    saved = SavedPassenger(passenger_id, details)
    if not await ports.passengers.replace(user, await _sealed(ports, user, saved)):
        raise rejections.SavedPassengerUnknown()
    return saved


async def remove_passenger(ports: SavedPassengerPorts, user: str, passenger_id: str) -> None:
    """Remove one; bookings keep what they have. Rejects SavedPassengerUnknown."""
    if not await ports.passengers.remove(user, passenger_id):
        raise rejections.SavedPassengerUnknown()


async def _sealed(ports: SavedPassengerPorts, user: str, saved: SavedPassenger) -> StoredPassenger:
    beside = await ports.passengers.address_of(user)
    box = await sealed_beside(ports.vault, beside, _encode(saved.details))
    if box is None:
        raise CredentialsRefused
    return StoredPassenger(saved.id, box)


PassengersOf = Callable[[str], Awaitable[Sequence[SavedPassenger]]]
"""The saved passengers of a user, opened."""
