"""Reinstate a cancelled flight: it operates after all."""

from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights, operated_flight
from application.inventory.operated_flight import OperatedFlight
from application.inventory.ports import FlightPorts
from domain.inventory import operations


async def reinstate_flight(
    ports: FlightPorts, caller: Caller, flight_id: str, *, reason: str
) -> OperatedFlight:
    """Put a cancelled flight back on sale at its times; passengers who are still booked on it may
    stay, move or be refunded. Rejects what the command does.
    """
    await flights.current(ports.bus, flight_id)
    command = ReinstateFlight(flight_id=flight_id, reason=reason)
    return await operated_flight.carry_out_and_read(ports, caller, command)


class ReinstateFlight(Command, frozen=True):
    """`reason` is written to the passengers."""

    flight_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver (departed) and InvalidSchedule (its time is past)."""
        flight = flights.load(context, self.flight_id)
        reinstated = operations.reinstate(flight, reason=self.reason, now=context.now)
        context.record(self.flight_id, reinstated)
        return Reply(self.flight_id)
