"""Cancel a flight: it does not operate."""

from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights, operated_flight
from application.inventory.operated_flight import OperatedFlight
from application.inventory.ports import FlightPorts
from domain.inventory import operations


async def cancel_flight(
    ports: FlightPorts, caller: Caller, flight_id: str, *, reason: str
) -> OperatedFlight:
    """Cancel a flight; its bookings are followed up afterwards. Rejects what the command does."""
    await flights.current(ports.bus, flight_id)
    command = CancelFlight(flight_id=flight_id, reason=reason)
    return await operated_flight.carry_out_and_read(ports, caller, command)


class CancelFlight(Command, frozen=True):
    """`reason` is written to the passengers."""

    flight_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound and FlightOver; workers carry it out for each booking."""
        flight = flights.load(context, self.flight_id)
        context.record(self.flight_id, operations.cancel(flight, reason=self.reason))
        return Reply(self.flight_id)
