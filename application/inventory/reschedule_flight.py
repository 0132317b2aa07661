"""Reschedule a flight: it leaves or arrives at other times."""

import datetime as dt

from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights, operated_flight
from application.inventory.operated_flight import OperatedFlight
from application.inventory.operation_notes import why
from application.inventory.ports import FlightPorts
from application.policies import operating_rules
from application.ports import WrappedKey
from domain.inventory import operations
from domain.kernel.sealed import Sealed


async def reschedule_flight(
    ports: FlightPorts,
    caller: Caller,
    flight_id: str,
    *,
    departs_at: dt.datetime,
    arrives_at: dt.datetime,
    reason: str,
) -> OperatedFlight:
    """Move a flight to other times, given in any time zone. Rejects what the command does."""
    await flights.current(ports.bus, flight_id)
    given = why(ports.vault, reason)
    command = RescheduleFlight(
        flight_id=flight_id,
        departs_at=departs_at.astimezone(dt.UTC),
        arrives_at=arrives_at.astimezone(dt.UTC),
        reason=given.code,
        note=given.note,
        keys=given.keys,
    )
    return await operated_flight.carry_out_and_read(ports, caller, command)


class RescheduleFlight(Command, frozen=True):
    """The new UTC instants."""

    flight_id: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    reason: str
    note: Sealed | None = None
    keys: tuple[WrappedKey, ...] = ()

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver and InvalidSchedule."""
        flight = flights.load(context, self.flight_id)
        rescheduled = operations.reschedule(
            flight,
            departs_at=self.departs_at,
            arrives_at=self.arrives_at,
            reason=self.reason,
            note=self.note,
            material=operating_rules.material_change(context, flight),
            now=context.now,
        )
        context.record(self.flight_id, rescheduled)
        context.store_keys(self.keys)
        return Reply(self.flight_id)
