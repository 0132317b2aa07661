"""A draft asks for its seats, at the price it was drafted with."""

from typing import Literal

import msgspec

from application import streams
from application.booking import create_booking, journey
from application.orders import Decision
from application.planning import Reading
from domain.booking import guards
from domain.booking.states import Status


class HoldBooking(msgspec.Struct, frozen=True):
    """`mode` waitlist queues where there are no seats."""

    booking: str
    mode: Literal["hold", "waitlist"] = "hold"

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def hold_booking(command: HoldBooking, reading: Reading) -> Decision:
    """Rejects BookingNotFound, TransitionRefused, BookingHasExpired and what a hold does."""
    booking = journey.load(reading, command.booking)
    if booking.status in {Status.RESERVED, Status.PENDING}:
        return Decision(answer_stream=command.booking)
    guards.require_hold(booking, now=reading.now)
    flights = {name: reading.load(streams.FLIGHT, name) for name in booking.flights()}
    taken = create_booking.take_seats(
        command.booking, booking, flights, mode=command.mode, now=reading.now
    )
    return Decision(answer_stream=command.booking, events=taken)
