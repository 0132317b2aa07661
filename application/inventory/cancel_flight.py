"""A flight does not operate."""

import msgspec

from application.inventory import flights
from application.orders import Decision
from application.planning import Reading
from domain.inventory import operations


class CancelFlight(msgspec.Struct, frozen=True):
    """`reason` is told to the passengers."""

    flight: str
    reason: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The flight itself."""
        return (self.flight,)


def cancel_flight(command: CancelFlight, reading: Reading) -> Decision:
    """Rejects FlightNotFound and FlightOver; what follows for its bookings is done by workers."""
    flight = flights.load(reading, command.flight)
    return flights.decided(command.flight, operations.cancel(flight, reason=command.reason))
