"""Return the credit that was to pay for a booking or a change that has ended unpaid."""

from application.credit.return_unused_credit import ReturnUnusedCredit
from application.processes.process import BookingStep, TicketNumbers, step_process
from domain.booking.events import BookingCancelled, BookingExpired, ModificationExpired
from domain.booking.state import Booking
from domain.kernel import ids

FIRST_PAYMENT = 1
Ended = BookingExpired | BookingCancelled | ModificationExpired


def _return(
    booking_id: str, event: Ended, _booking: Booking, _numbers: TicketNumbers
) -> ReturnUnusedCredit:
    """Return the command for the amount that is not due any more."""
    number = FIRST_PAYMENT
    if isinstance(event, ModificationExpired):
        number = event.number + 1
    return ReturnUnusedCredit(
        booking_id=booking_id, payment_ids=(ids.payment_stream(booking_id, number),)
    )


PROCESS = step_process(
    "return_credit_when_unpaid",
    BookingStep(command=_return, starts_on=(BookingExpired, BookingCancelled, ModificationExpired)),
)
