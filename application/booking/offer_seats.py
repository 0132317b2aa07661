"""Offer free seats to the first booking on the waitlist that they fit; the offer holds them."""

from application.booking import journey, letters
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from domain.booking import sale
from domain.booking.states import Status
from domain.inventory import sales_window, waitlist


class OfferSeats(Command, frozen=True):
    """Offer seats to the next waitlisted booking of a flight."""

    flight_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Records nothing without a waitlist, or without seats for the next booking on it.

        A booking that is no longer waitlisted leaves the waitlist instead.
        """
        flight = context.load(stream_kinds.FLIGHT, self.flight_id)
        if flight is None:
            return Reply(self.flight_id)
        limits = operating_rules.sale_limits(context, flight)
        following = waitlist.next_in_line(flight, limits=limits, now=context.now)
        if following is None:
            return Reply(self.flight_id)
        booking_id = following.booking
        booking = journey.load(context, booking_id)
        if booking.status is not Status.PENDING:
            left = waitlist.leave(flight, booking=booking_id, reason=booking.status.value)
            context.record(self.flight_id, left)
            return Reply(self.flight_id)
        until = sales_window.offer_until(
            flight.departs_at,
            lasts=operating_rules.hold_times(context).offer,
            closes=limits.closes,
            now=context.now,
        )
        offered = waitlist.offer(
            flight, booking=booking_id, until=until, limits=limits, now=context.now
        )
        context.record(self.flight_id, offered)
        context.record(booking_id, sale.reserve(booking, hold_until=until))
        context.enqueue(letters.OfferLetter(booking_id=booking_id))
        return Reply(self.flight_id)
