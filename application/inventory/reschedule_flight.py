"""A flight leaves or arrives at other times."""

import datetime as dt

import msgspec

from application.inventory import flights
from application.orders import Decision
from application.planning import Reading
from domain.inventory import operations


class RescheduleFlight(msgspec.Struct, frozen=True):
    """The new UTC instants."""

    flight: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    reason: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The flight itself."""
        return (self.flight,)


def reschedule_flight(command: RescheduleFlight, reading: Reading) -> Decision:
    """Rejects FlightNotFound, FlightOver and ScheduleUnfit."""
    events = operations.reschedule(
        flights.load(reading, command.flight),
        departs_at=command.departs_at,
        arrives_at=command.arrives_at,
        reason=command.reason,
        now=reading.now,
    )
    return flights.decided(command.flight, events)
