"""Routes of bookings: create, hold, list, read and history."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.booking import booking_details
from application.booking import create_booking as creation
from application.booking import hold_booking as holding
from application.booking import list_bookings as listing
from application.booking import read_calendar as calendar_of
from application.booking import read_history as history
from application.booking.create_booking import WantedBooking
from application.booking.read_history import HistoryEntry
from application.booking.travellers import SavedTraveller, Traveller
from application.pricing.journeys import WantedExtra, WantedSeat
from application.queries import ListedBooking
from domain.kernel import ids
from interfaces.http import auth, booking_response, idempotency, sparse, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_response import BookingResponse
from interfaces.http.mailbox import required_mailbox
from interfaces.http.problems import invalid
from interfaces.http.saved_passengers import SavedPassengerId
from interfaces.http.strict_request import StrictRequest

# At least five digits, whatever stands between them.
PhoneText = Annotated[
    str, msgspec.Meta(pattern=r"^(?=(?:[^0-9]*[0-9]){5})\+?[0-9 ()-]{5,20}$(?!\n)")
]
PAGE_LIMIT = 100
CALENDAR_TYPE = "text/calendar"
# Names of members with commas between them; nothing is left out without it.
FieldsText = Annotated[str | None, QueryParameter()]


class PassengerRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A traveller, named in Latin letters as in the passport, without titles.

    `firstName` is null where the passport has one name only; `arabicName` is the whole name in
    Arabic, for letters and the boarding pass. Children and infants need a birth date. With
    `savedPassengerId` everything but the type is that of a passenger whom the caller has saved; a
    saved travel document is recorded if it is accepted for one of the flights.
    """

    first_name: wire.NameText | msgspec.UnsetType | None = msgspec.UNSET
    last_name: wire.NameText | msgspec.UnsetType = msgspec.UNSET
    type: wire.PassengerType = "ADT"
    birth_date: dt.date | None = None
    arabic_name: wire.ArabicNameText | None = None
    saved_passenger_id: SavedPassengerId | None = None


class ContactRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How the travellers are reached."""

    email: wire.EmailText
    phone: PhoneText | None = None


class BookingRequest(idempotency.KeyedRequest):
    """A flight at the price of this moment, or a quoted journey at its own.

    `cabin` is economy where neither it nor a quote says otherwise; a quote's is not contradicted.
    `mode` draft keeps the price without seats; waitlist joins the waitlist where there are none.
    """

    passengers: Annotated[list[PassengerRequest], msgspec.Meta(min_length=1, max_length=9)]
    contact: ContactRequest
    flight_id: wire.FlightId | None = None
    quote_id: wire.QuoteId | None = None
    cabin: wire.CabinName | None = None
    extras: Annotated[tuple[wire.ExtraRequest, ...], msgspec.Meta(max_length=72)] = ()
    seats: Annotated[tuple[wire.SeatRequest, ...], msgspec.Meta(max_length=36)] = ()
    mode: wire.BookingMode = "hold"


class HoldRequest(idempotency.KeyedRequest):
    """With `waitlist` the booking joins the waitlist where there are no seats."""

    waitlist: bool = False


class ListedBookingResponse(msgspec.Struct, rename="camel"):
    """A booking in the list."""

    id: str
    reference: str
    status: str
    flight_id: str
    flight_ids: list[str]
    total: wire.MoneyResponse
    hold_until: dt.datetime | None
    created_at: dt.datetime


class BookingPageResponse(wire.ReadModelResponse):
    """Newest first; `nextCursor` is null on the last page."""

    bookings: list[ListedBookingResponse]
    next_cursor: str | None


class HistoryEntryResponse(msgspec.Struct, rename="camel"):
    """What happened, when, by whom, why, from which status to which.

    `reason` is a code; `note` is what staff wrote, for staff only. `relatedBooking` is the
    reference of the booking that passengers have left, or have left for.
    """

    position: int
    event: str
    recorded_at: dt.datetime
    actor: str
    correlation_id: str
    before: str | None
    after: str
    reason: str | None
    note: str | None
    related_booking: str | None


class HistoryResponse(msgspec.Struct, rename="camel"):
    """What happened to the booking, in order."""

    entries: list[HistoryEntryResponse]


@post(
    "/api/bookings",
    by_language=True,
    status_code=201,
    idempotency_key="required",
    **auth.signed_in("book", "booking"),
)
async def create_booking(
    request: StrictRequest, data: JSONBody[BookingRequest]
) -> Answered[BookingResponse]:
    """Hold the seats of all flights for fifteen minutes, or none."""
    caller = idempotency.required(request, data)
    details = await creation.create_booking(request.ports.booking, caller, _wanted(data))
    return booking_response.answer(details)


def _wanted(data: BookingRequest) -> WantedBooking:
    """Return what to book; refuses a request that names neither flight nor quote."""
    if data.quote_id is not None and (data.seats or data.extras):
        raise invalid("quoteId", "seats and extras are part of the quote")
    if data.quote_id is None and data.flight_id is None:
        raise invalid("flightId", "missing")
    return WantedBooking(
        travellers=[_traveller(each, index) for index, each in enumerate(data.passengers)],
        email=required_mailbox(data.contact.email, field="contact.email"),
        phone=data.contact.phone,
        flight_id=data.flight_id,
        quote_id=data.quote_id,
        cabin=None if data.cabin is None else wire.CABIN_CODES[data.cabin],
        extras=tuple(WantedExtra(each.code, each.passenger, each.segment) for each in data.extras),
        seats=tuple(WantedSeat(each.passenger, each.segment, each.seat) for each in data.seats),
        mode=data.mode,
    )


def _traveller(data: PassengerRequest, index: int) -> Traveller | SavedTraveller:
    """Return a traveller by name, or a saved one; refuses one who is both or neither."""
    path = f"passengers[{index}]"
    if data.saved_passenger_id is not None:
        given = {
            "firstName": data.first_name is not msgspec.UNSET,
            "lastName": data.last_name is not msgspec.UNSET,
            "birthDate": data.birth_date is not None,
            "arabicName": data.arabic_name is not None,
        }
        for name, is_given in given.items():
            if is_given:
                raise invalid(f"{path}.{name}", "that of the saved passenger is taken")
        return SavedTraveller(data.saved_passenger_id, data.type)
    if isinstance(data.first_name, msgspec.UnsetType):
        raise invalid(f"{path}.firstName", "missing")
    if isinstance(data.last_name, msgspec.UnsetType):
        raise invalid(f"{path}.lastName", "missing")
    return Traveller(data.first_name, data.last_name, data.type, data.birth_date, data.arabic_name)


@post(
    "/api/bookings/{booking_id:str}/hold",
    status_code=200,
    idempotency_key="optional",
    optional_body=HoldRequest,
    **auth.signed_in("book", "booking"),
)
async def hold_booking(
    request: StrictRequest, booking_id: FromPath[str]
) -> Answered[BookingResponse]:
    """Hold the seats of a draft."""
    data = await request.optional_json(HoldRequest)
    caller = idempotency.optional(request, data)
    waitlist = data is not None and data.waitlist
    details = await holding.hold_booking(
        request.ports.booking, caller, booking_id, waitlist=waitlist
    )
    return booking_response.answer(details)


@get("/api/bookings", sparse=ListedBookingResponse, **auth.signed_in("see_own_bookings"))
async def list_bookings(
    request: StrictRequest,
    cursor: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter()] = 20,
    status: Annotated[str | None, QueryParameter()] = None,
    when: Annotated[Literal["upcoming", "past"] | None, QueryParameter()] = None,
    since: Annotated[dt.date | None, QueryParameter(name="from")] = None,
    until: Annotated[dt.date | None, QueryParameter(name="to")] = None,
    fields: FieldsText = None,
) -> Answered[BookingPageResponse]:
    """List the caller's own bookings: of statuses (`confirmed,checked_in`), upcoming or past, with
    a flight that leaves on these days, local at its origin; `fields` names the members of each that
    are wanted.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid("limit", f"1 to {PAGE_LIMIT} is expected")
    if since is not None and until is not None and until < since:
        raise invalid("to", "before from")
    page = await listing.list_bookings(
        request.ports.booking,
        request.principal,
        cursor=cursor,
        limit=limit,
        statuses=_statuses(status),
        upcoming=None if when is None else when == "upcoming",
        first_day=since,
        last_day=until,
    )
    answer = BookingPageResponse(
        bookings=[_listed(each) for each in page.bookings],
        next_cursor=page.next_cursor,
        as_of_position=page.as_of.position,
        lag_seconds=page.as_of.lag_seconds,
    )
    return Answered(sparse.only_of_each(answer, "bookings", ListedBookingResponse, fields))


def _statuses(text: str | None) -> list[str]:
    """Return the statuses of a list with commas; refuses unknown ones."""
    wanted = [] if text is None else text.split(",")
    if not set(wanted).issubset(listing.STATUSES):
        raise invalid("status", f"of {', '.join(listing.STATUSES)}, with commas between")
    return wanted


def _listed(booking: ListedBooking) -> ListedBookingResponse:
    return ListedBookingResponse(
        id=booking.booking_id,
        reference=ids.reference_of(booking.booking_id),
        status=booking.status,
        flight_id=booking.flights[0],
        flight_ids=list(booking.flights),
        total=wire.MoneyResponse(booking.total, booking.currency),
        hold_until=booking.hold_until,
        created_at=booking.created_at,
    )


@get(
    "/api/bookings/{booking_id:str}",
    sparse=BookingResponse,
    **auth.signed_in("see_own_bookings"),
)
async def read_booking(
    request: StrictRequest, booking_id: FromPath[str], fields: FieldsText = None
) -> Answered[BookingResponse]:
    """Read one booking by id or reference, as the log has it now; `fields` names the members that
    are wanted.
    """
    details = await booking_details.read_booking(
        request.ports.booking, request.principal, booking_id
    )
    return Answered(sparse.only(booking_response.response(details), fields))


@get(
    "/api/bookings/{booking_id:str}/calendar.ics",
    by_language=True,
    **auth.signed_in("see_own_bookings", gives=(CALENDAR_TYPE,)),
)
async def read_calendar(request: StrictRequest, booking_id: FromPath[str]) -> Response[bytes]:
    """Read the flights of a booking as a calendar file (RFC 5545), in Arabic or English."""
    calendar = await calendar_of.read_calendar(
        request.ports.booking, request.principal, booking_id, language=request.language
    )
    headers = {
        "cache-control": "private, no-store",
        "content-language": request.language,
        "vary": "Accept-Language",
    }
    return Response(calendar, media_type=CALENDAR_TYPE, headers=headers)


@get("/api/bookings/{booking_id:str}/history", **auth.signed_in("see_own_bookings"))
async def read_history(request: StrictRequest, booking_id: FromPath[str]) -> HistoryResponse:
    """Read what happened to the booking, in order."""
    entries = await history.read_history(request.ports.booking, request.principal, booking_id)
    return HistoryResponse([_entry(each) for each in entries])


def _entry(entry: HistoryEntry) -> HistoryEntryResponse:
    return HistoryEntryResponse(
        position=entry.position,
        event=entry.event,
        recorded_at=entry.recorded_at,
        actor=entry.actor,
        correlation_id=entry.correlation_id,
        before=entry.before,
        after=entry.after,
        reason=entry.reason,
        note=entry.note,
        related_booking=None if entry.related is None else ids.reference_of(entry.related),
    )


ROUTES = (create_booking, hold_booking, list_bookings, read_booking, read_calendar, read_history)
