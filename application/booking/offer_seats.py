"""Seats came free: the first on the waitlist that fits gets an offer, which holds its seats."""

from application.booking import journey, letters
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import sale
from domain.booking.states import Status
from domain.inventory import sales_window, waitlist


class OfferSeats(Command, frozen=True):
    """Serve the next in line of a flight."""

    flight_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Without a waitlist, or without seats for the next on it, records nothing.

        A booking that no longer waits leaves the queue instead.
        """
        flight = context.load(stream_kinds.FLIGHT, self.flight_id)
        following = waitlist.next_in_line(flight, now=context.now) if flight is not None else None
        if flight is None or following is None:
            return Reply(self.flight_id)
        booking_id = following.booking
        booking = journey.load(context, booking_id)
        if booking.status is not Status.PENDING:
            left = waitlist.leave(flight, booking=booking_id, reason=booking.status.value)
            context.record(self.flight_id, left)
            return Reply(self.flight_id)
        until = sales_window.offer_until(flight.departs_at, now=context.now)
        offered = waitlist.offer(flight, booking=booking_id, until=until, now=context.now)
        context.record(self.flight_id, offered)
        context.record(booking_id, sale.reserve(booking, hold_until=until))
        context.enqueue(letters.OfferLetter(booking_id=booking_id))
        return Reply(self.flight_id)
