"""Routes of boarding passes: the bar code as text, a picture for the phone, a page to print."""

import asyncio
import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from application.booking import inspect_documents
from application.booking.people import Name
from application.commands import stream_kinds
from domain.booking import boarding_pass
from domain.booking.boarding_pass import BoardingPassFacts
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.state import Booking
from domain.inventory.state import Flight
from domain.kernel import ids
from interfaces.http import auth, booking_view
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest

HAS_PASS = frozenset({CouponStatus.CHECKED_IN, CouponStatus.LIFTED, CouponStatus.FLOWN})
MEDIA_TYPES = {"png": "image/png", "pdf": "application/pdf"}
CARRIER_LENGTH = 2
BOARDING_STARTS = dt.timedelta(minutes=45)


class BoardingPassResponse(msgspec.Struct, rename="camel"):
    """One pass; `bcbp` is what its bar code says (IATA Resolution 792)."""

    passenger: int
    segment: int
    flight_id: str
    seat: str | None
    sequence: int
    bcbp: str
    png_url: str
    pdf_url: str


class BoardingPassesResponse(msgspec.Struct, rename="camel"):
    """Of everybody who is checked in, flight by flight."""

    boarding_passes: list[BoardingPassResponse]


@get("/api/bookings/{booking_id:str}/boarding-passes", **auth.signed_in("see_own_bookings"))
async def list_boarding_passes(
    request: StrictRequest, booking_id: FromPath[str]
) -> BoardingPassesResponse:
    """The passes that there are by now."""
    stream, booking = await booking_view.visible(request, booking_id)
    found = []
    for coupon in sorted(booking.coupons, key=lambda each: (each.segment, each.passenger)):
        if coupon.status not in HAS_PASS:
            continue
        facts = await _facts(request, stream, booking, coupon)
        place = f"/api/bookings/{stream}/boarding-passes/{coupon.segment}/{coupon.passenger}"
        found.append(
            BoardingPassResponse(
                passenger=coupon.passenger,
                segment=coupon.segment,
                flight_id=booking.segments[coupon.segment].flight,
                seat=coupon.seat,
                sequence=facts.sequence,
                bcbp=_encoded(facts),
                png_url=f"{place}/png",
                pdf_url=f"{place}/pdf",
            )
        )
    return BoardingPassesResponse(found)


@get(
    "/api/bookings/{booking_id:str}/boarding-passes/{segment:int}/{passenger:int}/{form:str}",
    **auth.signed_in("see_own_bookings", gives=tuple(MEDIA_TYPES.values())),
)
async def print_boarding_pass(
    request: StrictRequest,
    booking_id: FromPath[str],
    segment: FromPath[int],
    passenger: FromPath[int],
    form: FromPath[Literal["png", "pdf"]],
) -> Response[bytes]:
    """One pass as a picture or as a page."""
    stream, booking = await booking_view.visible(request, booking_id)
    coupon = booking.coupon(passenger, segment)
    if coupon is None or coupon.status not in HAS_PASS:
        raise Problem("NOT_FOUND")
    facts = await _facts(request, stream, booking, coupon)
    _encoded(facts)
    printer = request.ports.boarding_passes
    draw = printer.png if form == "png" else printer.pdf
    return Response(
        await asyncio.to_thread(draw, facts),
        media_type=MEDIA_TYPES[form],
        headers={"cache-control": "private, no-store"},
    )


def _encoded(facts: BoardingPassFacts) -> str:
    try:
        return boarding_pass.bcbp(facts)
    except boarding_pass.NameNotLatin:
        raise Problem(
            "INVALID_STATE_TRANSITION", details={"reason": "name_is_not_in_latin_letters"}
        ) from None


async def _facts(
    request: StrictRequest, stream: str, booking: Booking, coupon: Coupon
) -> BoardingPassFacts:
    segment = booking.segments[coupon.segment]
    flight = (await request.ports.bus.current(stream_kinds.FLIGHT, segment.flight))[0]
    assert flight is not None
    passenger = booking.passengers[coupon.passenger]
    (text,) = await request.ports.vault.open_all([passenger.name])
    if text is None:
        raise Problem("NOT_FOUND")
    name = msgspec.json.decode(text, type=Name)
    assert coupon.sequence is not None
    return BoardingPassFacts(
        surname=name.last_name,
        given_name=name.first_name,
        passenger_type=passenger.type,
        reference=ids.reference_of(stream),
        ticket=next(t.number for t in booking.tickets if t.passenger == coupon.passenger),
        origin=flight.origin,
        destination=flight.destination,
        carrier=flight.number[:CARRIER_LENGTH],
        flight_number=flight.number[CARRIER_LENGTH:],
        departure_date=inspect_documents.local_date(flight),
        compartment=segment.fare_class,
        seat=coupon.seat,
        sequence=coupon.sequence,
        departure_time=_clock(flight, flight.departs_at),
        boarding_time=_clock(flight, flight.departs_at - BOARDING_STARTS),
    )


def _clock(flight: Flight, instant: dt.datetime) -> dt.time:
    """What the clocks at the origin show."""
    return instant.astimezone(ZoneInfo(flight.origin_zone)).time().replace(microsecond=0)


ROUTES = (list_boarding_passes, print_boarding_pass)
