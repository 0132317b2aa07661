"""Seats that were paid for as extras: assigned with the hold."""

from application.booking import journey, seat_needs
from application.commands.context import DecisionContext
from application.pricing.seat_extras import category_of
from domain.booking import seats as booking_seats
from domain.booking.coupons import Extra
from domain.booking.values import SeatChoice
from domain.inventory import rejections, seating


def assign(context: DecisionContext, booking_id: str, segment: int) -> None:
    """Assign a seat to each passenger who pays for one on the segment and chose none.

    Rejects SeatsUnavailable.
    """
    booking = journey.load(context, booking_id)
    for extra in booking_seats.seat_extras(booking, segment):
        coupon = booking.coupon(extra.passenger, segment)
        if coupon is not None and coupon.seat is None and not give(context, booking_id, extra):
            flight = journey.load_flight(context, booking.segments[segment].flight)
            raise rejections.SeatsUnavailable(flight=flight.number, free=0, extra=extra.code)


def give(context: DecisionContext, booking_id: str, extra: Extra) -> bool:
    """Give the passenger of the extra a free seat of its category; False where there is none."""
    booking = journey.load(context, booking_id)
    segment = booking.segments[extra.segment]
    (need,) = seat_needs.needs_of(booking, extra.segment, [extra.passenger])
    seat = seating.free_seat_of(
        journey.load_flight(context, segment.flight),
        segment.cabin,
        need,
        category_of(extra.code),
        booking=booking_id,
    )
    if seat is None:
        return False
    choice = SeatChoice(extra.passenger, extra.segment, seat)
    context.record(booking_id, booking_seats.give_seats(booking, seats=(choice,)))
    seat_needs.assign(context, booking_id, segment=extra.segment, seats=[(extra.passenger, seat)])
    return True
