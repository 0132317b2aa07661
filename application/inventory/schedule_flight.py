"""Put a departure on sale."""

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.inventory import schedule
from domain.inventory.events import FlightScheduled


class ScheduleFlight(Command, frozen=True):
    """`flight_id` is made by `ids.flight_stream`."""

    flight_id: str
    scheduled: FlightScheduled

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightAlreadyScheduled; the same departure again records nothing."""
        flight = context.load(stream_kinds.FLIGHT, self.flight_id)
        context.record(self.flight_id, schedule.schedule(flight, scheduled=self.scheduled))
        return Reply(self.flight_id)
