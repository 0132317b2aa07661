"""Read and print the boarding passes of passengers who are checked in."""

import asyncio
import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from application.booking import journey
from application.booking.access import visible_booking
from application.booking.booking_details import booked_flight
from application.booking.people import Name
from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from domain.booking import boarding_pass, rejections
from domain.booking.boarding_pass import BoardingPassFacts
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.state import Booking
from domain.inventory.state import Flight
from domain.kernel import ids

HAS_PASS = frozenset({CouponStatus.CHECKED_IN, CouponStatus.LIFTED, CouponStatus.FLOWN})
CARRIER_LENGTH = 2
BOARDING_STARTS = dt.timedelta(minutes=45)


class BoardingPass(msgspec.Struct, frozen=True):
    """One passenger's pass on one flight; `bar_code` is the text in it (IATA Resolution 792)."""

    booking_id: str
    passenger: int
    segment: int
    flight_id: str
    seat: str | None
    sequence: int
    bar_code: str


async def list_boarding_passes(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> list[BoardingPass]:
    """Return the passes of everybody who is checked in, flight by flight.

    Rejects BookingNotFound, PersonErased, and TransitionRefused for a name without Latin letters.
    """
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    passes = []
    for coupon in sorted(booking.coupons, key=lambda each: (each.segment, each.passenger)):
        if coupon.status not in HAS_PASS:
            continue
        facts = await _facts(ports, booking_id, booking, coupon)
        passes.append(
            BoardingPass(
                booking_id=booking_id,
                passenger=coupon.passenger,
                segment=coupon.segment,
                flight_id=booking.segments[coupon.segment].flight,
                seat=coupon.seat,
                sequence=facts.sequence,
                bar_code=_bar_code(facts),
            )
        )
    return passes


async def print_boarding_pass(
    ports: BookingPorts,
    principal: Principal,
    id_or_reference: str,
    *,
    segment: int,
    passenger: int,
    form: Literal["png", "pdf"],
) -> bytes:
    """Return one pass as a picture for a phone or as a page to print.

    Rejects NoBoardingPass and what `list_boarding_passes` does.
    """
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    coupon = booking.coupon(passenger, segment)
    if coupon is None or coupon.status not in HAS_PASS:
        raise rejections.NoBoardingPass()
    facts = await _facts(ports, booking_id, booking, coupon)
    _bar_code(facts)  # rejected here, before a thread begins to draw
    printer = ports.boarding_passes
    return await asyncio.to_thread(printer.png if form == "png" else printer.pdf, facts)


def _bar_code(facts: BoardingPassFacts) -> str:
    try:
        return boarding_pass.bcbp(facts)
    except boarding_pass.NameNotLatin:
        raise rejections.TransitionRefused(reason="name_is_not_in_latin_letters") from None


async def _facts(
    ports: BookingPorts, booking_id: str, booking: Booking, coupon: Coupon
) -> BoardingPassFacts:
    flight = await booked_flight(ports, booking, coupon.segment)
    passenger = booking.passengers[coupon.passenger]
    (text,) = await ports.vault.open_all([passenger.name])
    if text is None:
        raise rejections.PersonErased()
    name = msgspec.json.decode(text, type=Name)
    assert coupon.sequence is not None
    return BoardingPassFacts(
        surname=name.last_name,
        given_name=name.first_name,
        passenger_type=passenger.type,
        reference=ids.reference_of(booking_id),
        ticket=next(each.number for each in booking.tickets if each.passenger == coupon.passenger),
        origin=flight.origin,
        destination=flight.destination,
        carrier=flight.number[:CARRIER_LENGTH],
        flight_number=flight.number[CARRIER_LENGTH:],
        departure_date=journey.local_date(flight),
        compartment=booking.segments[coupon.segment].fare_class,
        seat=coupon.seat,
        sequence=coupon.sequence,
        departure_time=_local_time(flight, flight.departs_at),
        boarding_time=_local_time(flight, flight.departs_at - BOARDING_STARTS),
        special_services=tuple(
            each.code
            for each in booking.special_services()
            if (each.passenger, each.segment) == (coupon.passenger, coupon.segment)
        ),
    )


def _local_time(flight: Flight, instant: dt.datetime) -> dt.time:
    """Return what the clocks at the origin show."""
    return instant.astimezone(ZoneInfo(flight.origin_zone)).time().replace(microsecond=0)
