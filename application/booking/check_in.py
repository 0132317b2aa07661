"""Check passengers in, and board them: the flight gives seats and sequence numbers."""

import msgspec

from application.booking import journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import departure, guards
from domain.booking.events import BoardingPlace
from domain.booking.guards import CheckInWindow
from domain.inventory import seating
from domain.inventory.state import evolve as evolve_flight
from domain.pricing.price import TAKES_SEAT


class CheckIn(msgspec.Struct, frozen=True):
    """Passengers (None: all who are not yet) on a segment; their documents were looked at."""

    booking: str
    segment: int
    passengers: tuple[int, ...] | None
    window: CheckInWindow = CheckInWindow()

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def check_in(command: CheckIn, reading: Reading) -> Decision:
    """Rejects BookingNotFound, TransitionRefused, NoSuchPart, CheckInClosed, CouponNotOpen and
    NoSeatLeft; checked in already records nothing.
    """
    booking = journey.load(reading, command.booking)
    facts = journey.facts(reading, booking)
    segment = command.segment
    guards.require_segment(booking, segment)
    passengers = departure.waiting_for_check_in(booking, segment, command.passengers)
    if not passengers and departure.is_checked_in(booking, segment):
        return Decision(answer_stream=command.booking)
    guards.require_check_in(
        booking, segment, facts[segment], window=command.window, now=reading.now
    )
    name, cabin = booking.segments[segment].flight, booking.segments[segment].cabin
    flight = journey.load_flight(reading, name)
    accepted = seating.accept_check_in(
        flight,
        booking=command.booking,
        passengers=tuple((each, TAKES_SEAT[booking.passengers[each].type]) for each in passengers),
        cabin=cabin,
    )
    for event in accepted:
        flight = evolve_flight(flight, event)
    given = {each.passenger: each for each in flight.sequences.get(command.booking) or ()}
    checked_in = departure.check_in(
        booking,
        segment=segment,
        places=tuple(
            BoardingPlace(each, given[each].seat, given[each].sequence) for each in passengers
        ),
        facts=facts[segment],
        window=command.window,
        now=reading.now,
    )
    return Decision(
        answer_stream=command.booking,
        events=journey.merged([(command.booking, checked_in), (name, accepted)]),
    )


class Board(msgspec.Struct, frozen=True):
    """Passengers (None: all who are checked in) go on board."""

    booking: str
    segment: int
    passengers: tuple[int, ...] | None

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def board(command: Board, reading: Reading) -> Decision:
    """Rejects BookingNotFound, TransitionRefused, NoSuchPart, BoardingClosed, CouponNotOpen."""
    booking = journey.load(reading, command.booking)
    guards.require_segment(booking, command.segment)
    flight = journey.load_flight(reading, booking.segments[command.segment].flight)
    boarded = departure.board(
        booking,
        segment=command.segment,
        passengers=command.passengers,
        facts=journey.facts_of(flight),
        now=reading.now,
    )
    return Decision(
        answer_stream=command.booking, events=journey.merged([(command.booking, boarded)])
    )
