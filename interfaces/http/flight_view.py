"""A flight that a path names."""

from application.commands import stream_kinds
from domain.inventory.state import Flight
from domain.kernel import ids
from interfaces.http.problems import Problem
from interfaces.http.strict_request import StrictRequest


async def known(request: StrictRequest, flight_id: str) -> Flight:
    """As the log has it now; NOT_FOUND where there is none."""
    if not ids.is_flight_id(flight_id):
        raise Problem("NOT_FOUND")
    flight = (await request.ports.bus.current(stream_kinds.FLIGHT, flight_id))[0]
    if flight is None:
        raise Problem("NOT_FOUND")
    return flight
