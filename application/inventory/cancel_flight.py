"""Cancel a flight: it does not operate."""

from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights, operated_flight
from application.inventory.operated_flight import OperatedFlight
from application.inventory.operation_notes import why
from application.inventory.ports import FlightPorts
from application.ports import WrappedKey
from domain.inventory import operations
from domain.kernel.sealed import Sealed


async def cancel_flight(
    ports: FlightPorts, caller: Caller, flight_id: str, *, reason: str
) -> OperatedFlight:
    """Cancel a flight; its bookings are followed up afterwards. Rejects what the command does."""
    await flights.current(ports.bus, flight_id)
    given = why(ports.vault, reason)
    command = CancelFlight(flight_id=flight_id, reason=given.code, note=given.note, keys=given.keys)
    return await operated_flight.carry_out_and_read(ports, caller, command)


class CancelFlight(Command, frozen=True):
    """`reason` is a code, in whose words the passengers are told; `note` is what staff wrote."""

    flight_id: str
    reason: str
    note: Sealed | None = None
    keys: tuple[WrappedKey, ...] = ()

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound and FlightOver; workers carry it out for each booking."""
        flight = flights.load(context, self.flight_id)
        context.record(
            self.flight_id, operations.cancel(flight, reason=self.reason, note=self.note)
        )
        context.store_keys(self.keys)
        return Reply(self.flight_id)
