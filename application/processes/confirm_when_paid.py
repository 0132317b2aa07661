"""A paid booking is confirmed: tickets are issued without anybody asking."""

from application.booking.confirm_booking import ConfirmBooking
from application.ports import RecordedEvent
from domain.booking.events import BookingPaid

NAME = "confirm_when_paid"


def concerns(recorded: RecordedEvent) -> bool:
    """Whether the event starts this process."""
    return isinstance(recorded.event, BookingPaid)


def command(
    recorded: RecordedEvent, *, airline_code: str, serials: tuple[int, ...]
) -> ConfirmBooking:
    """What follows: `serials` one for each passenger and each extra."""
    return ConfirmBooking(booking_id=recorded.stream, airline_code=airline_code, serials=serials)
