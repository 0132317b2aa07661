"""Hold the seats of a draft at the price of the draft."""

from typing import Literal

from application.booking import create_booking, journey
from application.booking.access import changeable_booking
from application.booking.booking_details import BookingDetails, carry_out_and_read
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import sale
from domain.booking.states import Status


@stored_answer_first
async def hold_booking(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, waitlist: bool
) -> BookingDetails:
    """Hold the seats of a draft; with `waitlist`, join the waitlist where there are none."""
    booking_id, booking = await changeable_booking(ports, caller.principal, id_or_reference)
    command = HoldBooking(
        booking_id=booking_id,
        mode="waitlist" if waitlist else "hold",
        unpaid_limit=ports.unpaid_seats.of_flight(caller),
    )
    is_draft = booking.status is Status.INITIATED
    places = booking.seat_count * len(booking.segments) if is_draft else 0
    with await ports.unpaid_seats.take(caller, places):
        return await carry_out_and_read(ports, caller, command)


class HoldBooking(Command, frozen=True):
    """With mode `waitlist` the booking joins the waitlist where there are no seats."""

    booking_id: str
    mode: Literal["hold", "waitlist"] = "hold"
    unpaid_limit: int | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, TransitionRefused, BookingHasExpired and what a hold does."""
        booking = journey.load(context, self.booking_id)
        if booking.status not in {Status.RESERVED, Status.PENDING}:
            sale.require_hold(booking, now=context.now)
            create_booking.take_seats(
                context, self.booking_id, mode=self.mode, unpaid_limit=self.unpaid_limit
            )
        return Reply(self.booking_id)
