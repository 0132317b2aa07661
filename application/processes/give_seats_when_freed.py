"""Give freed seats of a flight to checked-in passengers on standby, the first checked in first."""

from application.booking.choose_seats import ReviewSeats
from application.commands import stream_kinds
from application.ports import RecordedEvent
from application.processes.process import Process, ProcessContext
from domain.inventory import seating
from domain.inventory.events import CheckInAccepted, EquipmentChanged, SeatsAssigned, SeatsReleased

NAME = "give_seats_when_freed"
SEAT_FREED = "seat_freed"
# More bookings than an aircraft change leaves on standby.
BOOKING_LIMIT = 50


async def give(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Review the bookings of passengers on standby; the event may be any event of the flight.

    A review gives seats as far as there are any, and records nothing where there are none.
    """
    found = await context.bus.current(stream_kinds.FLIGHT, recorded.stream)
    flight, version = found
    if flight is None:
        return
    for booking_id in seating.bookings_on_standby(flight)[:BOOKING_LIMIT]:
        command = ReviewSeats(booking_id, recorded.stream, SEAT_FREED)
        await context.submit(recorded, f"{NAME}:{version}:{booking_id}", command)


# Once for a flight, after the other processes: these may release or take seats themselves.
PROCESS = Process(
    name=NAME,
    starts_on=(SeatsReleased, SeatsAssigned, CheckInAccepted, EquipmentChanged),
    run=give,
    once_per_stream=True,
)
