"""What queries return: the types that the read models' ports promise to HTTP and to timers."""

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar, Protocol

import msgspec

from domain.kernel.rejections import Rejection


class AsOf(msgspec.Struct, frozen=True):
    """How far the read model was that an answer came from.

    The answer contains the log up to `position`; `lag_seconds` is the age of the oldest event
    that it may not contain, 0 when it contains all.
    """

    position: int
    lag_seconds: float


class CursorRefused(Rejection):
    """The cursor was not made by this list."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ListedBooking(msgspec.Struct, frozen=True):
    """A booking in its owner's list; nothing personal."""

    booking_id: str
    status: str
    flights: tuple[str, ...]
    total: int
    currency: str
    hold_until: dt.datetime | None
    created_at: dt.datetime


class BookingPage(msgspec.Struct, frozen=True):
    """Newest first; `next_cursor` is None on the last page."""

    bookings: Sequence[ListedBooking]
    next_cursor: str | None
    as_of: AsOf


class ListBookings(Protocol):
    """The read model `booking_list`."""

    async def __call__(self, *, owner: str, cursor: str | None, limit: int) -> BookingPage:
        """Return the page behind the cursor; rejects CursorRefused, raises Unavailable."""
        ...
