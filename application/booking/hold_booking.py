"""A draft asks for its seats, at the price it was drafted with."""

from typing import Literal

from application.booking import create_booking, journey
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import sale
from domain.booking.states import Status


class HoldBooking(Command, frozen=True):
    """`mode` waitlist queues where there are no seats."""

    booking_id: str
    mode: Literal["hold", "waitlist"] = "hold"

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, TransitionRefused, BookingHasExpired and what a hold does."""
        booking = journey.load(context, self.booking_id)
        if booking.status not in {Status.RESERVED, Status.PENDING}:
            sale.require_hold(booking, now=context.now)
            create_booking.take_seats(context, self.booking_id, mode=self.mode)
        return Reply(self.booking_id)
