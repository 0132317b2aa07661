"""A flight as operations staff see it: counters, waitlist and the follow-up of its bookings."""

from collections.abc import Sequence

import msgspec

from application.caller import Caller
from application.commands.command import Command
from application.inventory import flights
from application.inventory.operation_notes import FlightChange, opened_changes
from application.inventory.ports import FlightPorts
from application.queries import FlightTask
from domain.inventory.state import Flight


class OperatedFlight(msgspec.Struct, frozen=True):
    """A flight, its follow-ups, and what operations did to it.

    `replayed` when the command was carried out before.
    """

    flight_id: str
    flight: Flight
    tasks: Sequence[FlightTask]
    changes: Sequence[FlightChange] = ()
    replayed: bool = False


class FlightBooking(msgspec.Struct, frozen=True):
    """A booking that has seats on a flight."""

    booking_id: str
    status: str


async def read_flight(ports: FlightPorts, flight_id: str) -> OperatedFlight:
    """Return the flight as the log has it now; rejects FlightNotFound."""
    flight = await flights.current(ports.bus, flight_id)
    return await _operated(ports, flight_id, flight, replayed=False)


async def _operated(
    ports: FlightPorts, flight_id: str, flight: Flight, *, replayed: bool
) -> OperatedFlight:
    tasks = await ports.tasks(flight_id)
    changes = await opened_changes(ports.vault, flight)
    return OperatedFlight(flight_id, flight, tasks, changes, replayed=replayed)


async def carry_out_and_read(
    ports: FlightPorts, caller: Caller, command: Command
) -> OperatedFlight:
    """Carry out a command about a flight and return the flight after it.

    A replay returns the flight as it was when the command was carried out; its follow-ups are those
    of now. Raises the command's rejections, IdempotencyConflict and Unavailable.
    """
    outcome = await ports.bus.submit(caller.envelope(command))
    answer = outcome.answer
    if not outcome.replayed:
        return await read_flight(ports, answer.stream)
    flight = await flights.as_of(ports.bus, answer.stream, answer.version)
    return await _operated(ports, answer.stream, flight, replayed=True)


async def list_bookings(ports: FlightPorts, flight_id: str) -> list[FlightBooking]:
    """Return the bookings with seats on the flight, by id; rejects FlightNotFound.

    A booking that the read model does not contain yet is left out.
    """
    flight = await flights.current(ports.bus, flight_id)
    booking_ids = sorted(booking_id for booking_id, _ in flight.allocations.items())
    statuses = await ports.booking_statuses(booking_ids)
    return [FlightBooking(each, statuses[each]) for each in booking_ids if each in statuses]
