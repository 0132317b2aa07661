"""Read the flights of a booking as a calendar file."""

import uuid
from zoneinfo import ZoneInfo

from application.booking.access import visible_booking
from application.booking.booking_details import booked_flights
from application.booking.calendar_file import CalendarEntry, CalendarPlace, EntryStatus
from application.booking.ports import BookingPorts
from application.caller import Language
from application.identity.ports import Principal
from domain.booking import states
from domain.booking.coupons import GONE
from domain.booking.state import Booking
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import ids

# More than the times that operations change one flight.
CHANGES_OF_A_FLIGHT = 1_000
_NAMESPACE = uuid.UUID("6f1f4a52-8a35-4a0e-9a26-2d0d3c1c0f5e")


async def read_calendar(
    ports: BookingPorts, principal: Principal, id_or_reference: str, *, language: Language
) -> bytes:
    """Return a calendar file (RFC 5545) with one event for each flight of the booking.

    Read again after a change it replaces what a calendar has of the booking. It names no person,
    since calendars are shared. Rejects BookingNotFound.
    """
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    flights = await booked_flights(ports, booking)
    entries = [
        _entry(ports, booking_id, booking, segment, flight)
        for segment, flight in enumerate(flights)
    ]
    return ports.calendar_files.write(entries, language=language, written_at=ports.clock())


def _entry(
    ports: BookingPorts, booking_id: str, booking: Booking, segment: int, flight: Flight
) -> CalendarEntry:
    status = _status(booking, segment, flight)
    return CalendarEntry(
        uid=uuid.uuid5(_NAMESPACE, f"{booking_id} {segment}"),
        sequence=_sequence(booking, segment, flight),
        status=status,
        flight_number=flight.number,
        aircraft=flight.aircraft,
        reference=ids.reference_of(booking_id),
        origin=CalendarPlace(
            ports.airports[flight.origin],
            flight.departure_terminal,
            flight.departs_at.astimezone(ZoneInfo(flight.origin_zone)),
        ),
        destination=CalendarPlace(
            ports.airports[flight.destination],
            flight.arrival_terminal,
            flight.arrives_at.astimezone(ZoneInfo(flight.destination_zone)),
        ),
    )


def _sequence(booking: Booking, segment: int, flight: Flight) -> int:
    """Return a number that grows: a modification may choose a flight that never changed, so each
    counts more than all changes of a flight; then what operations changed; then payment and end.
    """
    steps = booking.modification_count * CHANGES_OF_A_FLIGHT + len(flight.changes)
    return 3 * steps + bool(booking.tickets) + _is_gone(booking, segment)


def _status(booking: Booking, segment: int, flight: Flight) -> EntryStatus:
    if flight.status is FlightStatus.CANCELLED or _is_gone(booking, segment):
        return "cancelled"
    return "confirmed" if booking.tickets else "tentative"


def _is_gone(booking: Booking, segment: int) -> bool:
    """Whether nobody of this booking has the flight any more."""
    over = booking.status in states.TERMINAL and not booking.tickets
    return over or all(each.status in GONE for each in booking.coupons if each.segment == segment)
