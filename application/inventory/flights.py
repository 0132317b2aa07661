"""What all decisions about one flight share."""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from domain.inventory import rejections
from domain.inventory.state import Flight


def load(context: DecisionContext, flight_id: str) -> Flight:
    """The flight; rejects FlightNotFound."""
    flight = context.load(stream_kinds.FLIGHT, flight_id)
    if flight is None:
        raise rejections.FlightNotFound()
    return flight
