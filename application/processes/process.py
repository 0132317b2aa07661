"""What a process is: its name, the events that start it, and its action on one of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command
from application.inventory.airports import Airports
from application.invoicing.ports import IssuingPorts
from application.processes.flight_tasks import FlightTasks
from domain.booking.state import Booking
from domain.inventory.state import Flight
from domain.kernel.events import DomainEvent


class ProcessContext(msgspec.Struct, frozen=True):
    """What the actions of processes may use; no tax documents are issued without `invoicing`."""

    bus: CommandBus
    stock: ports.TicketStock
    flight_tasks: FlightTasks
    airports: Airports
    airline_code: str
    clock: ports.Clock
    invoicing: IssuingPorts | None = None

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


class TicketNumbers(msgspec.Struct, frozen=True):
    """What ticket numbers are made of: the airline's code and serials from the stock."""

    airline_code: str
    serials: tuple[int, ...]


class BookingStep(msgspec.Struct, frozen=True):
    """The one command that follows from an event of a booking, decided without waiting.

    It may also follow from one of a payment, whose state `command` gets then. `serials` is how many
    ticket serials the command takes. After other events of the process than those it `starts_on`
    only the run over the log decides.
    """

    command: Callable[[str, Any, Booking, TicketNumbers], Command]
    starts_on: tuple[type[DomainEvent], ...]
    serials: Callable[[Booking], int] = lambda _booking: 0


class Process(msgspec.Struct, frozen=True):
    """A process as it is listed in the registry.

    `run` may be called any number of times for an event. With `once_per_stream` a run over the log
    calls it only for the last starting event of each stream, after all other processes. A process
    with a `step` is usually finished in the append of its event. `wanted` leaves out events
    from which nothing follows.
    """

    name: str
    starts_on: tuple[type[DomainEvent], ...]
    run: Callable[[ports.RecordedEvent, ProcessContext], Awaitable[None]]
    once_per_stream: bool = False
    step: BookingStep | None = None
    wanted: Callable[[DomainEvent], bool] | None = None

    def is_started_by(self, event: DomainEvent) -> bool:
        """Return whether the event starts this process."""
        if not isinstance(event, self.starts_on):
            return False
        return self.wanted is None or self.wanted(event)


def step_process(name: str, step: BookingStep) -> Process:
    """Return the process that submits the command of a step."""

    async def run(recorded: ports.RecordedEvent, context: ProcessContext) -> None:
        booking = await context.booking(recorded.stream)
        count = step.serials(booking)
        serials = tuple(await context.stock.draw(count)) if count else ()
        numbers = TicketNumbers(context.airline_code, serials)
        command = step.command(recorded.stream, recorded.event, booking, numbers)
        await context.submit(recorded, name, command)

    return Process(name=name, starts_on=step.starts_on, run=run, step=step)


def cause_of(recorded: ports.RecordedEvent) -> follow_up.Cause:
    """Return the event as the cause of commands."""
    return follow_up.of_event(
        recorded.stream, recorded.version, correlation_id=recorded.correlation_id
    )
