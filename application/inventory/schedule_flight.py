"""Put a departure on sale."""

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.inventory import decisions
from domain.inventory.events import FlightScheduled


class ScheduleFlight(msgspec.Struct, frozen=True):
    """`flight` is the stream name (`ids.flight_stream`)."""

    flight: str
    scheduled: FlightScheduled

    @property
    def hints(self) -> tuple[str, ...]:
        """The flight itself."""
        return (self.flight,)


def schedule_flight(command: ScheduleFlight, reading: Reading) -> Decision:
    """Rejects FlightScheduledOtherwise; the same departure again records nothing."""
    flight = reading.load(streams.FLIGHT, command.flight)
    events = decisions.schedule(flight, scheduled=command.scheduled)
    return Decision(answer_stream=command.flight, events=((command.flight, events),))
