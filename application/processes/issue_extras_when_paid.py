"""Sell ordered extras, and issue their documents, when they are paid."""

from application.booking.issue_extras import IssueExtras
from application.processes.process import BookingStep, TicketNumbers, step_process
from domain.booking.extras_events import ExtrasPaid
from domain.booking.state import Booking


def _serials(booking: Booking) -> int:
    """Return one for each document."""
    return 0 if booking.extras_order is None else len(booking.extras_order.extras)


def _issue(
    booking_id: str, _event: ExtrasPaid, _booking: Booking, numbers: TicketNumbers
) -> IssueExtras:
    return IssueExtras(
        booking_id=booking_id, airline_code=numbers.airline_code, serials=numbers.serials
    )


PROCESS = step_process(
    "issue_extras_when_paid",
    BookingStep(command=_issue, serials=_serials, starts_on=(ExtrasPaid,)),
)
