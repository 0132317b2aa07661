"""What most decisions about a booking begin with: the booking, its flights, values of coupons."""

import datetime as dt
from collections.abc import Iterable, Sequence

from application import streams
from application.planning import Reading
from domain.booking import rejections
from domain.booking.coupons import Coupon
from domain.booking.guards import SegmentFacts
from domain.booking.state import Booking
from domain.inventory import decisions as flight_decisions
from domain.inventory import waitlist
from domain.inventory.events import FlightEvent
from domain.inventory.state import Flight, FlightStatus
from domain.kernel.events import DomainEvent
from domain.ledger.carriage import Posted, Value
from domain.pricing.price import TAKES_SEAT


def load(reading: Reading, stream: str) -> Booking:
    """The booking; rejects BookingNotFound."""
    booking = reading.load(streams.BOOKING, stream)
    if booking is None:
        raise rejections.BookingNotFound()
    return booking


def load_flight(reading: Reading, stream: str) -> Flight:
    """A flight that a booking names."""
    flight = reading.load(streams.FLIGHT, stream)
    assert flight is not None, "a booking names flights that there are"
    return flight


def facts_of(flight: Flight) -> SegmentFacts:
    """What a booking must know of the flight."""
    return SegmentFacts(
        departs_at=flight.departs_at,
        domestic=flight.domestic,
        operating=flight.status is FlightStatus.SCHEDULED,
        cancelled=flight.status is FlightStatus.CANCELLED,
    )


def facts(reading: Reading, booking: Booking) -> tuple[SegmentFacts, ...]:
    """Of each segment in order."""
    return tuple(facts_of(load_flight(reading, each.flight)) for each in booking.segments)


def value_of(booking: Booking, coupons: Sequence[Coupon]) -> Value:
    """What these coupons and the extras that were sold with them are worth."""
    keys = {(coupon.passenger, coupon.segment) for coupon in coupons}
    extras = [each for each in booking.extras if (each.passenger, each.segment) in keys]
    return Value(
        currency=booking.currency,
        fare=sum(coupon.fare for coupon in coupons),
        ancillary=sum(extra.net for extra in extras),
        vat=sum(coupon.vat for coupon in coupons) + sum(extra.vat for extra in extras),
        charge=sum(coupon.charge for coupon in coupons),
    )


def posted(stream: str, booking: Booking, now: dt.datetime) -> Posted:
    """The tickets are the evidence of an entry about coupons."""
    numbers = tuple(ticket.number for ticket in booking.tickets)
    return Posted(booking=stream, references=numbers, now=now)


def first_departure(coupons: Sequence[Coupon], facts: Sequence[SegmentFacts]) -> dt.datetime:
    """When the first flight of the part leaves."""
    return min(facts[coupon.segment].departs_at for coupon in coupons)


def given_back(
    reading: Reading, stream: str, booking: Booking, coupons: Iterable[Coupon], reason: str
) -> list[tuple[str, list[FlightEvent]]]:
    """Sold seats of these coupons back on sale, flight by flight."""
    gone: dict[int, list[int]] = {}
    for coupon in coupons:
        gone.setdefault(coupon.segment, []).append(coupon.passenger)
    return [
        (
            booking.segments[segment].flight,
            flight_decisions.give_back(
                load_flight(reading, booking.segments[segment].flight),
                booking=stream,
                passengers=tuple(passengers),
                seat_count=sum(TAKES_SEAT[booking.passengers[each].type] for each in passengers),
                reason=reason,
            ),
        )
        for segment, passengers in gone.items()
    ]


def holds_released(
    reading: Reading, stream: str, booking: Booking, reason: str
) -> list[tuple[str, list[FlightEvent]]]:
    """Held seats of every flight back on sale, and its place on the waitlists given up."""
    released: list[tuple[str, list[FlightEvent]]] = []
    for name in booking.flights():
        flight = load_flight(reading, name)
        events = flight_decisions.release_hold(flight, booking=stream, reason=reason)
        if flight.is_waiting(stream):
            events = [*events, *waitlist.leave(flight, booking=stream, reason=reason)]
        released.append((name, events))
    return released


def seats_of(booking: Booking, coupons: Iterable[Coupon]) -> int:
    """Seats that the passengers of these coupons take on one flight."""
    return sum(TAKES_SEAT[booking.passengers[coupon.passenger].type] for coupon in coupons)


def merged(
    changes: Iterable[tuple[str, Sequence[DomainEvent]]],
) -> tuple[tuple[str, Sequence[DomainEvent]], ...]:
    """Without the streams to which nothing happens."""
    return tuple((stream, events) for stream, events in changes if events)
