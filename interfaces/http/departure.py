"""Routes from seat choice to the gate: seats, documents, check-in, boarding, offload, no-show."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking.cancel_booking import CancelBooking, Part, quote_cancellation
from application.booking.check_in import Board, CheckIn
from application.booking.choose_seats import ChooseSeats
from application.booking.close_flight import CloseFlight
from application.booking.documents import TravelDocument, require_fit
from application.booking.inspect_documents import inspect, local_date
from application.booking.record_document import RecordDocument
from application.commands import stream_kinds
from application.commands.command import Command
from domain.booking import check_in as booking_check_in
from domain.booking import rejections
from domain.booking.state import Booking
from domain.inventory.events import Place
from domain.inventory.state import Flight, FlightStatus
from interfaces.http import auth, booking_view, commands, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking_view import BookingResponse
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

Passengers = Annotated[list[wire.PassengerIndex], msgspec.Meta(min_length=1, max_length=9)]
CountryCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
DocumentNumber = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]{4,20}$")]

_encode = msgspec.json.Encoder(order="deterministic").encode


class PlaceRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A seat such as `12A` for a passenger, counted from 0."""

    passenger: wire.PassengerIndex
    seat: wire.SeatNumber


class SeatsRequest(idempotency.KeyedRequest):
    """Seats on one flight of the journey."""

    seats: Annotated[list[PlaceRequest], msgspec.Meta(min_length=1, max_length=9)]
    segment: wire.SegmentIndex = 0


class DocumentRequest(idempotency.KeyedRequest):
    """A travel document as its machine-readable zone has it (ICAO 9303); kept sealed."""

    passenger: wire.PassengerIndex
    kind: Literal["passport", "identity_card"]
    number: DocumentNumber
    issuing_country: CountryCode
    nationality: CountryCode
    birth_date: dt.date
    sex: Literal["F", "M", "X"]
    expires_on: dt.date


class GateRequest(idempotency.KeyedRequest):
    """Passengers of one flight of the journey; without them, all whom it concerns."""

    segment: wire.SegmentIndex = 0
    passengers: Passengers | None = None


class OffloadRequest(idempotency.KeyedRequest):
    """Take passengers off a flight; by the airline's fault nothing is kept of their money."""

    reason: wire.ReasonText
    fault: Literal["airline", "passenger"]
    segment: wire.SegmentIndex = 0
    passengers: Passengers | None = None


async def _answered(
    request: StrictRequest, identity: idempotency.CommandIdentity, command: Command
) -> Answered[BookingResponse]:
    done = await commands.carry_out(request, identity, command)
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


async def _flight_of(request: StrictRequest, booking: Booking, segment: int) -> Flight:
    if segment >= len(booking.segments):
        raise rejections.NoSuchPart(segment=segment)
    name = booking.segments[segment].flight
    flight = (await request.ports.bus.current(stream_kinds.FLIGHT, name))[0]
    assert flight is not None
    return flight


@post("/api/bookings/{booking_id:str}/seats", status_code=200, **auth.signed_in(None, "booking"))
async def choose_seats(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[SeatsRequest]
) -> Answered[BookingResponse]:
    """Take seats on a flight; seats that cost something are bought with the booking."""
    identity = idempotency.optional(request, data)
    stream, _ = await booking_view.changeable(request, booking_id)
    places = tuple(Place(each.passenger, each.seat) for each in data.seats)
    command = ChooseSeats(booking_id=stream, segment=data.segment, places=places)
    return await _answered(request, identity, command)


@post(
    "/api/bookings/{booking_id:str}/documents", status_code=200, **auth.signed_in(None, "booking")
)
async def record_document(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[DocumentRequest]
) -> Answered[BookingResponse]:
    """Keep a passenger's document; refused now rather than at the counter if it does not do."""
    identity = idempotency.optional(request, data)
    stream, booking = await booking_view.changeable(
        request, booking_id, by_staff="handle_passengers"
    )
    if data.passenger >= len(booking.passengers):
        raise rejections.NoSuchPart(passenger=data.passenger)
    document = TravelDocument(
        kind=data.kind,
        number=data.number,
        issuing_country=data.issuing_country,
        nationality=data.nationality,
        birth_date=data.birth_date,
        sex=data.sex,
        expires_on=data.expires_on,
    )
    passenger = booking.passengers[data.passenger]
    for segment in {each.segment for each in booking.open_coupons()}:
        flight = await _flight_of(request, booking, segment)
        require_fit(
            document,
            passenger=data.passenger,
            passenger_type=passenger.type,
            departs_on=local_date(flight),
            international=not flight.domestic,
        )
    box = request.ports.vault.seal(passenger.name.subject, _encode(document))
    return await _answered(
        request,
        identity,
        RecordDocument(booking_id=stream, passenger=data.passenger, document=box),
    )


@post("/api/bookings/{booking_id:str}/check-in", status_code=200, **auth.signed_in(None, "booking"))
async def check_in(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Check passengers in: each gets a seat and a sequence number."""
    data = await request.optional_json(GateRequest) or GateRequest()
    identity = idempotency.optional(request, data)
    stream, booking = await booking_view.changeable(
        request, booking_id, by_staff="handle_passengers"
    )
    flight = await _flight_of(request, booking, data.segment)
    wanted = None if data.passengers is None else tuple(data.passengers)
    waiting = booking_check_in.passengers_to_check_in(booking, data.segment, wanted)
    await inspect(request.ports.vault, booking, flight, waiting)
    command = CheckIn(
        booking_id=stream,
        segment=data.segment,
        passengers=wanted,
        window=request.ports.check_in_window,
    )
    return await _answered(request, identity, command)


@post(
    "/api/bookings/{booking_id:str}/board", status_code=200, **auth.signed_in("handle_passengers")
)
async def board(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Let checked-in passengers on board."""
    data = await request.optional_json(GateRequest) or GateRequest()
    identity = idempotency.optional(request, data)
    stream, _ = await booking_view.visible(request, booking_id)
    wanted = None if data.passengers is None else tuple(data.passengers)
    return await _answered(
        request, identity, Board(booking_id=stream, segment=data.segment, passengers=wanted)
    )


@post(
    "/api/bookings/{booking_id:str}/offload",
    status_code=200,
    **auth.signed_in("handle_passengers"),
)
async def offload(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[OffloadRequest]
) -> Answered[BookingResponse]:
    """Take passengers off a flight and give up their coupons from there on."""
    identity = idempotency.optional(request, data)
    stream, booking = await booking_view.visible(request, booking_id)
    later = tuple(range(data.segment, len(booking.segments)))
    quote = quote_cancellation(
        stream,
        booking,
        await booking_view.facts(request, booking),
        part=Part(
            passengers=None if data.passengers is None else tuple(data.passengers), segments=later
        ),
        at_gate=True,
        waiver=data.reason if data.fault == "airline" else None,
        now=request.ports.now(),
    )
    return await _answered(
        request, identity, CancelBooking(quote=quote, reason=f"offload: {data.reason}")
    )


@post(
    "/api/bookings/{booking_id:str}/no-show",
    status_code=200,
    **auth.signed_in("handle_passengers"),
)
async def no_show(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Close a departed flight for this booking now, rather than when the worker comes to it."""
    data = await request.optional_json(GateRequest) or GateRequest()
    identity = idempotency.optional(request, data)
    stream, booking = await booking_view.visible(request, booking_id)
    flight = await _flight_of(request, booking, data.segment)
    if flight.status is not FlightStatus.DEPARTED:
        raise Problem("INVALID_STATE_TRANSITION", details={"reason": "flight_has_not_departed"})
    command = CloseFlight(booking_id=stream, flight_id=booking.segments[data.segment].flight)
    return await _answered(request, identity, command)


ROUTES = (choose_seats, record_document, check_in, board, offload, no_show)
