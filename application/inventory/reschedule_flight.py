"""A flight leaves or arrives at other times."""

import datetime as dt

from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights
from domain.inventory import operations


class RescheduleFlight(Command, frozen=True):
    """The new UTC instants."""

    flight_id: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver and InvalidSchedule."""
        rescheduled = operations.reschedule(
            flights.load(context, self.flight_id),
            departs_at=self.departs_at,
            arrives_at=self.arrives_at,
            reason=self.reason,
            now=context.now,
        )
        context.record(self.flight_id, rescheduled)
        return Reply(self.flight_id)
