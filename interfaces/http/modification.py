"""Routes of changing plans: another date, flight or cabin by quote; a name by a few letters."""

import datetime as dt

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.booking.complete_change import AbandonChange
from application.booking.correct_name import CorrectName
from application.booking.modify_booking import ModifyBooking
from application.booking.people import Name
from application.booking.quote_modification import (
    ModificationQuote,
    neighbours_of,
    quote_modification,
)
from application.commands import stream_kinds
from application.pricing.journeys import WantedSegment
from domain.booking import documents, rejections
from domain.booking.state import Booking
from domain.inventory.state import Flight
from domain.kernel import money
from interfaces.http import auth, booking_view, commands, gateway_calls, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.booking import NameText
from interfaces.http.booking_view import BookingResponse
from interfaces.http.problems import Problem, invalid
from interfaces.http.strict_request import StrictRequest

_encode = msgspec.json.Encoder(order="deterministic").encode


class ModificationQuoteRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The segment to exchange (from 0), for all who fly it; without a flight, the same one."""

    segment: wire.SegmentIndex = 0
    flight_id: wire.FlightId | None = None
    cabin: wire.CabinName | None = None
    fare_class: wire.FareClassCode | None = None


class ModificationQuoteResponse(msgspec.Struct, rename="camel"):
    """`due` is paid first, or `back` is given back to `destination`; at most one is not zero.

    `difference` is the new price less the old, `fee` comes on top.
    """

    quote_id: str
    difference: wire.MoneyResponse
    fee_percent: int
    fee: wire.MoneyResponse
    due: wire.MoneyResponse
    back: wire.MoneyResponse
    destination: str
    valid_until: dt.datetime


class ModifyRequest(idempotency.KeyedRequest):
    """Accept a modification quote."""

    quote_id: wire.QuoteId


class NameRequest(idempotency.KeyedRequest):
    """The name as it should be."""

    passenger: wire.PassengerIndex
    first_name: NameText
    last_name: NameText


@post(
    "/api/bookings/{booking_id:str}/modification-quote",
    status_code=200,
    **auth.signed_in(None, "booking"),
)
async def quote(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[ModificationQuoteRequest]
) -> ModificationQuoteResponse:
    """What the change would cost; nothing is held by it."""
    stream, booking = await booking_view.changeable(request, booking_id)
    made = await _quote(request, stream, booking, data)
    modification = made.modification

    def shown(amount: int) -> wire.MoneyResponse:
        return wire.money_response(money.Money(amount, booking.currency))

    return ModificationQuoteResponse(
        quote_id=request.ports.signer.issue(made),
        difference=shown(made.difference),
        fee_percent=made.percent,
        fee=shown(modification.fee),
        due=shown(modification.due),
        back=shown(modification.back),
        destination=modification.destination,
        valid_until=made.valid_until,
    )


async def _quote(
    request: StrictRequest, stream: str, booking: Booking, data: ModificationQuoteRequest
) -> ModificationQuote:
    if data.segment >= len(booking.segments):
        raise rejections.NoSuchPart(segment=data.segment)
    flights = [await _flight(request, each.flight) for each in booking.segments]
    assert all(flight is not None for flight in flights)
    had = booking.segments[data.segment]
    known = tuple(flight for flight in flights if flight is not None)
    cabin = had.cabin if data.cabin is None else wire.CABIN_CODES[data.cabin]
    to = WantedSegment(data.flight_id or had.flight, cabin, data.fare_class)
    return quote_modification(
        stream,
        booking,
        known[data.segment],
        await _flight(request, to.flight),
        segment=data.segment,
        to=to,
        neighbours=neighbours_of(booking, data.segment, known),
        reason="requested",
        now=request.ports.now(),
    )


async def _flight(request: StrictRequest, stream: str) -> Flight | None:
    return (await request.ports.bus.current(stream_kinds.FLIGHT, stream))[0]


@post("/api/bookings/{booking_id:str}/modify", status_code=200, **auth.signed_in(None, "booking"))
async def modify(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[ModifyRequest]
) -> Answered[BookingResponse]:
    """Exchange at once where nothing is due; otherwise hold the new seats until it is paid."""
    identity = idempotency.required(request, data)
    stream, booking = await booking_view.changeable(request, booking_id)
    command = await accepted_change(request, data.quote_id, stream, booking)
    done = await commands.carry_out(request, identity, command)
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


async def accepted_change(
    request: StrictRequest, quote_id: str, stream: str, booking: Booking
) -> ModifyBooking:
    """The command that a modification quote of this booking stands for."""
    accepted = request.ports.signer.accept(quote_id, ModificationQuote)
    if accepted.booking != stream:
        raise invalid("quoteId", "belongs to another booking")
    serials: list[int] = []
    if accepted.modification.due == 0:
        serials = await request.ports.stock.draw(len(booking.passengers))
    return ModifyBooking(
        quote=accepted, airline_code=request.ports.airline_code, serials=tuple(serials)
    )


@post(
    "/api/bookings/{booking_id:str}/abandon-change",
    status_code=200,
    **auth.signed_in(None, "booking"),
)
async def abandon(request: StrictRequest, booking_id: FromPath[str]) -> Answered[BookingResponse]:
    """Give an accepted change up before it is paid: the booking is what it was."""
    data = await request.optional_json(idempotency.KeyedRequest)
    identity = idempotency.optional(request, data)
    stream, booking = await booking_view.changeable(request, booking_id)
    if booking.modification is not None and not booking.modification_paid:
        # Nobody must be able to pay for what is given up.
        with gateway_calls.told():
            await request.ports.releaser.end_live_session(
                stream, booking, cause=commands.cause(request, identity)
            )
    done = await commands.carry_out(request, identity, AbandonChange(booking_id=stream))
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


@post(
    "/api/bookings/{booking_id:str}/correct-name",
    status_code=200,
    **auth.signed_in(None, "booking"),
)
async def correct_name(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[NameRequest]
) -> Answered[BookingResponse]:
    """Correct up to three letters; another person needs another ticket."""
    identity = idempotency.optional(request, data)
    stream, booking = await booking_view.changeable(request, booking_id)
    if data.passenger >= len(booking.passengers):
        raise rejections.NoSuchPart(passenger=data.passenger)
    former = booking.passengers[data.passenger].name
    texts = await request.ports.vault.open_all([booking.sold_names[data.passenger], former])
    if texts[0] is None or texts[1] is None:
        raise Problem("NOT_FOUND", details={"passenger": data.passenger})
    sold, known = (msgspec.json.decode(text, type=Name) for text in texts if text is not None)
    name = Name(data.first_name, data.last_name)
    distance = documents.letters_between(
        f"{sold.first_name}\n{sold.last_name}", f"{name.first_name}\n{name.last_name}"
    )
    command = CorrectName(
        booking_id=stream,
        passenger=data.passenger,
        former=former,
        name=request.ports.vault.seal(former.subject, _encode(name)),
        distance=distance,
        is_new=name != known,
    )
    done = await commands.carry_out(request, identity, command)
    return Answered(
        await booking_view.opened(request, done.stream, done.booking), headers=done.headers
    )


ROUTES = (quote, modify, abandon, correct_name)
