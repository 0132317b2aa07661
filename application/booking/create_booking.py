"""Create a booking: draw a record locator, price it, take the seats; all in one append."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from application import ports, streams
from application.orders import Decision
from application.planning import Reading
from application.pricing import journeys
from application.pricing.journeys import Priced, Wanted, WantedSegment
from application.pricing.signed_quotes import QUOTE_LIFETIME
from domain.booking import decisions as booking_decisions
from domain.booking import departure, rejections
from domain.booking.events import BookingInitiated, Passenger, SeatChoice
from domain.booking.state import Booking, evolve
from domain.inventory import decisions as flight_decisions
from domain.inventory import rejections as flight_rejections
from domain.inventory import rules as flight_rules
from domain.inventory import seating, waitlist
from domain.inventory.events import FlightEvent, Place
from domain.inventory.state import Flight
from domain.inventory.state import evolve as evolve_flight
from domain.kernel import ids, sealed
from domain.kernel.events import DomainEvent
from domain.pricing.extras import ExtraChoice

LOCATOR_TRIES = 8

# hold: seats now or a refusal. draft: no seats yet. waitlist: seats now, or a place in the queue.
Mode = Literal["hold", "draft", "waitlist"]


class CreateBooking(msgspec.Struct, frozen=True):
    """`passengers` and `contact` come sealed, with the keys to store; `quoted` is a journey and
    price that this house signed and that still holds until `quoted_until`, or None for the price
    of this moment."""

    owner: str
    wanted: tuple[WantedSegment, ...]
    passengers: tuple[Passenger, ...]
    contact: sealed.Sealed
    keys: tuple[ports.WrappedKey, ...]
    extras: tuple[ExtraChoice, ...] = ()
    seats: tuple[SeatChoice, ...] = ()
    quoted: Priced | None = None
    quoted_until: dt.datetime | None = None
    mode: Mode = "hold"

    @property
    def hints(self) -> tuple[str, ...]:
        """The flights are read on every try."""
        return tuple(each.flight for each in self.wanted)


def create_booking(command: CreateBooking, reading: Reading) -> Decision:
    """Rejects what `journeys.price` and `flight_decisions.hold` do, and SeatTaken."""
    flights = {each.flight: reading.load(streams.FLIGHT, each.flight) for each in command.wanted}
    priced = command.quoted or journeys.price(
        Wanted(
            segments=command.wanted,
            passengers=tuple(passenger.type for passenger in command.passengers),
            extras=command.extras,
            seats=command.seats,
        ),
        flights,
        now=reading.now,
    )
    stream = _free_stream(reading)
    draft = BookingInitiated(
        owner=command.owner,
        segments=priced.segments,
        passengers=command.passengers,
        contact=command.contact,
        price=priced.price,
        seats=command.seats,
        lapses_at=_lapses_at(command, reading.now),
    )
    initiated = booking_decisions.initiate(None, draft=draft)
    booking = evolve(None, draft)
    if command.mode == "draft":
        return Decision(answer_stream=stream, events=((stream, initiated),), keys=command.keys)
    taken = take_seats(stream, booking, flights, mode=command.mode, now=reading.now)
    events = ((stream, (*initiated, *taken[0][1])), *taken[1:])
    return Decision(answer_stream=stream, events=events, keys=command.keys)


def _lapses_at(command: CreateBooking, now: dt.datetime) -> dt.datetime | None:
    """A draft lives as long as its price."""
    if command.mode != "draft":
        return None
    return command.quoted_until or now + QUOTE_LIFETIME


def take_seats(
    stream: str,
    booking: Booking,
    flights: Mapping[str, Flight | None],
    *,
    mode: Mode,
    now: dt.datetime,
) -> tuple[tuple[str, list[DomainEvent]], ...]:
    """Seats of all flights or none: what happens to the booking, then to each flight.

    Rejects SeatsUnavailable, SalesClosed and SeatTaken. In the mode `waitlist` a booking of one
    flight queues where there are no seats.
    """
    until = flight_rules.hold_until(now=now)
    try:
        held = [
            (each.flight, hold(stream, booking, index, flights[each.flight], until=until, now=now))
            for index, each in enumerate(booking.segments)
        ]
    except flight_rejections.SeatsUnavailable:
        if mode != "waitlist":
            raise
        return _queue(stream, booking, flights, now=now)
    reserved = booking_decisions.reserve(booking, hold_until=until)
    changes: list[tuple[str, list[DomainEvent]]] = [(stream, list(reserved))]
    changes += [(name, list(events)) for name, events in held]
    return tuple(changes)


def hold(
    stream: str,
    booking: Booking,
    index: int,
    flight: Flight | None,
    *,
    until: dt.datetime,
    now: dt.datetime,
) -> list[FlightEvent]:
    """Seats of one segment, and the places that the passengers chose there."""
    segment = booking.segments[index]
    held = flight_decisions.hold(
        flight,
        booking=stream,
        cabin=segment.cabin,
        fare_class=segment.fare_class,
        seat_count=booking.seat_count,
        until=until,
        now=now,
    )
    return [*held, *place(stream, booking, index, flight, held)]


def place(
    stream: str, booking: Booking, index: int, flight: Flight | None, held: list[FlightEvent]
) -> list[FlightEvent]:
    """The chosen seats of one segment, on the flight as the hold leaves it."""
    chosen = tuple(
        Place(coupon.passenger, coupon.seat)
        for coupon in booking.coupons
        if coupon.segment == index and coupon.seat is not None
    )
    if not chosen:
        return []
    assert flight is not None
    for event in held:
        flight = evolve_flight(flight, event)
    cabin = booking.segments[index].cabin
    return seating.assign(flight, booking=stream, places=chosen, cabin=cabin)


def _queue(
    stream: str, booking: Booking, flights: Mapping[str, Flight | None], *, now: dt.datetime
) -> tuple[tuple[str, list[DomainEvent]], ...]:
    if len(booking.segments) != 1:
        raise rejections.JourneyUnfit(reason="waitlist_takes_one_flight")
    segment = booking.segments[0]
    flight = flights[segment.flight]
    assert flight is not None
    joined = waitlist.join(
        flight,
        booking=stream,
        cabin=segment.cabin,
        fare_class=segment.fare_class,
        seat_count=booking.seat_count,
        now=now,
    )
    waits_until = flight_rules.sales_close_at(flight.departs_at)
    waiting = booking_decisions.wait(booking, waits_until=waits_until)
    # Nobody keeps a seat number for those who wait: others may sit there by then.
    chosen = tuple(
        SeatChoice(coupon.passenger, coupon.segment, coupon.seat)
        for coupon in booking.coupons
        if coupon.seat is not None
    )
    lost = departure.lose_seats(booking, seats=chosen, reason="waitlisted")
    return ((stream, [*waiting, *lost]), (segment.flight, list(joined)))


def _free_stream(reading: Reading) -> str:
    """A locator drawn at random: a billion of them exist, and the log refuses a taken one."""
    for _ in range(LOCATOR_TRIES):
        locator = ids.record_locator(reading.draw(4))
        if locator is not None and reading.begin(streams.BOOKING, ids.booking_stream(locator)):
            return ids.booking_stream(locator)
    raise rejections.LocatorTaken()
