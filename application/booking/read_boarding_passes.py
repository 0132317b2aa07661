"""Read and print the boarding passes of passengers who are checked in."""

import asyncio
from typing import Literal

import msgspec

from application.booking.access import visible_booking
from application.booking.boarding_pass_facts import is_pass_valid, pass_facts
from application.booking.booking_details import booked_flight
from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from domain.booking import boarding_pass, rejections
from domain.booking.boarding_pass import BoardingPassFacts
from domain.booking.coupons import TRAVELLING
from domain.booking.names import NameNotLatin


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
    """Return the passes of all checked-in passengers, flight by flight.

    A cancelled flight has none, nor has one that left without the passenger, nor a person who was
    erased or whose name has no Latin letters. Rejects BookingNotFound.
    """
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    passes = []
    for coupon in sorted(booking.coupons, key=lambda each: (each.segment, each.passenger)):
        if coupon.status not in TRAVELLING:
            continue
        flight = await booked_flight(ports, booking, coupon.segment)
        if not is_pass_valid(coupon, flight):
            continue
        try:
            facts = await pass_facts(ports, principal, booking_id, booking, coupon, flight)
        except rejections.PersonErased:
            continue
        if not _has_latin_name(facts):
            # Sold before names were checked: staff correct it.
            continue
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

    Rejects NoBoardingPass, PersonErased, what `list_boarding_passes` does, and TransitionRefused
    for a name without Latin letters.
    """
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    coupon = booking.coupon(passenger, segment)
    if coupon is None:
        raise rejections.NoBoardingPass()
    flight = await booked_flight(ports, booking, segment)
    if not is_pass_valid(coupon, flight):
        raise rejections.NoBoardingPass()
    facts = await pass_facts(ports, principal, booking_id, booking, coupon, flight)
    _bar_code(facts)  # Rejects an invalid name here, not in the drawing thread.
    printer = ports.boarding_passes
    return await asyncio.to_thread(printer.png if form == "png" else printer.pdf, facts)


def _has_latin_name(facts: BoardingPassFacts) -> bool:
    try:
        return bool(boarding_pass.carriage_name(facts))
    except NameNotLatin:
        return False


def _bar_code(facts: BoardingPassFacts) -> str:
    try:
        return boarding_pass.bcbp(facts)
    except NameNotLatin:
        raise rejections.TransitionRefused(reason="name_is_not_in_latin_letters") from None
