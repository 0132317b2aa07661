"""Choose seats, and remove those that another aircraft does not have."""

from collections.abc import Sequence

from application.booking import journey
from application.booking.access import changeable_by_gate
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import rejections
from domain.booking import seats as booking_seats
from domain.booking.coupons import CouponStatus
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.inventory import seat_map, seating
from domain.inventory.events import Place
from domain.inventory.state import Flight, FlightStatus, Seat
from domain.pricing.extras import SEAT_EXTRAS


@stored_answer_first
async def choose_seats(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    *,
    segment: int,
    seats: Sequence[tuple[int, str]],
) -> BookingDetails:
    """Choose seats on one flight of the journey; `seats` pairs passengers with seats like `12A`."""
    booking_id, _ = await changeable_by_gate(ports, caller.principal, id_or_reference)
    places = tuple(Place(passenger, seat) for passenger, seat in seats)
    command = ChooseSeats(booking_id=booking_id, segment=segment, places=places)
    return await carry_out_and_read(ports, caller, command)


class ChooseSeats(Command, frozen=True):
    """`places` on one segment. Plain seats are free; others need the extra that was bought."""

    booking_id: str
    segment: int
    places: tuple[Place, ...]

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, NoSuchPart, CouponNotOpen, SeatUnknown and SeatTaken."""
        booking = journey.load(context, self.booking_id)
        if not 0 <= self.segment < len(booking.segments):
            raise rejections.NoSuchPart(segment=self.segment)
        choices = tuple(
            SeatChoice(place.passenger, self.segment, place.seat) for place in self.places
        )
        segment = booking.segments[self.segment]
        flight = journey.load_flight(context, segment.flight)
        chosen = booking_seats.choose_seats(
            booking, seats=choices, facts=journey.facts_of(flight), now=context.now
        )
        context.record(self.booking_id, chosen)
        for place in self.places:
            _require_bought(booking, flight, self.segment, place)
        assigned = seating.assign(
            flight, booking=self.booking_id, places=self.places, cabin=segment.cabin
        )
        context.record(segment.flight, assigned)
        return Reply(self.booking_id)


def _require_bought(booking: Booking, flight: Flight, segment: int, place: Place) -> None:
    layout = flight.cabins[booking.segments[segment].cabin].layout
    if layout is None or place.seat not in seat_map.seats(layout):
        return  # `seating.assign` rejects it
    coupon = booking.coupon(place.passenger, segment)
    if coupon is not None and coupon.standby:
        return  # The airline lost the seat: any other is free.
    code = SEAT_EXTRAS.get(seat_map.category(layout, place.seat))
    bought = {
        extra.code
        for extra in booking.extras
        if (extra.passenger, extra.segment) == (place.passenger, segment)
    }
    if code is not None and code not in bought:
        raise rejections.NoSuchPart(reason="seat_is_sold_as_an_extra", extra=code, seat=place.seat)


class ReviewSeats(Command, frozen=True):
    """Remove the booking's seats that no longer exist after a change of aircraft.

    Passengers who have checked in get other seats of their cabin, or are on standby.
    """

    booking_id: str
    flight_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound; where no seat is lost, records nothing."""
        booking = journey.load(context, self.booking_id)
        flight = journey.load_flight(context, self.flight_id)
        lost = tuple(
            SeatChoice(coupon.passenger, coupon.segment, coupon.seat)
            for coupon in booking.coupons
            if coupon.seat is not None
            and coupon.status in {CouponStatus.OPEN, CouponStatus.CHECKED_IN}
            and booking.segments[coupon.segment].flight == self.flight_id
            and flight.seats.get(coupon.seat) != Seat(self.booking_id, coupon.passenger)
        )
        removed = booking_seats.lose_seats(booking, seats=lost, reason=self.reason)
        context.record(self.booking_id, removed)
        for choice in _other_seats(context, self):
            given = booking_seats.replace_seats(
                journey.load(context, self.booking_id), seats=(choice,)
            )
            context.record(self.booking_id, given)
            assigned = seating.assign(
                journey.load_flight(context, self.flight_id),
                booking=self.booking_id,
                places=(Place(choice.passenger, choice.seat),),
                cabin=booking.segments[choice.segment].cabin,
            )
            context.record(self.flight_id, assigned)
        return Reply(self.booking_id)


def _other_seats(context: DecisionContext, command: ReviewSeats) -> list[SeatChoice]:
    """Return free seats for the passengers on standby, as far as there are any."""
    booking = journey.load(context, command.booking_id)
    flight = journey.load_flight(context, command.flight_id)
    standby = [
        each
        for each in booking.open_coupons()
        if each.standby and booking.segments[each.segment].flight == command.flight_id
    ]
    if not standby or flight.status is not FlightStatus.SCHEDULED:
        return []
    free = seating.free_seats(flight, booking.segments[standby[0].segment].cabin)
    return [
        SeatChoice(each.passenger, each.segment, seat)
        for each, seat in zip(standby, free, strict=False)
    ]
