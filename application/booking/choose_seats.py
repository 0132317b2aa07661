"""Passengers choose seats, or lose them to another aircraft."""

import msgspec

from application.booking import journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import departure, rejections
from domain.booking.coupons import CouponStatus
from domain.booking.events import SeatChoice
from domain.booking.state import Booking
from domain.inventory import seat_map, seating
from domain.inventory.events import Place
from domain.inventory.state import Flight, Seat
from domain.pricing.extras import SEAT_EXTRAS


class ChooseSeats(msgspec.Struct, frozen=True):
    """`places` on one segment. Plain seats are free; others need the extra that was bought."""

    booking: str
    segment: int
    places: tuple[Place, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def choose_seats(command: ChooseSeats, reading: Reading) -> Decision:
    """Rejects BookingNotFound, NoSuchPart, CouponNotOpen, SeatUnknown and SeatTaken."""
    booking = journey.load(reading, command.booking)
    if not 0 <= command.segment < len(booking.segments):
        raise rejections.NoSuchPart(segment=command.segment)
    choices = tuple(
        SeatChoice(place.passenger, command.segment, place.seat) for place in command.places
    )
    chosen = departure.choose_seats(booking, seats=choices)
    segment = booking.segments[command.segment]
    flight = journey.load_flight(reading, segment.flight)
    for place in command.places:
        _require_bought(booking, flight, command.segment, place)
    assigned = seating.assign(
        flight, booking=command.booking, places=command.places, cabin=segment.cabin
    )
    return Decision(
        answer_stream=command.booking,
        events=journey.merged([(command.booking, chosen), (segment.flight, assigned)]),
    )


def _require_bought(booking: Booking, flight: Flight, segment: int, place: Place) -> None:
    layout = flight.cabins[booking.segments[segment].cabin].layout
    if layout is None or place.seat not in seat_map.seats(layout):
        return  # refused by the flight itself
    code = SEAT_EXTRAS.get(seat_map.category(layout, place.seat))
    bought = {
        extra.code
        for extra in booking.extras
        if (extra.passenger, extra.segment) == (place.passenger, segment)
    }
    if code is not None and code not in bought:
        raise rejections.NoSuchPart(reason="seat_is_sold_as_an_extra", extra=code, seat=place.seat)


class ReviewSeats(msgspec.Struct, frozen=True):
    """After a change of aircraft: which seats of the booking are no longer there."""

    booking: str
    flight: str
    reason: str

    @property
    def hints(self) -> tuple[str, ...]:
        """Booking and flight."""
        return (self.booking, self.flight)


def review_seats(command: ReviewSeats, reading: Reading) -> Decision:
    """Rejects BookingNotFound; nothing lost records nothing."""
    booking = journey.load(reading, command.booking)
    flight = journey.load_flight(reading, command.flight)
    lost = tuple(
        SeatChoice(coupon.passenger, coupon.segment, coupon.seat)
        for coupon in booking.coupons
        if coupon.seat is not None
        and coupon.status in {CouponStatus.OPEN, CouponStatus.CHECKED_IN}
        and booking.segments[coupon.segment].flight == command.flight
        and flight.seats.get(coupon.seat) != Seat(command.booking, coupon.passenger)
    )
    events = departure.lose_seats(booking, seats=lost, reason=command.reason)
    return Decision(
        answer_stream=command.booking, events=journey.merged([(command.booking, events)])
    )
