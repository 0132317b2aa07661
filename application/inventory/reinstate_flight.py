"""Reinstate a cancelled flight: it operates after all."""

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


async def reinstate_flight(
    ports: FlightPorts, caller: Caller, flight_id: str, *, reason: str
) -> OperatedFlight:
    """Put a cancelled flight back on sale at its times; passengers who are still booked on it may
    stay, move or be refunded. Rejects what the command does.
    """
    await flights.current(ports.bus, flight_id)
    given = why(ports.vault, reason)
    command = ReinstateFlight(
        flight_id=flight_id, reason=given.code, note=given.note, keys=given.keys
    )
    return await operated_flight.carry_out_and_read(ports, caller, command)


class ReinstateFlight(Command, frozen=True):
    """`reason` is a code, in whose words the passengers are told; `note` is what staff wrote."""

    flight_id: str
    reason: str
    note: Sealed | None = None
    keys: tuple[WrappedKey, ...] = ()

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver (departed) and InvalidSchedule (its time is past)."""
        flight = flights.load(context, self.flight_id)
        reinstated = operations.reinstate(
            flight, reason=self.reason, note=self.note, now=context.now
        )
        context.record(self.flight_id, reinstated)
        context.store_keys(self.keys)
        return Reply(self.flight_id)
