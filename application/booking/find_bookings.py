"""Staff find bookings by one thing that they know of a traveller; each search is recorded."""

import base64
import binascii
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from application.booking import search_terms
from application.booking.index_bookings import Search, SearchIndex
from application.booking.search_terms import Criterion
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.queries import CursorRefused
from domain.booking.state import Booking
from domain.kernel import ids
from domain.kernel.rejections import Rejection


class SearchRefused(Rejection):
    """Nothing is left of the text that could be looked for."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class SearchPorts(msgspec.Struct, frozen=True):
    """What staff's searches need."""

    bus: CommandBus
    index: SearchIndex


class Searcher(msgspec.Struct, frozen=True):
    """Who searches, by which route, from which address as it is counted."""

    user: str
    route: str
    address: str


class FoundBooking(msgspec.Struct, frozen=True):
    """A booking as the log has it now; nothing personal."""

    booking_id: str
    status: str
    flights: tuple[str, ...]
    passenger_count: int


class FoundBookings(msgspec.Struct, frozen=True):
    """A page of bookings by reference; `next_cursor` is None on the last page."""

    bookings: Sequence[FoundBooking]
    next_cursor: str | None


async def find_bookings(
    ports: SearchPorts,
    searcher: Searcher,
    criterion: Criterion,
    text: str,
    *,
    cursor: str | None,
    limit: int,
) -> FoundBookings:
    """Return a page of the bookings that fit; `text` of a flight is its id.

    A name is a surname or the whole name. The index follows the log within seconds. Rejects
    SearchRefused and CursorRefused.
    """
    form = search_terms.form_of(criterion, text)
    if not form:
        raise SearchRefused(field=criterion, reason="nothing to look for")
    after = "" if cursor is None else _position(cursor)
    found: Sequence[str]
    search = Search(criterion, form, searcher.user, searcher.route, searcher.address)
    if criterion == "flight":
        await ports.index.record(search)
        found = await _on_flight(ports, form, after=after, limit=limit + 1)
    else:
        found = await ports.index.find(search, after=after, limit=limit + 1)
    page = list(found[:limit])
    states = await ports.bus.current_all(stream_kinds.BOOKING, page)
    bookings = [_shown(name, state) for name in page if (state := states[name][0]) is not None]
    return FoundBookings(bookings, _cursor(page[-1]) if len(found) > limit else None)


def _shown(booking_id: str, booking: Booking) -> FoundBooking:
    return FoundBooking(
        booking_id=booking_id,
        status=booking.status.value,
        flights=tuple(each.flight for each in booking.segments),
        passenger_count=len(booking.passengers),
    )


async def _on_flight(ports: SearchPorts, flight_id: str, *, after: str, limit: int) -> list[str]:
    flight = (await ports.bus.current(stream_kinds.FLIGHT, flight_id))[0]
    if flight is None:
        return []
    on_board = sorted(booking for booking, _ in flight.allocations.items())
    return [each for each in on_board if each > after][:limit]


def _cursor(booking_id: str) -> str:
    return base64.urlsafe_b64encode(ids.reference_of(booking_id).encode()).decode().rstrip("=")


def _position(cursor: str) -> str:
    """Return the booking after which the page begins; it needs no secret, as it shows nothing."""
    try:
        reference = base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=True)
        booking_id = ids.booking_id_of(reference.decode("ascii"))
    except (binascii.Error, UnicodeError):
        booking_id = None
    if booking_id is None or _cursor(booking_id) != cursor:
        raise CursorRefused(field="cursor", reason="not a cursor of this list")
    return booking_id
