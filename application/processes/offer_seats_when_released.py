"""Offer free seats of a flight to its waitlisted bookings, one after the other."""

from application.booking.offer_seats import OfferSeats
from application.commands import follow_up, stream_kinds
from application.ports import RecordedEvent
from application.processes.process import Process, ProcessContext
from domain.inventory.events import EquipmentChanged, SeatsReleased, WaitlistJoined, WaitlistLeft

NAME = "offer_seats_when_released"
# One release rarely serves more than a few bookings; a timer finds those that are left.
OFFER_LIMIT = 20


async def offer(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Offer seats until an offer changes nothing.

    Each offer is caused by the flight's last event before it, in the append of that event and here:
    so the id of its command is the same. The event may be any event of the flight.
    """
    command = OfferSeats(flight_id=recorded.stream)
    for _ in range(OFFER_LIMIT):
        found = await context.bus.current(stream_kinds.FLIGHT, recorded.stream)
        flight, version = found
        if flight is None or not flight.waitlist:
            return
        last = follow_up.of_event(recorded.stream, version, correlation_id=recorded.correlation_id)
        await context.bus.submit(follow_up.envelope(last, NAME, command))
        if (await context.bus.current(stream_kinds.FLIGHT, recorded.stream))[1] == version:
            return


# Once for a flight, after the other processes: these may release or take seats themselves.
PROCESS = Process(
    name=NAME,
    starts_on=(SeatsReleased, EquipmentChanged, WaitlistJoined, WaitlistLeft),
    run=offer,
    once_per_stream=True,
)
