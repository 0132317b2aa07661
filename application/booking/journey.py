"""Loads a booking and its flights within a decision; values of coupons; seats put on sale."""

import datetime as dt
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.pricing import journeys
from domain.booking import rejections
from domain.booking.coupons import Coupon
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking
from domain.inventory import seat_sale, waitlist
from domain.inventory.state import Flight, FlightStatus
from domain.ledger.carriage import Posted, Value
from domain.pricing.price import TAKES_SEAT


def load(context: DecisionContext, booking_id: str) -> Booking:
    """Return the booking; rejects BookingNotFound."""
    booking = context.load(stream_kinds.BOOKING, booking_id)
    if booking is None:
        raise rejections.BookingNotFound()
    return booking


def load_flight(context: DecisionContext, flight_id: str) -> Flight:
    """Return a flight of a booking."""
    flight = context.load(stream_kinds.FLIGHT, flight_id)
    assert flight is not None, "a booking names flights that exist"
    return flight


def facts_of(flight: Flight) -> SegmentFacts:
    """Return the facts about a flight that guards of a booking need."""
    return SegmentFacts(
        departs_at=flight.departs_at,
        latest_departs_at=flight.latest_departs_at or flight.departs_at,
        leg=journeys.leg_of(flight),
        domestic=flight.domestic,
        operating=flight.status is FlightStatus.SCHEDULED,
        cancelled=flight.status is FlightStatus.CANCELLED,
    )


def local_date(flight: Flight) -> dt.date:
    """Return the day of travel: local at the origin."""
    return flight.departs_at.astimezone(ZoneInfo(flight.origin_zone)).date()


def facts(context: DecisionContext, booking: Booking) -> tuple[SegmentFacts, ...]:
    """Return the facts of each segment's flight, in order."""
    return tuple(facts_of(load_flight(context, each.flight)) for each in booking.segments)


def segment_on(booking: Booking, flight_id: str) -> int | None:
    """Return the index of the segment on this flight; None when there is none."""
    on_it = (i for i, each in enumerate(booking.segments) if each.flight == flight_id)
    return next(on_it, None)


def value_of(booking: Booking, coupons: Sequence[Coupon]) -> Value:
    """Return the value of these coupons and of the extras sold with them."""
    keys = {(coupon.passenger, coupon.segment) for coupon in coupons}
    extras = [each for each in booking.extras if (each.passenger, each.segment) in keys]
    return Value(
        currency=booking.currency,
        fare=sum(coupon.fare for coupon in coupons),
        ancillary=sum(extra.net for extra in extras),
        vat=sum(coupon.vat for coupon in coupons) + sum(extra.vat for extra in extras),
        charge=sum(coupon.charge for coupon in coupons),
    )


def posted(booking_id: str, booking: Booking, now: dt.datetime) -> Posted:
    """Return what an entry about coupons refers to: booking, tickets and instant."""
    numbers = tuple(ticket.number for ticket in booking.tickets)
    return Posted(booking=booking_id, references=numbers, now=now)


def return_seats(
    context: DecisionContext,
    booking_id: str,
    booking: Booking,
    coupons: Iterable[Coupon],
    reason: str,
) -> None:
    """Put the sold seats of these coupons back on sale, flight by flight."""
    passengers_by_segment: dict[int, list[int]] = {}
    for coupon in coupons:
        passengers_by_segment.setdefault(coupon.segment, []).append(coupon.passenger)
    for segment, passengers in passengers_by_segment.items():
        flight_id = booking.segments[segment].flight
        returned = seat_sale.release_sold(
            load_flight(context, flight_id),
            booking=booking_id,
            passengers=tuple(passengers),
            seat_count=sum(TAKES_SEAT[booking.passengers[each].type] for each in passengers),
            reason=reason,
            infants=sum(booking.passengers[each].type == "INF" for each in passengers),
        )
        context.record(flight_id, returned)


def release_holds(context: DecisionContext, booking_id: str, booking: Booking, reason: str) -> None:
    """Put the held seats of every flight back on sale, and leave the waitlists."""
    for flight_id in booking.flights():
        flight = load_flight(context, flight_id)
        released = seat_sale.release_hold(flight, booking=booking_id, reason=reason)
        context.record(flight_id, released)
        if flight.is_waitlisted(booking_id):
            context.record(flight_id, waitlist.leave(flight, booking=booking_id, reason=reason))


def seats_of(booking: Booking, coupons: Iterable[Coupon]) -> int:
    """Return the number of seats that the passengers of these coupons take on one flight."""
    return sum(TAKES_SEAT[booking.passengers[coupon.passenger].type] for coupon in coupons)


def infants_of(booking: Booking, coupons: Iterable[Coupon]) -> int:
    """Return the number of infants among the passengers of these coupons."""
    return sum(booking.passengers[coupon.passenger].type == "INF" for coupon in coupons)
