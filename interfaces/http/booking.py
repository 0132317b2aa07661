"""Routes of bookings: create, read, list, history. Nothing is decided here."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application import streams
from application.booking.create_booking import CreateBooking
from application.booking.people import Contact, Name
from application.orders import Order
from domain.booking import rules
from domain.booking.events import Passenger
from domain.booking.state import Booking, evolve
from domain.identity import roles
from domain.pricing.price import PassengerType
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.ports import ForgedCursor
from interfaces.http.problems import Problem, invalid, prefers_arabic
from interfaces.http.strict_request import StrictRequest

# No control characters: a name must not forge a line of a log or of a letter.
NameText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
]
EmailText = Annotated[
    str, msgspec.Meta(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$")
]
PhoneText = Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9 ()-]{5,20}$")]
QuoteId = Annotated[str, msgspec.Meta(max_length=2048)]
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
    """A flight at the price of this moment, or a quote at its own."""

    passengers: Annotated[list[PassengerRequest], msgspec.Meta(min_length=1, max_length=9)]
    contact: ContactRequest
    flight_id: wire.FlightId | None = None
    quote_id: QuoteId | None = None
    cabin: wire.CabinName = "economy"


class PassengerResponse(msgspec.Struct, rename="camel"):
    """A traveller; names are null once the person was erased."""

    first_name: str | None
    last_name: str | None
    type: PassengerType
    ticket_number: str | None


class BookingResponse(msgspec.Struct, rename="camel"):
    """A booking as it is, or as it was when a replayed request made it."""

    id: str
    reference: str
    status: str
    flight_id: str
    cabin: wire.CabinName
    hold_until: dt.datetime | None
    total: wire.MoneyResponse
    lines: list[wire.PriceLineResponse]
    passengers: list[PassengerResponse]
    available_actions: list[str]


class ListedBookingResponse(msgspec.Struct, rename="camel"):
    """A booking in the list."""

    id: str
    reference: str
    status: str
    flight_id: str
    total: wire.MoneyResponse
    hold_until: dt.datetime | None
    created_at: dt.datetime


class BookingPageResponse(msgspec.Struct, rename="camel"):
    """Newest first; `nextCursor` is null on the last page."""

    bookings: list[ListedBookingResponse]
    next_cursor: str | None


class HistoryEntryResponse(msgspec.Struct, rename="camel"):
    """What happened, when, by whom, from which status to which."""

    position: int
    event: str
    recorded_at: dt.datetime
    actor: str
    correlation_id: str
    before: str | None
    after: str


class HistoryResponse(msgspec.Struct, rename="camel"):
    """In order."""

    entries: list[HistoryEntryResponse]


@post("/api/bookings", status_code=201, **auth.signed_in("book", "booking"))
async def create_booking(
    request: StrictRequest, data: JSONBody[BookingRequest]
) -> Answered[BookingResponse]:
    """Hold the seats for fifteen minutes."""
    identity = idempotency.required(request, data)
    command = _command(request, data)
    principal = request.principal
    outcome = await request.ports.desk.submit(
        Order(
            id=identity.command_id,
            command=command,
            actor=f"{principal.role}:{principal.user}",
            correlation_id=request.correlation_id,
            deadline=wire.deadline(),
            fingerprint=identity.fingerprint,
        )
    )
    stream = outcome.answer.stream
    if outcome.state is not None:
        names = [Name(p.first_name, p.last_name) for p in data.passengers]
        return Answered(_response(request, stream, outcome.state, names))
    booking = await request.ports.desk.as_of(streams.BOOKING, stream, outcome.answer.version)
    assert booking is not None
    return Answered(
        await _opened(request, stream, booking), headers={"idempotency-replayed": "true"}
    )


@get("/api/bookings", **auth.signed_in("see_own_bookings"))
async def list_bookings(
    request: StrictRequest, cursor: str | None = None, limit: int = 20
) -> BookingPageResponse:
    """The bookings of who asks."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid("limit", f"1 to {PAGE_LIMIT} is expected")
    try:
        rows, next_cursor = await request.ports.list_bookings(
            owner=request.principal.user, cursor=cursor, limit=limit
        )
    except ForgedCursor:
        raise invalid("cursor", "not a cursor of this list") from None
    listed = [
        ListedBookingResponse(
            id=row.booking,
            reference=row.booking.removeprefix("booking-"),
            status=row.status,
            flight_id=row.flight,
            total=wire.MoneyResponse(row.total, row.currency),
            hold_until=row.hold_until,
            created_at=row.created_at,
        )
        for row in rows
    ]
    return BookingPageResponse(listed, next_cursor)


@get("/api/bookings/{booking_id:str}", **auth.signed_in("see_own_bookings"))
async def read_booking(request: StrictRequest, booking_id: FromPath[str]) -> BookingResponse:
    """One booking by id or reference, as the log has it now."""
    stream, booking = await visible_booking(request, booking_id)
    return await _opened(request, stream, booking)


@get("/api/bookings/{booking_id:str}/history", **auth.signed_in("see_own_bookings"))
async def read_history(request: StrictRequest, booking_id: FromPath[str]) -> HistoryResponse:
    """What happened to the booking, in order; nothing personal."""
    stream, _ = await visible_booking(request, booking_id)
    booking: Booking | None = None
    entries: list[HistoryEntryResponse] = []
    for recorded in await request.ports.desk.history(stream):
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
            )
        )
    return HistoryResponse(entries)


async def visible_booking(request: StrictRequest, booking_id: str) -> tuple[str, Booking]:
    """The booking if who asks may see it; somebody else's is NOT_FOUND like none at all."""
    stream = wire.booking_stream(booking_id)
    booking = (await request.ports.desk.current(streams.BOOKING, stream))[0]
    principal = request.principal
    if booking is None or (
        booking.owner != principal.user and not roles.may(principal.role, "see_any_booking")
    ):
        raise Problem("NOT_FOUND")
    return stream, booking


def _command(request: StrictRequest, data: JSONBody[BookingRequest]) -> CreateBooking:
    """Seal what is personal, each passenger under a key of their own, the contact under the
    first passenger's."""
    vault = request.ports.vault
    flight, cabin, price = data.flight_id, wire.CABIN_CODES[data.cabin], None
    if data.quote_id is not None:
        types = tuple(passenger.type for passenger in data.passengers)
        now = request.ports.now()
        quote = request.ports.quotes.accept(data.quote_id, passengers=types, now=now)
        if flight not in {None, quote.flight}:
            raise invalid("flightId", "differs from the quote's flight")
        flight, cabin, price = quote.flight, quote.cabin, quote.price
    if flight is None:
        raise invalid("flightId", "missing")
    keys, passengers = [], []
    for traveller in data.passengers:
        subject, key = vault.new_subject()
        keys.append(key)
        name = _encode(Name(traveller.first_name, traveller.last_name))
        passengers.append(Passenger(traveller.type, vault.seal(subject, name)))
    arabic = prefers_arabic((request.header(b"accept-language") or b"")[:256])
    contact = Contact(data.contact.email, data.contact.phone, "ar" if arabic else "en")
    return CreateBooking(
        owner=request.principal.user,
        flight=flight,
        cabin=cabin,
        passengers=tuple(passengers),
        contact=vault.seal(keys[0].subject, _encode(contact)),
        keys=tuple(keys),
        quoted=price,
    )


async def _opened(request: StrictRequest, stream: str, booking: Booking) -> BookingResponse:
    boxes = [passenger.name for passenger in booking.passengers]
    opened = await request.ports.vault.open_all(boxes)
    names = [None if text is None else msgspec.json.decode(text, type=Name) for text in opened]
    return _response(request, stream, booking, names)


def _response(
    request: StrictRequest, stream: str, booking: Booking, names: list[Name] | list[Name | None]
) -> BookingResponse:
    tickets = {ticket.passenger: ticket.number for ticket in booking.tickets}
    return BookingResponse(
        id=stream,
        reference=stream.removeprefix("booking-"),
        status=booking.status.value,
        flight_id=booking.flight,
        cabin=wire.CABIN_NAMES[booking.cabin],
        hold_until=booking.hold_until,
        total=wire.money_response(booking.amount_due()),
        lines=wire.lines_response(booking.price),
        passengers=[
            PassengerResponse(
                first_name=name.first_name if name else None,
                last_name=name.last_name if name else None,
                type=passenger.type,
                ticket_number=tickets.get(index),
            )
            for index, (passenger, name) in enumerate(zip(booking.passengers, names, strict=True))
        ],
        available_actions=list(rules.available_actions(booking, now=request.ports.now())),
    )


ROUTES = (create_booking, list_bookings, read_booking, read_history)
