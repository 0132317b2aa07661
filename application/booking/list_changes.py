"""List what has changed in the bookings of a user, the oldest first."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from application.identity.ports import Principal
from application.queries import AsOf

ChangeKind = Literal[
    "booked",
    "status",
    "seats",
    "passengers",
    "check_in",
    "cancellation",
    "modification",
    "extras",
    "disruption",
    "suspension",
    "division",
    "attached",
    "payment",
    "refund",
]
"""In what a booking has changed, as its accounts see it."""


class BookingChange(msgspec.Struct, frozen=True):
    """A booking has changed."""

    booking_id: str
    kind: ChangeKind


class ChangePage(msgspec.Struct, frozen=True):
    """Changes, the oldest first.

    The next page is behind `cursor`, which is None where there never was a change.
    """

    changes: Sequence[BookingChange]
    cursor: str | None
    has_more: bool
    as_of: AsOf


class ListChanges(Protocol):
    """The read model `account_changes`."""

    async def __call__(self, *, account: str, after: str | None, limit: int) -> ChangePage:
        """Return the page behind the cursor; rejects CursorRefused, raises Unavailable."""
        ...


async def list_changes(
    changes: ListChanges, principal: Principal, *, after: str | None, limit: int
) -> ChangePage:
    """Return the changes after a cursor, from the first one without it; rejects CursorRefused."""
    return await changes(account=principal.user, after=after, limit=limit)
