"""A change whose cost was paid is completed: the segment is exchanged without anybody asking."""

from application.booking.complete_change import CompleteChange
from application.ports import RecordedEvent
from domain.booking.events import ModificationPaid

NAME = "complete_change_when_paid"


def concerns(recorded: RecordedEvent) -> bool:
    """Whether the event starts this process."""
    return isinstance(recorded.event, ModificationPaid)


def command(
    recorded: RecordedEvent, *, airline_code: str, serials: tuple[int, ...]
) -> CompleteChange:
    """What follows: `serials` one for each passenger a booking can have."""
    return CompleteChange(booking_id=recorded.stream, airline_code=airline_code, serials=serials)
