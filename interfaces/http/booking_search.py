"""The route by which staff find bookings; a body, because addresses of requests end up in logs."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from application.booking import find_bookings as finding
from application.booking.find_bookings import FoundBooking, Searcher
from application.booking.search_terms import Criterion
from domain.kernel import ids
from interfaces.http import auth, wire
from interfaces.http.answers import Answered
from interfaces.http.booking import PhoneText
from interfaces.http.maintenance import SERVED
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

FlightNumberText = Annotated[str, msgspec.Meta(pattern=ids.FLIGHT_NUMBER_PATTERN)]
TicketText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{3}-?[0-9]{10}$(?!\n)")]
DocumentText = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9 -]{3,30}$(?!\n)")]
CursorText = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$(?!\n)")]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=50)]


class FlightDayRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A flight by its number and its local day of departure, as it was first scheduled."""

    flight_number: FlightNumberText
    date: dt.date


class BookingSearchRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Exactly one of name, e-mail, telephone number, ticket, document or flight.

    `name` is a surname or a whole name, in Latin or Arabic letters; of `phone` the last nine digits
    count.
    """

    name: wire.ArabicNameText | None = None
    email: wire.EmailText | None = None
    phone: PhoneText | None = None
    ticket_number: TicketText | None = None
    document_number: DocumentText | None = None
    flight: FlightDayRequest | None = None
    cursor: CursorText | None = None
    limit: PageSize = 20


class SearchedBookingResponse(msgspec.Struct, rename="camel"):
    """A booking that fits; nothing personal."""

    id: str
    reference: str
    status: str
    flight_ids: list[str]
    passenger_count: int


class BookingSearchResponse(msgspec.Struct, rename="camel"):
    """By reference; `nextCursor` is null on the last page."""

    bookings: list[SearchedBookingResponse]
    next_cursor: str | None


@post("/api/admin/bookings/find", status_code=200, **SERVED, **auth.signed_in("find_bookings"))
async def find_bookings(
    request: StrictRequest, data: JSONBody[BookingSearchRequest]
) -> Answered[BookingSearchResponse]:
    """Find bookings by one thing; every search is recorded as a keyed hash of what was looked for.

    New bookings are found after some seconds; by their flight at once.
    """
    criterion, text = _wanted(data)
    scope = request.scope
    found = await finding.find_bookings(
        request.ports.booking_search,
        Searcher(
            user=request.principal.user,
            route=f"{scope['method']} {scope['path_template']}",
            address=auth.address_of(request),
        ),
        criterion,
        text,
        cursor=data.cursor,
        limit=data.limit,
    )
    return Answered(
        BookingSearchResponse([_found(each) for each in found.bookings], found.next_cursor)
    )


def _wanted(data: BookingSearchRequest) -> tuple[Criterion, str]:
    """Return the one criterion and what to look for."""
    given: dict[Criterion, str | None] = {
        "name": data.name,
        "email": data.email,
        "phone": data.phone,
        "ticket": data.ticket_number,
        "document": data.document_number,
        "flight": None if data.flight is None else _flight_id(data.flight),
    }
    wanted = [(criterion, text) for criterion, text in given.items() if text is not None]
    if len(wanted) != 1:
        raise invalid(
            "name",
            "one of name, email, phone, ticketNumber, documentNumber and flight is expected",
        )
    return wanted[0]


def _flight_id(flight: FlightDayRequest) -> str:
    return ids.flight_stream(ids.flight_number(flight.flight_number), flight.date.isoformat())


def _found(booking: FoundBooking) -> SearchedBookingResponse:
    return SearchedBookingResponse(
        id=booking.booking_id,
        reference=ids.reference_of(booking.booking_id),
        status=booking.status,
        flight_ids=list(booking.flights),
        passenger_count=booking.passenger_count,
    )


ROUTES = (find_bookings,)
