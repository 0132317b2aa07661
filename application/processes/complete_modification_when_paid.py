"""Complete a modification when it is paid."""

from application.booking.complete_modification import CompleteModification
from application.processes.process import BookingStep, TicketNumbers, step_process
from domain.booking.events import ModificationPaid
from domain.booking.state import Booking


def _serials(booking: Booking) -> int:
    """Return one for each ticket."""
    return len(booking.passengers)


def _complete(
    booking_id: str, _event: ModificationPaid, _booking: Booking, numbers: TicketNumbers
) -> CompleteModification:
    return CompleteModification(
        booking_id=booking_id, airline_code=numbers.airline_code, serials=numbers.serials
    )


PROCESS = step_process(
    "complete_modification_when_paid",
    BookingStep(command=_complete, serials=_serials, starts_on=(ModificationPaid,)),
)
