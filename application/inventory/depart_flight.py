"""Depart a flight: passengers on board fly, those who are not are no-shows."""

import datetime as dt

from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights, operated_flight
from application.inventory.operated_flight import OperatedFlight
from application.inventory.ports import FlightPorts
from application.policies import operating_rules
from domain.inventory import operations


async def depart_flight(ports: FlightPorts, caller: Caller, flight_id: str) -> OperatedFlight:
    """Record that the flight departs now. Rejects what the command does."""
    await flights.current(ports.bus, flight_id)
    command = DepartFlight(flight_id=flight_id, departed_at=ports.clock())
    return await operated_flight.carry_out_and_read(ports, caller, command)


class DepartFlight(Command, frozen=True):
    """`departed_at` is a UTC instant."""

    flight_id: str
    departed_at: dt.datetime

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver and FlightNotDue."""
        flight = flights.load(context, self.flight_id)
        departed = operations.depart(
            flight,
            boarding_closes=operating_rules.check_in_window(context, flight).boarding_closes,
            departed_at=self.departed_at,
        )
        context.record(self.flight_id, departed)
        return Reply(self.flight_id)
