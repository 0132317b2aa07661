"""Confirm a booking and issue its tickets when it is paid."""

from application.booking.confirm_booking import ConfirmBooking
from application.ports import RecordedEvent
from application.processes.process import Process, ProcessContext
from domain.booking.events import BookingPaid

NAME = "confirm_when_paid"


async def confirm(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Draw a serial for each passenger and each extra, and confirm."""
    booking = await context.booking(recorded.stream)
    serials = await context.stock.draw(len(booking.passengers) + len(booking.extras))
    command = ConfirmBooking(
        booking_id=recorded.stream, airline_code=context.airline_code, serials=tuple(serials)
    )
    await context.submit(recorded, NAME, command)


PROCESS = Process(name=NAME, starts_on=(BookingPaid,), run=confirm)
