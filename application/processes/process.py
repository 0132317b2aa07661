"""What a process is: its name, the events that start it, and its action on one of them."""

from collections.abc import Awaitable, Callable

import msgspec

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command
from application.processes.flight_tasks import FlightTasks
from domain.booking.state import Booking
from domain.inventory.state import Flight
from domain.kernel import ids
from domain.kernel.events import DomainEvent

ACTOR = "system"


class ProcessContext(msgspec.Struct, frozen=True):
    """What the actions of processes may use."""

    bus: CommandBus
    stock: ports.TicketStock
    flight_tasks: FlightTasks
    airline_code: str
    clock: ports.Clock

    async def booking(self, booking_id: str) -> Booking:
        """Return a booking that has at least one event."""
        booking = (await self.bus.current(stream_kinds.BOOKING, booking_id))[0]
        assert booking is not None, "the log contains an event of it"
        return booking

    async def flight(self, flight_id: str) -> Flight:
        """Return a flight of a booking."""
        flight = (await self.bus.current(stream_kinds.FLIGHT, flight_id))[0]
        assert flight is not None, "a booking names flights that exist"
        return flight

    async def submit(self, recorded: ports.RecordedEvent, step: str, command: Command) -> None:
        """Submit a command that follows from the event.

        The same event and step always give the same command id, so a repeat has no effect.
        """
        await self.bus.submit(follow_up.envelope(cause_of(recorded), step, command))


class Process(msgspec.Struct, frozen=True):
    """A process as it is listed in the registry.

    `run` may be called any number of times for an event. With `once_per_stream` a run over the log
    calls it only for the last starting event of each stream, after all other processes.
    """

    name: str
    starts_on: tuple[type[DomainEvent], ...]
    run: Callable[[ports.RecordedEvent, ProcessContext], Awaitable[None]]
    once_per_stream: bool = False

    def is_started_by(self, recorded: ports.RecordedEvent) -> bool:
        """Return whether the event starts this process."""
        return isinstance(recorded.event, self.starts_on)


def cause_of(recorded: ports.RecordedEvent) -> follow_up.Cause:
    """Return the event as the cause of commands."""
    return follow_up.Cause(
        id=ids.event_id(recorded.stream, recorded.version),
        actor=ACTOR,
        correlation_id=recorded.correlation_id,
    )
