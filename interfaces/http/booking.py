"""Routes of bookings: create, read, list, history. Nothing is decided here."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.booking.create_booking import CreateBooking, Mode
from application.booking.hold_booking import HoldBooking
from application.booking.people import Contact, Name
from application.commands import stream_kinds
from application.pricing.journeys import Priced, WantedSegment
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.values import Passenger, SeatChoice
from domain.kernel import ids, sealed
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from interfaces.http import auth, booking_view, commands, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_view import BookingResponse
from interfaces.http.ports import ForgedCursor
from interfaces.http.problems import invalid, prefers_arabic
from interfaces.http.strict_request import StrictRequest

# No control characters: a name must not forge a line of a log or of a letter.
NameText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
]
EmailText = Annotated[
    str, msgspec.Meta(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$")
]
PhoneText = Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9 ()-]{5,20}$")]
PAGE_LIMIT = 100

_encode = msgspec.json.Encoder(order="deterministic").encode


class PassengerRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A traveller, named as in the passport."""

    first_name: NameText
    last_name: NameText
    type: PassengerType = "ADT"


class ContactRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Where the travellers are reached."""

    email: EmailText
    phone: PhoneText | None = None


class BookingRequest(idempotency.KeyedRequest):
    """A flight at the price of this moment, or a quoted journey at its own.

    `mode` draft keeps the price without seats; waitlist queues where there are none.
    """

    passengers: Annotated[list[PassengerRequest], msgspec.Meta(min_length=1, max_length=9)]
    contact: ContactRequest
    flight_id: wire.FlightId | None = None
    quote_id: wire.QuoteId | None = None
    cabin: wire.CabinName = "economy"
    extras: Annotated[tuple[wire.ExtraRequest, ...], msgspec.Meta(max_length=72)] = ()
    seats: Annotated[tuple[wire.SeatRequest, ...], msgspec.Meta(max_length=36)] = ()
    mode: Mode = "hold"


class HoldRequest(idempotency.KeyedRequest):
    """`waitlist` queues where there are no seats."""

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
    """What happened, when, by whom, why, from which status to which."""

    position: int
    event: str
    recorded_at: dt.datetime
    actor: str
    correlation_id: str
    before: str | None
    after: str
    reason: str | None


class HistoryResponse(msgspec.Struct, rename="camel"):
    """In order."""

    entries: list[HistoryEntryResponse]


@post("/api/bookings", status_code=201, **auth.signed_in("book", "booking"))
async def create_booking(
    request: StrictRequest, data: JSONBody[BookingRequest]
) -> Answered[BookingResponse]:
    """Hold the seats of all flights for fifteen minutes, or none."""
    identity = idempotency.required(request, data)
    outcome = await commands.submit(request, identity, _command(request, data))
    stream = outcome.answer.stream
    if outcome.state is not None:
        names = [Name(each.first_name, each.last_name) for each in data.passengers]
        return Answered(await booking_view.response(request, stream, outcome.state, names))
    booking = await request.ports.stream_history.as_of(
        stream_kinds.BOOKING, stream, outcome.answer.version
    )
    assert booking is not None
    return Answered(await booking_view.opened(request, stream, booking), headers=commands.REPLAYED)


@post("/api/bookings/{booking_id:str}/hold", status_code=200, **auth.signed_in("book", "booking"))
async def hold_booking(
    request: StrictRequest, booking_id: FromPath[str]
) -> Answered[BookingResponse]:
    """Ask for the seats of a draft."""
    data = await request.optional_json(HoldRequest)
    identity = idempotency.optional(request, data)
    stream, _ = await booking_view.changeable(request, booking_id)
    waits = data is not None and data.waitlist
    command = HoldBooking(booking_id=stream, mode="waitlist" if waits else "hold")
    done = await commands.carry_out(request, identity, command)
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


@get("/api/bookings", **auth.signed_in("see_own_bookings"))
async def list_bookings(
    request: StrictRequest,
    cursor: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter()] = 20,
) -> BookingPageResponse:
    """The bookings of who asks."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid("limit", f"1 to {PAGE_LIMIT} is expected")
    try:
        rows, next_cursor, as_of = await request.ports.list_bookings(
            owner=request.principal.user, cursor=cursor, limit=limit
        )
    except ForgedCursor:
        raise invalid("cursor", "not a cursor of this list") from None
    listed = [
        ListedBookingResponse(
            id=row.booking,
            reference=ids.reference_of(row.booking),
            status=row.status,
            flight_id=row.flights[0],
            flight_ids=list(row.flights),
            total=wire.MoneyResponse(row.total, row.currency),
            hold_until=row.hold_until,
            created_at=row.created_at,
        )
        for row in rows
    ]
    return BookingPageResponse(
        bookings=listed,
        next_cursor=next_cursor,
        as_of_position=as_of.position,
        lag_seconds=as_of.lag_seconds,
    )


@get("/api/bookings/{booking_id:str}", **auth.signed_in("see_own_bookings"))
async def read_booking(request: StrictRequest, booking_id: FromPath[str]) -> BookingResponse:
    """One booking by id or reference, as the log has it now."""
    stream, booking = await booking_view.visible(request, booking_id)
    return await booking_view.opened(request, stream, booking)


@get("/api/bookings/{booking_id:str}/history", **auth.signed_in("see_own_bookings"))
async def read_history(request: StrictRequest, booking_id: FromPath[str]) -> HistoryResponse:
    """What happened to the booking, in order; nothing personal."""
    stream, _ = await booking_view.visible(request, booking_id)
    booking: Booking | None = None
    entries: list[HistoryEntryResponse] = []
    for recorded in await request.ports.stream_history.events_of(stream):
        before = booking.status.value if booking is not None else None
        event: Any = recorded.event
        booking = evolve(booking, event)
        entries.append(
            HistoryEntryResponse(
                position=recorded.position,
                event=recorded.event.tag,
                recorded_at=recorded.recorded_at,
                actor=recorded.actor,
                correlation_id=recorded.correlation_id,
                before=before,
                after=booking.status.value,
                reason=_reason(event),
            )
        )
    return HistoryResponse(entries)


def _reason(event: Any) -> str | None:
    """Why, where somebody said so."""
    modification = getattr(event, "modification", None)
    reason: str | None = getattr(event if modification is None else modification, "reason", None)
    return reason


def _command(request: StrictRequest, data: BookingRequest) -> CreateBooking:
    """Seal what is personal, each passenger under a key of their own, the contact under the
    first passenger's."""
    vault = request.ports.vault
    wanted = _wanted(request, data)
    keys, passengers = [], []
    for traveller in data.passengers:
        subject, key = vault.new_subject()
        keys.append(key)
        name = _encode(Name(traveller.first_name, traveller.last_name))
        passengers.append(Passenger(traveller.type, vault.seal(subject, name)))
    arabic = prefers_arabic((request.header(b"accept-language") or b"")[:256])
    contact = Contact(data.contact.email, data.contact.phone, "ar" if arabic else "en")
    return msgspec.structs.replace(
        wanted,
        passengers=tuple(passengers),
        contact=vault.seal(keys[0].subject, _encode(contact)),
        keys=tuple(keys),
    )


def _wanted(request: StrictRequest, data: BookingRequest) -> CreateBooking:
    """The journey of the quote, or of the request at the price of this moment."""
    mode: Mode = data.mode
    quoted, until = None, None
    segments: tuple[WantedSegment, ...] = ()
    seats = tuple(SeatChoice(each.passenger, each.segment, each.seat) for each in data.seats)
    if data.quote_id is not None:
        if data.seats or data.extras:
            raise invalid("quoteId", "seats and extras are part of the quote")
        quote = request.ports.quotes.accept(
            data.quote_id,
            passengers=tuple(passenger.type for passenger in data.passengers),
            now=request.ports.now(),
        )
        if data.flight_id not in {None, quote.segments[0].flight}:
            raise invalid("flightId", "differs from the quote's flight")
        quoted, until, seats = Priced(quote.segments, quote.price), quote.valid_until, quote.seats
        segments = tuple(
            WantedSegment(each.flight, each.cabin, each.fare_class) for each in quote.segments
        )
    elif data.flight_id is not None:
        segments = (WantedSegment(data.flight_id, wire.CABIN_CODES[data.cabin]),)
    else:
        raise invalid("flightId", "missing")
    return CreateBooking(
        owner=request.principal.user,
        wanted=segments,
        passengers=(),
        contact=sealed.Sealed("", b""),
        keys=(),
        extras=tuple(ExtraChoice(each.code, each.passenger, each.segment) for each in data.extras),
        seats=seats,
        quoted=quoted,
        quoted_until=until,
        mode=mode,
    )


ROUTES = (create_booking, hold_booking, list_bookings, read_booking, read_history)
