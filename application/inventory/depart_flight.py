"""A flight has left."""

import datetime as dt

from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights
from domain.inventory import operations


class DepartFlight(Command, frozen=True):
    """`departed_at` is a UTC instant."""

    flight_id: str
    departed_at: dt.datetime

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver and FlightNotDue."""
        flight = flights.load(context, self.flight_id)
        departed = operations.depart(flight, departed_at=self.departed_at)
        context.record(self.flight_id, departed)
        return Reply(self.flight_id)
