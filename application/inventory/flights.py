"""What all decisions about one flight share."""

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.inventory import rejections
from domain.inventory.events import FlightEvent
from domain.inventory.state import Flight


def load(reading: Reading, stream: str) -> Flight:
    """The flight; rejects FlightNotFound."""
    flight = reading.load(streams.FLIGHT, stream)
    if flight is None:
        raise rejections.FlightNotFound()
    return flight


def decided(stream: str, events: list[FlightEvent]) -> Decision:
    """A decision about this flight alone."""
    return Decision(answer_stream=stream, events=((stream, events),) if events else ())
