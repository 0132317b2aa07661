"""A flight does not operate."""

from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights
from domain.inventory import operations


class CancelFlight(Command, frozen=True):
    """`reason` is written to the passengers."""

    flight_id: str
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound and FlightOver; workers carry it out for each booking."""
        flight = flights.load(context, self.flight_id)
        context.record(self.flight_id, operations.cancel(flight, reason=self.reason))
        return Reply(self.flight_id)
