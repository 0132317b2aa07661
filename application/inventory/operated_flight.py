"""A flight as operations staff see it: counters, waitlist and the follow-up of its bookings."""

from collections.abc import Sequence

import msgspec

from application.caller import Caller
from application.commands.command import Command
from application.inventory import flights
from application.inventory.ports import FlightPorts
from application.queries import FlightTask
from domain.inventory.state import Flight


class OperatedFlight(msgspec.Struct, frozen=True):
    """A flight and its follow-ups; `replayed` when the command was carried out before."""

    flight_id: str
    flight: Flight
    tasks: Sequence[FlightTask]
    replayed: bool = False


class FlightBooking(msgspec.Struct, frozen=True):
    """A booking that has seats on a flight."""

    booking_id: str
    status: str


async def read_flight(ports: FlightPorts, flight_id: str) -> OperatedFlight:
    """Return the flight as the log has it now; rejects FlightNotFound."""
    flight = await flights.current(ports.bus, flight_id)
    return OperatedFlight(flight_id, flight, await ports.tasks(flight_id))


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
    tasks = await ports.tasks(answer.stream)
    return OperatedFlight(answer.stream, flight, tasks, replayed=True)


async def list_bookings(ports: FlightPorts, flight_id: str) -> list[FlightBooking]:
    """Return the bookings with seats on the flight, by id; rejects FlightNotFound.

    A booking that the read model does not contain yet is left out.
    """
    flight = await flights.current(ports.bus, flight_id)
    booking_ids = sorted(booking_id for booking_id, _ in flight.allocations.items())
    statuses = await ports.booking_statuses(booking_ids)
    return [FlightBooking(each, statuses[each]) for each in booking_ids if each in statuses]
