"""Complete a change of a booking when its cost is paid."""

from application.booking.complete_change import CompleteChange
from application.ports import RecordedEvent
from application.processes.process import Process, ProcessContext
from domain.booking.events import ModificationPaid

NAME = "complete_change_when_paid"


async def complete(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Draw a serial for each passenger and exchange the segment."""
    booking = await context.booking(recorded.stream)
    serials = await context.stock.draw(len(booking.passengers))
    command = CompleteChange(
        booking_id=recorded.stream, airline_code=context.airline_code, serials=tuple(serials)
    )
    await context.submit(recorded, NAME, command)


PROCESS = Process(name=NAME, starts_on=(ModificationPaid,), run=complete)
