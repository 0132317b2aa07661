"""How many infants a flight takes: they take no seat, but a lap, an oxygen mask and a life vest."""

from domain.inventory import seat_map
from domain.inventory.state import Flight


def left(flight: Flight, cabin: str, *, booking: str, limit: int) -> int:
    """How many infants of a booking the cabin takes: up to the limit of the flight, and at most one
    for each side of a row. Those that the booking has on the flight already move to the cabin.

    The limit is a policy: the infant life vests and belts that an aircraft carries.
    """
    blocks = [
        block
        for owner, allocation in flight.allocations.items()
        if owner != booking
        for block in (allocation.held, allocation.sold)
        if block is not None and block.infant_count
    ]
    in_flight = limit - sum(block.infant_count for block in blocks)
    layout = flight.cabins[cabin].layout
    if layout is None:
        return in_flight
    beside = sum(block.infant_count for block in blocks if block.cabin == cabin)
    return min(in_flight, seat_map.infant_places(layout) - beside)
