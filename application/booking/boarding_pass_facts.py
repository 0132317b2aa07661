"""The facts of a boarding pass, from the booking, its flight and the people on it."""

import datetime as dt
from typing import assert_never
from zoneinfo import ZoneInfo

import msgspec

from application.booking.channels import channel_of
from application.booking.opened_needs import opened_codes, readable_services
from application.booking.people import Name
from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from application.policies import operating_rules
from domain.booking import boarding_pass, names, rejections
from domain.booking.boarding_pass import BoardingPassFacts
from domain.booking.check_in import BOARDED
from domain.booking.coupons import TRAVELLING, Coupon
from domain.booking.state import Booking
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import ids
from domain.policies.operating_values import GateTimes

CARRIER_LENGTH = 2


async def pass_facts(
    ports: BookingPorts,
    principal: Principal,
    booking_id: str,
    booking: Booking,
    coupon: Coupon,
    flight: Flight,
) -> BoardingPassFacts:
    """Return the facts of the pass that the principal has made now; rejects PersonErased."""
    name = await _name(ports, booking, coupon.passenger)
    if name is None:
        raise rejections.PersonErased()
    companion = boarding_pass.companion_of(booking, coupon)
    codes = await opened_codes(ports.vault, [booking])
    book = (await ports.policies.in_force()).book
    gate = book.value_in_force(GateTimes, operating_rules.of_flight(flight), at=ports.clock())
    ticket = booking.ticket_of(coupon)
    assert ticket is not None, "who is checked in has a ticket"
    assert coupon.sequence is not None
    return BoardingPassFacts(
        surname=name.last_name,
        given_name=name.first_name,
        arabic_name=name.arabic_name,
        passenger_type=booking.passengers[coupon.passenger].type,
        reference=ids.reference_of(booking_id),
        ticket=ticket,
        origin=flight.origin,
        destination=flight.destination,
        carrier=flight.number[:CARRIER_LENGTH],
        flight_number=flight.number[CARRIER_LENGTH:],
        flight_date=ids.flight_date(booking.segments[coupon.segment].flight),
        compartment=booking.segments[coupon.segment].cabin,
        seat=coupon.seat,
        sequence=coupon.sequence,
        passenger_status=boarding_pass.STANDBY if coupon.standby else boarding_pass.CHECKED_IN,
        checked_in_by=coupon.checked_in_by,
        issued_by=channel_of(principal),
        issued_on=_local(flight, ports.clock()).date(),
        departs_at=_local(flight, flight.departs_at),
        boards_at=_local(flight, flight.departs_at - gate.boarding_starts),
        gate_closes_at=_local(flight, flight.departs_at - gate.boarding_closes),
        airline=ports.airline_name,
        origin_city=_city(ports, flight.origin),
        destination_city=_city(ports, flight.destination),
        has_companion=companion is not None,
        companion=None if companion is None else await _companion(ports, booking, companion),
        special_services=tuple(
            each.code
            for each in readable_services(booking, codes)
            if (each.passenger, each.segment) == (coupon.passenger, coupon.segment)
        ),
    )


def is_pass_valid(coupon: Coupon, flight: Flight) -> bool:
    """Whether the passenger is checked in and can fly, or has flown, with the flight as it is."""
    if coupon.status not in TRAVELLING:
        return False
    match flight.status:
        case FlightStatus.SCHEDULED:
            return True
        case FlightStatus.DEPARTED:
            return coupon.status in BOARDED
        case FlightStatus.CANCELLED:
            return False
        case _:
            assert_never(flight.status)


async def _name(ports: BookingPorts, booking: Booking, passenger: int) -> Name | None:
    """Return the passenger's name; None where the person was erased."""
    (text,) = await ports.vault.open_all([booking.passengers[passenger].name])
    return None if text is None else msgspec.json.decode(text, type=Name)


async def _companion(ports: BookingPorts, booking: Booking, passenger: int) -> str | None:
    """Return the name as the pass has it; None for an erased one or one without Latin letters.

    Whoever travels with somebody gets a pass all the same.
    """
    name = await _name(ports, booking, passenger)
    if name is None:
        return None
    try:
        return names.carried_name(name.last_name, name.first_name)
    except names.NameNotLatin:
        return None


def _city(ports: BookingPorts, code: str) -> str | None:
    airport = ports.airports.get(code)
    return None if airport is None else airport.city


def _local(flight: Flight, instant: dt.datetime) -> dt.datetime:
    """Return the local time at the origin, to the minute and without a zone."""
    local = instant.astimezone(ZoneInfo(flight.origin_zone))
    return local.replace(second=0, microsecond=0, tzinfo=None)
