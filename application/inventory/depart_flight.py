"""A flight has left."""

import datetime as dt

import msgspec

from application.inventory import flights
from application.orders import Decision
from application.planning import Reading
from domain.inventory import operations


class DepartFlight(msgspec.Struct, frozen=True):
    """`departed_at` is a UTC instant."""

    flight: str
    departed_at: dt.datetime

    @property
    def hints(self) -> tuple[str, ...]:
        """The flight itself."""
        return (self.flight,)


def depart_flight(command: DepartFlight, reading: Reading) -> Decision:
    """Rejects FlightNotFound, FlightOver and FlightNotDue."""
    flight = flights.load(reading, command.flight)
    events = operations.depart(flight, departed_at=command.departed_at)
    return flights.decided(command.flight, events)
