"""What the passengers of a booking need of a seat: an infant on the lap, an exit row."""

from collections.abc import Iterable, Sequence

from application.booking import journey
from application.commands.context import DecisionContext
from domain.booking import seats as booking_seats
from domain.booking.passenger_details import NOTHING_OPENED, OpenedCodes
from domain.booking.state import Booking
from domain.inventory import seating
from domain.inventory.events import Place
from domain.inventory.seating import SeatNeed
from domain.pricing.price import TAKES_SEAT


def needs_of(
    booking: Booking,
    segment: int,
    passengers: Iterable[int],
    codes: OpenedCodes = NOTHING_OPENED,
) -> tuple[SeatNeed, ...]:
    """Return what these passengers need on a segment; `codes` are those of special services."""
    infants = booking_seats.adults_with_infants(booking, segment)
    barred = booking_seats.not_at_exit(booking, segment, codes)
    return tuple(
        SeatNeed(
            each,
            takes_seat=TAKES_SEAT[booking.passengers[each].type],
            infant=each in infants,
            at_exit=each not in barred,
        )
        for each in passengers
    )


def assign(
    context: DecisionContext,
    booking_id: str,
    *,
    segment: int,
    seats: Sequence[tuple[int, str]],
    codes: OpenedCodes = NOTHING_OPENED,
) -> None:
    """Assign seats to passengers (pairs) on the flight of a segment.

    Passengers with a special service that is not in `codes` get no seat at an exit. Rejects
    SeatUnknown, SeatNotAllowed and SeatTaken.
    """
    if not seats:
        return
    booking = journey.load(context, booking_id)
    flight_id = booking.segments[segment].flight
    infants = booking_seats.adults_with_infants(booking, segment)
    assigned = seating.assign(
        journey.load_flight(context, flight_id),
        booking=booking_id,
        places=tuple(Place(each, seat, each in infants) for each, seat in seats),
        cabin=booking.segments[segment].cabin,
        not_at_exit=booking_seats.not_at_exit(booking, segment, codes),
    )
    context.record(flight_id, assigned)
