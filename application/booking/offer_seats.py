"""Seats came free: the first on the waitlist that fits gets an offer, which holds its seats."""

import msgspec

from application import streams
from application.booking import journey, letters
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking.states import Status
from domain.inventory import rules as flight_rules
from domain.inventory import waitlist


class OfferSeats(msgspec.Struct, frozen=True):
    """Serve the next in line of a flight."""

    flight: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The flight; who is next becomes known with it."""
        return (self.flight,)


def offer_seats(command: OfferSeats, reading: Reading) -> Decision:
    """Nobody waiting, or no seats for the next: records nothing.

    A booking that no longer waits leaves the queue instead.
    """
    flight = reading.load(streams.FLIGHT, command.flight)
    following = waitlist.next_in_line(flight, now=reading.now) if flight is not None else None
    if flight is None or following is None:
        return Decision(answer_stream=command.flight)
    stream = following.booking
    booking = journey.load(reading, stream)
    if booking.status is not Status.PENDING:
        left = waitlist.leave(flight, booking=stream, reason=booking.status.value)
        return Decision(answer_stream=command.flight, events=((command.flight, left),))
    until = flight_rules.offer_until(flight.departs_at, now=reading.now)
    offered = waitlist.offer(flight, booking=stream, until=until, now=reading.now)
    reserved = booking_decisions.reserve(booking, hold_until=until)
    letter = letters.OfferLetter(booking_id=stream)
    return Decision(
        answer_stream=command.flight,
        events=((command.flight, offered), (stream, reserved)),
        outbox=(letter,),
    )
