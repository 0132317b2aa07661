"""Change the aircraft of a flight: seats, seat map and authorised numbers change."""

from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import cabin_plan, flights, operated_flight
from application.inventory.cabin_plan import PlannedCabin
from application.inventory.operated_flight import OperatedFlight
from application.inventory.operation_notes import why
from application.inventory.ports import FlightPorts
from application.policies import operating_rules
from application.ports import WrappedKey
from domain.inventory import operations
from domain.inventory.events import CabinLayout
from domain.kernel.sealed import Sealed


async def change_equipment(
    ports: FlightPorts,
    caller: Caller,
    flight_id: str,
    *,
    cabins: tuple[PlannedCabin, ...],
    reason: str,
    aircraft: str = "",
) -> OperatedFlight:
    """Assign an aircraft with these cabins to the flight; its type is "" where it is not known.

    Rejects what the command does.
    """
    await flights.current(ports.bus, flight_id)
    given = why(ports.vault, reason)
    command = ChangeEquipment(
        flight_id=flight_id,
        layouts=cabin_plan.layouts(cabins),
        reason=given.code,
        note=given.note,
        keys=given.keys,
        aircraft=aircraft,
    )
    return await operated_flight.carry_out_and_read(ports, caller, command)


class ChangeEquipment(Command, frozen=True):
    """`layouts` of the new aircraft; cabins without one have no seats in it."""

    flight_id: str
    layouts: tuple[CabinLayout, ...]
    reason: str
    note: Sealed | None = None
    keys: tuple[WrappedKey, ...] = ()
    aircraft: str = ""

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver and CabinNotFound."""
        flight = flights.load(context, self.flight_id)
        by = operating_rules.authorisation(context, operating_rules.of_flight(flight))
        authorised = {
            layout.cabin: by.seats(layout.cabin, layout.seat_count) for layout in self.layouts
        }
        changed = operations.change_equipment(
            flight,
            layouts=self.layouts,
            authorised=authorised,
            reason=self.reason,
            note=self.note,
            aircraft=self.aircraft,
        )
        context.record(self.flight_id, changed)
        context.store_keys(self.keys)
        return Reply(self.flight_id)
