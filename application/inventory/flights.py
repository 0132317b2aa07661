"""Loads a flight, within a decision or from the log as it is now."""

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.commands.context import DecisionContext
from domain.inventory import rejections
from domain.inventory.state import Flight
from domain.kernel import ids
from domain.kernel.fold import fold


def load(context: DecisionContext, flight_id: str) -> Flight:
    """Return the flight; rejects FlightNotFound."""
    flight = context.load(stream_kinds.FLIGHT, flight_id)
    if flight is None:
        raise rejections.FlightNotFound()
    return flight


async def as_of(bus: CommandBus, flight_id: str, version: int) -> Flight:
    """Return the flight as it was at a version that the log has."""
    history = await bus.history(flight_id)
    flight: Flight | None = None
    flight = fold(stream_kinds.FLIGHT.evolve, flight, [each.event for each in history[:version]])
    assert flight is not None, "an answer names a version that the log has"
    return flight


async def current(bus: CommandBus, flight_id: str) -> Flight:
    """Return the flight as the log has it now; rejects FlightNotFound, also for other streams."""
    if not ids.is_flight_id(flight_id):
        raise rejections.FlightNotFound()
    flight = (await bus.current(stream_kinds.FLIGHT, flight_id))[0]
    if flight is None:
        raise rejections.FlightNotFound()
    return flight
