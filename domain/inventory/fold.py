"""The fold of a flight: the file that decided an event applies it."""

from typing import assert_never

from domain.inventory import operations, schedule, seat_sale, seating, waitlist
from domain.inventory.events import FlightEvent
from domain.inventory.state import Flight


def evolve(flight: Flight | None, event: FlightEvent) -> Flight:
    """The flight after the event; never rejects a stored fact."""
    if event.capability == "start":
        return schedule.first_state(event)
    assert flight is not None, "a flight begins with FlightScheduled"
    # Text, because a class pattern that does not match costs a tenth of a microsecond.
    match event.capability:
        case "seat_sale":
            return seat_sale.evolve(flight, event)
        case "seating":
            return seating.evolve(flight, event)
        case "waitlist":
            return waitlist.evolve(flight, event)
        case "operations":
            return operations.evolve(flight, event)
        case _:
            assert_never(event.capability)
