"""Confirm a booking and issue its tickets when it is paid."""

from application.booking.confirm_booking import ConfirmBooking
from application.processes.process import BookingStep, TicketNumbers, step_process
from domain.booking.events import BookingPaid
from domain.booking.state import Booking


def _serials(booking: Booking) -> int:
    """Return one for each ticket and each document of an extra."""
    return len(booking.passengers) + len(booking.extras)


def _confirm(
    booking_id: str, _event: BookingPaid, _booking: Booking, numbers: TicketNumbers
) -> ConfirmBooking:
    return ConfirmBooking(
        booking_id=booking_id, airline_code=numbers.airline_code, serials=numbers.serials
    )


PROCESS = step_process(
    "confirm_when_paid",
    BookingStep(command=_confirm, serials=_serials, starts_on=(BookingPaid,)),
)
